"""`evaluate`: how well it was done, by area, department, kind of matter and time, and the counts behind the figures."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proposals.cli.failures import WRONG_USAGE, Failure, unless_waiting
from proposals.cli.options import OutputOption
from proposals.cli.screen import Column, draw, json_object, progress, put, remark, screen_width, table, write
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proposals.projections.figures import Dimension
    from proposals.projections.ranking import Index
    from proposals.projections.report import Report


class ReportFormat(StrEnum):
    """How a report comes out."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


class EngineName(StrEnum):
    """What counts an archive: the names of `archive.Engine`, which the help must not load."""

    DUCKDB = "duckdb"
    SPARK = "spark"


BAR = 24
"""Cells of the longest bar."""

SHOWN = ("response", "on_time", "first_pass", "resolution", "satisfaction", "turnout")
"""The figures that have room on a screen; all of them are in the other formats."""


def evaluate(
    context: typer.Context,
    by: Annotated[list[str] | None, typer.Option("--by", metavar="DIMENSION", help="help_evaluate_by")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="help_evaluate_until")] = None,
    index: Annotated[Path | None, typer.Option("--index", metavar="FILE", help="help_evaluate_index")] = None,
    archives: Annotated[
        list[Path] | None, typer.Option("--archive", metavar="DIR", help="help_evaluate_archive")
    ] = None,
    engine: Annotated[EngineName, typer.Option("--engine", help="help_evaluate_engine")] = EngineName.DUCKDB,
    shape: Annotated[ReportFormat, typer.Option("--format", help="help_evaluate_format")] = ReportFormat.TABLE,
    output: OutputOption = None,
) -> None:
    """How well it was done; see the catalogue under help_evaluate."""
    settings: Settings = context.obj
    words = settings.words
    dimensions, chosen = _dimensions(by or [], settings), _index(index, settings)
    moment = settings.past(until, "--until")
    if shape is ReportFormat.HTML and output is None:
        raise Failure(words("error_page_needs_output"), WRONG_USAGE)
    if shape is ReportFormat.TABLE and output is not None:
        raise Failure(words("error_report_to_file"), WRONG_USAGE)
    if not archives and engine is not EngineName.DUCKDB:
        raise Failure(words("error_engine_needs_archive"), WRONG_USAGE)
    if shape is ReportFormat.HTML:
        import proposals.adapters.report_page  # noqa: F401 - what it needs and is missing is said before the counting
        from proposals.projections.figures import Dimension

        dimensions = dimensions or [Dimension.GRID]  # a page compares
    if archives:
        from proposals.adapters.archive import Archive, Engine
        from proposals.adapters.archive import evaluate as evaluated
        from proposals.domain.vocabulary import instant_text

        opened = Archive(*archives)
        told = evaluated(
            opened,
            by=dimensions,
            until=moment,
            index=chosen,
            zone=settings.zone,
            engine=Engine(engine.value),
        )
        for folder, end in opened.ends().items():
            if told.until > instant_text(end):
                remark(words("evaluate_archive_ends", folder=str(folder), end=settings.local(end)))
    else:
        from proposals.application import answers

        with settings.opened() as app, progress(words("evaluate_progress")) as advance:
            told = answers.evaluate(
                app, by=dimensions, until=moment, index=chosen, zone=settings.zone, progress=advance
            )
    _show(told, shape, output, settings)
    unless_waiting(told.waiting, words)


def _dimensions(asked: list[str], settings: Settings) -> list[Dimension]:
    from proposals.projections.figures import Dimension

    unknown = [name for name in asked if name not in {*Dimension}]
    if unknown:
        raise Failure(f"--by: {settings.words('invalid_choice', choices=', '.join(Dimension))}", WRONG_USAGE)
    return [Dimension(name) for name in dict.fromkeys(asked)]


def _index(file: Path | None, settings: Settings) -> Index:
    from proposals.adapters.indexes import default_index, parse_index

    if file is None:
        return default_index()
    if not file.exists():
        raise Failure(settings.words("error_no_file", file=str(file)), WRONG_USAGE)
    return parse_index(file.read_bytes(), str(file), language=settings.words.language)


def _show(told: Report, shape: ReportFormat, output: Path | None, settings: Settings) -> None:
    if shape is ReportFormat.TABLE:
        _draw(told, settings)
        return
    if shape is ReportFormat.HTML:
        from proposals.adapters.report_page import page

        with progress(settings.words("evaluate_drawing")) as advance:
            said = page(told, settings.words.language, advance)
    elif shape is ReportFormat.JSON:
        said = json_object(told.plain())
    else:
        said = "".join(csv_of(told))
    if output is None:
        put(said.rstrip("\n"))
        return
    write(output, said, for_spreadsheets=shape is ReportFormat.CSV)
    remark(settings.words("evaluate_written", file=str(output)))


def csv_of(told: Report) -> list[str]:
    """One line for each figure of each group: for those who go on in a spreadsheet."""
    from proposals.cli.screen import csv_lines

    lines = []
    whole = told.plain()
    for group in [{"group": {}, "titles": {}, **whole["total"]}, *whole["groups"]]:
        for figure, result in group["figures"].items():
            low, high = result["interval"] or (None, None)
            lines.append(
                {dimension: group["group"].get(dimension, "") for dimension in whole["by"]}
                | {"title": " · ".join(group["titles"].values()), "figure": figure}
                | {name: result[name] for name in ("numerator", "denominator", "ratio")}
                | {"low": low, "high": high, "missing": result["missing"]}
                | {"excluded": "; ".join(f"{reason} {count}" for reason, count in result["excluded"].items())}
            )
    names = [*whole["by"], "title", "figure", "numerator", "denominator", "ratio", "low", "high", "missing", "excluded"]
    return list(csv_lines(lines, names))


def _draw(told: Report, settings: Settings) -> None:
    whole = told.plain()
    draw_figures(whole, settings)
    put("")
    draw_steps(whole, settings)
    if whole["groups"]:
        put("")
        draw_groups(whole, settings)


def draw_figures(whole: Mapping[str, Any], settings: Settings) -> None:
    """The shares of everything together, with what they are made of."""
    words = settings.words
    put(words("evaluate_until", until=settings.local_text(whole["until"]), cases=whole["total"]["cases"]))
    rows = [{"name": name, **result} for name, result in whole["total"]["figures"].items()]
    draw(
        table(
            rows,
            [
                Column(
                    words("heading_figure"), lambda row: words.name("figure_" + row["name"]), style=lambda _: "bold"
                ),
                Column("", lambda row: _share(row, settings), right=True),
                Column(words("heading_counts"), _counts, right=True, style=lambda _: "dim"),
                Column(words("heading_interval"), _interval, right=True, rank=2, style=lambda _: "dim"),
                Column(words("heading_excluded"), lambda row: _excluded(row, settings), rank=1, room=20),
            ],
            screen_width(),
        )
    )


def draw_steps(whole: Mapping[str, Any], settings: Settings) -> None:
    """How many cases came to each step, and how long those that have left it were in it."""
    words = settings.words
    steps = [{"name": name, **step} for name, step in whole["total"]["steps"].items()]
    most = max(step["reached"] for step in steps) or 1
    draw(
        table(
            steps,
            [
                Column(words("heading_step"), lambda row: words.name(row["name"]), style=lambda _: "bold"),
                Column(words("heading_cases"), lambda row: f"{row['reached']:,}", right=True),
                Column("", lambda row: "█" * round(row["reached"] * BAR / most), style=lambda _: "cyan", rank=1),
                Column(words("heading_median"), lambda row: _span(row["median_seconds"], settings), right=True),
                Column(words("heading_p90"), lambda row: _span(row["p90_seconds"], settings), right=True),
            ],
            screen_width(),
        )
    )


def draw_groups(whole: Mapping[str, Any], settings: Settings) -> None:
    """The ranking, and beside it the figures that most ask for."""
    from proposals.projections.figures import PERIODS

    words = settings.words

    def title(row: Mapping[str, Any]) -> str:
        return " · ".join(words.half(words.name(one)) or words("evaluate_none") for one in row["titles"].values())

    def order(row: Mapping[str, Any]) -> tuple[Any, ...]:
        period = [row["group"][name] for name in PERIODS if name in row["group"]]
        return period, row["rank"] is None, row["rank"] or 0, title(row)

    rows = sorted(whole["groups"], key=order)

    def figure(name: str) -> Callable[[Mapping[str, Any]], str]:
        return lambda row: _share(row["figures"][name], settings)

    draw(
        table(
            rows,
            [
                Column(words("heading_rank"), lambda row: str(row["rank"] or "–"), right=True),
                Column(
                    " · ".join(words.name(name) for name in whole["by"]),
                    title,
                    style=lambda _: "bold",
                    room=12,
                ),
                Column(
                    words("heading_points"),
                    lambda row: str(row["points"] if row["points"] is not None else ""),
                    right=True,
                ),
                Column(words("heading_cases"), lambda row: str(row["cases"]), right=True),
                *(
                    Column(words.name(f"figure_{name}"), figure(name), right=True, rank=rank)
                    for rank, name in enumerate(SHOWN, 1)
                ),
            ],
            screen_width(),
        )
    )
    index = whole["index"]
    remark(words("evaluate_index", title=words.half(index["title"]), version=index["version"]))


def _share(result: Mapping[str, Any], settings: Settings) -> str:
    if result["missing"] is not None:
        return settings.words(f"missing_{result['missing']}")
    return f"{result['numerator'] / result['denominator']:.1%}"  # the ratio is rounded already


def _counts(result: Mapping[str, Any]) -> str:
    return f"{result['numerator'] if result['numerator'] is not None else '·'}/{result['denominator']}"


def _interval(result: Mapping[str, Any]) -> str:
    if result["interval"] is None:
        return ""
    low, high = result["interval"]
    return f"{low:.0%}–{high:.0%}"


def _excluded(result: Mapping[str, Any], settings: Settings) -> str:
    return ", ".join(
        f"{settings.words.name(f'left_out_{reason}')} {count}" for reason, count in result["excluded"].items()
    )


def _span(seconds: int | None, settings: Settings) -> str:
    return settings.span(timedelta(seconds=seconds) if seconds is not None else None)
