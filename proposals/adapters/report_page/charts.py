"""Which charts the page has, as Vega-Lite: bars of the steps, dots with whiskers by group, figures month by month.

All are as wide as a phone shows without shrinking them, and wider screens put several beside each other. Margins are
fixed rather than measured, since the fonts are those of the reader and not of where the page is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from unicodedata import east_asian_width

WIDTH: Final = 358
"""Of every chart, in pixels: a phone of 390 less its margins."""

INK: Final = "#1d2733"
QUIET: Final = "#55606c"
ACCENT: Final = "#1b5e8c"
LINES: Final = "#d9dfe5"

_CELL: Final = 6.7
_GAP: Final = 10
_NAME_CELLS: Final = 25
"""How long a name may be, in half-widths; the widest common font takes so many pixels for each at eleven pixels."""

_ROW: Final = 18
_RIGHT: Final = 18
_BELOW: Final = 22
_MONTH_LABELS: Final = 6


class Dot(NamedTuple):
    """A value with its interval, or else what is said in their place."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    said: str


class Span(NamedTuple):
    """How many days cases were in a step: half of them, nine of ten no longer; or what is said in their place."""

    name: str
    median: float | None
    p90: float | None
    said: str


def bars(named: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """A bar for each name, with its number."""
    rows = [{"i": place, "n": number, "said": f"{number:,}"} for place, (_, number) in enumerate(named)]
    top = max([number for _, number in named] + [1])
    x = {"field": "n", "type": "quantitative", "scale": {"domain": [0, top], "nice": False}, "axis": None}
    return _sheet(
        rows,
        names=[name for name, _ in named],
        left=70,
        right=44,
        below=4,
        step=30,
        layer=[
            {"mark": {"type": "bar", "color": ACCENT, "height": 18}, "encoding": {"x": x}},
            {"mark": _text(dx=5), "encoding": {"x": x, "text": {"field": "said"}}},
        ],
    )


def spans(named: Sequence[Span]) -> dict[str, Any]:
    """For each name a dot at the median and a stroke at the ninth of ten."""
    rows = [{"i": place, "m": row.median, "p": row.p90, "said": row.said} for place, row in enumerate(named)]
    axis = {"title": None, "tickCount": 5, "tickMinStep": 1, "format": "d", "labelFlush": False}
    scale = {"domainMin": 0, "nice": True}

    def x(field: str) -> dict[str, Any]:
        return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}

    there = [{"filter": "datum.m !== null"}]
    return _sheet(
        rows,
        names=[row.name for row in named],
        left=70,
        right=_RIGHT,
        below=_BELOW,
        step=30,
        layer=[
            {
                "transform": there,
                "mark": {"type": "rule", "color": ACCENT, "strokeWidth": 2},
                "encoding": {"x": x("m"), "x2": {"field": "p"}},
            },
            {
                "transform": there,
                "mark": {"type": "tick", "color": ACCENT, "thickness": 3, "height": 16},
                "encoding": {"x": x("p")},
            },
            {"transform": there, "mark": _dot(70), "encoding": {"x": x("m")}},
            _missing("datum.m === null"),
        ],
    )


def forest(dots: Sequence[Dot], overall: float | None) -> dict[str, Any]:
    """A row for each group: a dot, its whisker, and a dashed line for everything together."""
    rows = [
        {"i": place, "v": dot.value, "l": dot.low, "h": dot.high, "said": dot.said} for place, dot in enumerate(dots)
    ]
    scale = {"domain": [0, 1], "nice": False, "zero": True}
    axis = {"title": None, "values": [0, 0.25, 0.5, 0.75, 1], "format": ".0%", "labelFlush": False}

    def x(field: str) -> dict[str, Any]:
        return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}

    there = [{"filter": "datum.v !== null"}]
    layer: list[dict[str, Any]] = [
        {
            "transform": there,
            "mark": {"type": "rule", "color": ACCENT, "strokeWidth": 1.5, "opacity": 0.65},
            "encoding": {"x": x("l"), "x2": {"field": "h"}},
        },
        {"transform": there, "mark": _dot(45), "encoding": {"x": x("v")}},
        _missing("datum.v === null"),
    ]
    if overall is not None:
        together = {"type": "rule", "color": INK, "strokeDash": [3, 3]}
        layer.insert(
            0,
            {
                "data": {"values": [{}]},
                "mark": together,
                "encoding": {"x": {"datum": overall, "scale": scale, "axis": axis}, "y": None},
            },
        )
    names = [shortened(dot.name) for dot in dots]
    return _sheet(
        rows,
        names=names,
        left=round(max(map(_cells, names)) * _CELL) + _GAP,
        right=_RIGHT,
        below=_BELOW,
        step=_ROW,
        layer=layer,
    )


def trend(dots: Sequence[Dot]) -> dict[str, Any]:
    """Shares month by month; the line breaks where there is none."""
    rows = [{"m": dot.name, "v": dot.value, "l": dot.low, "h": dot.high} for dot in dots]
    scale = {"domain": [0, 1], "nice": False}
    axis = {"title": None, "values": [0, 0.25, 0.5, 0.75, 1], "format": ".0%"}

    def y(field: str) -> dict[str, Any]:
        return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}

    there = [{"filter": "datum.v !== null"}]
    return _months(
        rows,
        [dot.name for dot in dots],
        [
            {
                "transform": there,
                "mark": {"type": "rule", "color": ACCENT, "strokeWidth": 1.5, "opacity": 0.45},
                "encoding": {"y": y("l"), "y2": {"field": "h"}},
            },
            {"mark": {"type": "line", "color": ACCENT, "strokeWidth": 1.5}, "encoding": {"y": y("v")}},
            {"transform": there, "mark": _dot(40), "encoding": {"y": y("v")}},
        ],
    )


def columns(counted: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """A number month by month."""
    rows = [{"m": month, "n": number} for month, number in counted]
    axis = {"title": None, "tickCount": 4, "tickMinStep": 1, "format": "d"}
    y = {"field": "n", "type": "quantitative", "scale": {"domainMin": 0}, "axis": axis}
    bar = {"type": "bar", "color": ACCENT, "width": {"band": 0.7}}
    return _months(rows, [month for month, _ in counted], [{"mark": bar, "encoding": {"y": y}}])


def shortened(name: str, room: int = _NAME_CELLS) -> str:
    """A name that fits beside its row. What tells neighbours apart is often at the end, so the middle gives way."""
    if _cells(name) <= room:
        return name
    head = tail = ""
    for mark in reversed(name):
        if _cells(mark + tail) > room // 2 - 1:
            break
        tail = mark + tail
    _, blank, words = tail.partition(" ")
    tail = words if blank else tail
    for mark in name:
        if _cells(head + mark) + _cells(tail) + len(f"…{blank}") > room:
            break
        head += mark
    return f"{head.rstrip()}…{blank}{tail}"


def _cells(said: str) -> int:
    return sum(2 if east_asian_width(mark) in "WF" else 1 for mark in said)


def _sheet(
    rows: Sequence[dict[str, Any]],
    *,
    names: Sequence[str],
    left: int,
    right: int,
    below: int,
    step: int,
    layer: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """One row beneath the other, each with its name on the left."""
    axis = {"title": None, "domain": False, "ticks": False, "labelPadding": 8, "labelExpr": "names[datum.value]"}
    places = list(range(len(rows)))
    y = {"field": "i", "type": "ordinal", "scale": {"domain": places}, "axis": axis | {"labelColor": INK}}
    return _chart(rows, WIDTH - left - right, step * len(rows), (left, right, below)) | {
        "params": [{"name": "names", "value": list(names)}],
        "encoding": {"y": y},
        "layer": list(layer),
    }


def _months(rows: Sequence[dict[str, Any]], months: Sequence[str], layer: Sequence[dict[str, Any]]) -> dict[str, Any]:
    every = -(-len(months) // _MONTH_LABELS)
    axis = {"title": None, "values": list(months[::every]), "labelAngle": 0, "labelOverlap": False, "grid": False}
    x = {"field": "m", "type": "ordinal", "scale": {"domain": list(months)}, "axis": axis}
    left = 42
    return _chart(rows, WIDTH - left - _RIGHT, 120, (left, _RIGHT, _BELOW)) | {
        "encoding": {"x": x},
        "layer": list(layer),
    }


def _chart(rows: Sequence[dict[str, Any]], width: int, height: int, margins: tuple[int, int, int]) -> dict[str, Any]:
    left, right, below = margins
    return {
        "data": {"values": list(rows)},
        "width": width,
        "height": height,
        "autosize": "none",
        "padding": {"left": left, "right": right, "top": 6, "bottom": below},
        "background": None,
        "config": {
            "aria": False,
            "font": "sans-serif",
            "view": {"stroke": None},
            "axis": {
                "aria": False, "domain": False, "ticks": False, "gridColor": LINES, "labelColor": QUIET,
                "labelFontSize": 11, "labelLimit": 0, "labelPadding": 6,
            },
            "mark": {"aria": False},
        },
    }  # fmt: skip


def _dot(size: int) -> dict[str, Any]:
    return {"type": "circle", "color": ACCENT, "size": size, "opacity": 1}


def _text(dx: int) -> dict[str, Any]:
    return {"type": "text", "align": "left", "baseline": "middle", "dx": dx, "color": INK, "fontSize": 11}


def _missing(when: str) -> dict[str, Any]:
    """Says why there is no value, where one would look for it: never as a 0, and no line goes through the words."""
    said = _text(dx=4) | {"color": QUIET, "fontStyle": "italic"}
    return {
        "transform": [{"filter": when}],
        "encoding": {"x": {"value": 0}, "text": {"field": "said"}},
        "layer": [{"mark": said | {"stroke": "white", "strokeWidth": 5}}, {"mark": said}],
    }
