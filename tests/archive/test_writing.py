"""Exports: the same archive however the log is cut, whole or not at all, with every event as it was stored."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from proposals.adapters.archive import Archive, ArchiveUnfit, Engine, count, export, organisation
from proposals.adapters.archive.manifest import read_manifest
from proposals.adapters.store import Recorder
from proposals.domain.errors import UnknownEvent
from proposals.domain.organisation import UnitCreated
from proposals.domain.processes import EVENTS
from proposals.domain.vocabulary import as_instant, kind_of
from tests.archive.histories import SHANGHAI, case, numbered, on, order, store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proposals.adapters.store import Row
    from tests.archive.conftest import County


class Young:
    """A store as it was when its log was shorter."""

    def __init__(self, recorder: Recorder, head: int) -> None:
        self.store_id, self._recorder, self._head = recorder.store_id, recorder, head

    def head(self) -> int:
        return self._head

    def log_rows(self, after: int = 0, limit: int | None = None, *, through: int | None = None) -> Iterator[Row]:
        return self._recorder.log_rows(after, limit, through=through)


@pytest.fixture(scope="module")
def recorder(county: County) -> Iterator[Recorder]:
    with Recorder(county.url) as opened:
        yield opened


def young(recorder: Recorder, head: int) -> Any:
    return Young(recorder, head)


def rows(directory: Path) -> dict[str, list[dict[str, Any]]]:
    """All that an archive holds, by folder."""
    manifest = read_manifest(directory)
    assert manifest is not None
    tables = {path.rpartition("/")[0]: pq.read_table(directory / path, partitioning=None) for path in manifest.files}
    return {folder: table.to_pylist() for folder, table in tables.items()}


def dictionaries(directory: Path) -> list[Any]:
    return [pq.read_table(directory / f"{name}.parquet").to_pylist() for name in ("streams", "events")]


@pytest.mark.parametrize("cuts", [[1, 2, 50, 51, 1500], [700], [1000, 1001, 3000]])
def test_however_the_log_is_cut_the_archive_is_the_same(
    cuts: list[int], county: County, recorder: Recorder, tmp_path: Path
) -> None:
    for head in [*(cut for cut in cuts if cut < recorder.head()), recorder.head()]:
        export(young(recorder, head), tmp_path, chunk=500)

    assert rows(tmp_path) == rows(county.archive)
    assert dictionaries(tmp_path) == dictionaries(county.archive)


def test_every_event_comes_back_as_it_was_stored(county: County, recorder: Recorder) -> None:
    streams, events = dictionaries(county.archive)
    stream_of = {stream["key"]: stream["id"] for stream in streams}
    name_of = {event["code"]: event["name"] for event in events}
    stored = {row[0]: row for row in recorder.log_rows()}

    for row in (row for part in rows(county.archive).values() for row in part):
        _, stream, version, name, schema, *instants, actor, entered_by, command, correlation, cause, data = stored.pop(
            row["position"]
        )
        ids = ("actor", "entered_by", "command_id", "correlation_id", "causation_id")
        assert (stream_of[row["stream"]], row["version"], name_of[row["event"]]) == (stream, version, name)
        assert (row["schema"], *(row[column] for column in ids)) == (
            schema,
            actor,
            entered_by,
            command,
            correlation,
            cause,
        )
        assert [row["occurred_at"], row["recorded_at"]] == list(map(as_instant, instants))
        assert row["data"].encode() == data.encode()
    assert stored == {}


def test_what_belongs_together_lies_together(county: County) -> None:
    streams, _ = dictionaries(county.archive)
    kinds = {stream["key"]: kind_of(stream["id"]) for stream in streams}
    place = {stream["id"]: stream["jurisdiction"] for stream in streams}

    for folder, part in rows(county.archive).items():
        order_of = [(row["stream"], row["version"]) for row in part]
        assert order_of == sorted(order_of)
        assert {f"jurisdiction={stream['jurisdiction']}/year={stream['year']}" for stream in streams
                if stream["key"] in {key for key, _ in order_of}} == {folder}  # fmt: skip
        if folder == "jurisdiction=_/year=0":
            assert {kinds[key] for key, _ in order_of} == {"unit", "policy", "subject"}
    for row in (row for part in rows(county.archive).values() for row in part):
        if kinds[row["stream"]] in {"order", "round"}:
            data = json.loads(row["data"])
            assert row["case"] is not None
            assert data.get("proposal") in {None, next(s["id"] for s in streams if s["key"] == row["case"])}
    assert all(jurisdiction == "_" or jurisdiction in place for jurisdiction in place.values())


def test_an_increment_rewrites_only_what_it_touches(tmp_path: Path) -> None:
    here, there = numbered(case(1, place="unit-1")), numbered(case(2, place="unit-2"))
    later = on("proposal-2", 5, here[1].event)._replace(version=3)
    with store([*here, *there]) as recorder:
        before = export(recorder, tmp_path)
        append(recorder, later)
        after = export(recorder, tmp_path)
        again = export(recorder, tmp_path)

    assert len(before.files) == len(after.files) == 2
    assert [path for path in before.files if path in after.files] == ["jurisdiction=unit-1/year=2026/through-4.parquet"]
    assert again == after


def files_in(directory: Path) -> set[str]:
    """The files of events that there are."""
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*through-*")}


def test_whoever_has_an_archive_open_reads_on_while_an_increment_takes_its_place(tmp_path: Path) -> None:
    first, second, third = (numbered([*case(), *case(2, 50)[:n]]) for n in range(3))
    with store(first) as recorder:
        export(recorder, tmp_path)
        open_already = Archive(tmp_path)
        told = count(open_already, SHANGHAI)
        append(recorder, *second[len(first) :])
        before = export(recorder, tmp_path)

        assert count(open_already, SHANGHAI) == told != count(Archive(tmp_path), SHANGHAI)

        append(recorder, *third[len(second) :])
        after = export(recorder, tmp_path)

    assert files_in(tmp_path) == {*before.files, *after.files}
    with pytest.raises(ArchiveUnfit, match="open it again"):
        count(open_already, SHANGHAI)


def append(recorder: Recorder, *facts: Any) -> None:
    with store(facts) as other:
        recorder.insert_events(list(other.log()))


KILLED = """
import os, shutil, sys
from itertools import count
from pathlib import Path
from proposals.adapters import whole_files
from proposals.adapters.archive import export, writing
from proposals.adapters.store import Recorder

url, before, folder = sys.argv[1:]
left = 0

def dying(function):
    def once_too_often(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os._exit(9)
        return function(*args, **kwargs)
    return once_too_often

whole_files._sync = dying(whole_files._sync)
Path.replace, Path.unlink = dying(Path.replace), dying(Path.unlink)
writing.pq.write_table = dying(writing.pq.write_table)
writing.table_of = dying(writing.table_of)
for number in count(1):
    directory = Path(folder, str(number))
    shutil.copytree(before, directory)
    child = os.fork()
    if not child:
        left = number
        with Recorder(url) as recorder:
            export(recorder, directory, chunk=3)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, 9}, code
    if code == 0:
        break
"""


def test_killed_at_any_point_the_archive_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    """A process dies before each thing it would do to the disk, and the next export completes what it left."""
    url, whole, killed = f"sqlite:///{tmp_path / 'log.db'}", tmp_path / "whole", tmp_path / "killed"
    first = numbered([*case(1, place="unit-1"), *order((2, "dispatched"))])
    more = numbered([*case(2, 9, place="unit-2"), *order((12, "dispatched"), number=2)])
    acknowledged = numbered(order((2, "dispatched"), (30, "acknowledged")))[1]
    with Recorder(url) as recorder:
        append(recorder, *first)
        before = export(recorder, tmp_path / "before")
        append(recorder, *more, acknowledged)
        export(recorder, whole)
        done = run_python(KILLED, url, str(tmp_path / "before"), str(killed))
        assert done.returncode == 0, done.stderr
        old, new = rows(tmp_path / "before"), rows(whole)
        found = []
        for directory in killed.iterdir():
            found.append(rows(directory))
            export(recorder, directory)
            assert rows(directory) == new
            assert not list(directory.rglob(".staging"))
            after = read_manifest(directory)
            assert after is not None
            assert {*after.files} <= files_in(directory) <= {*after.files, *before.files}

    assert len(found) > 20
    assert all(part in (old, new) for part in found)
    assert old in found
    assert new in found


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, env=environment
    )


def test_two_exports_do_not_write_at_once(county: County, recorder: Recorder, tmp_path: Path) -> None:
    def meanwhile(done: int, _: int) -> None:
        with pytest.raises(ArchiveUnfit, match="another export"):
            export(recorder, tmp_path)

    export(young(recorder, 10), tmp_path, progress=meanwhile)

    assert export(recorder, tmp_path).position == recorder.head()


def test_progress_is_told(recorder: Recorder, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    export(young(recorder, 250), tmp_path, chunk=100, progress=lambda done, total: told.append((done, total)))

    assert told == [(100, 250), (200, 250), (250, 250)]


def test_the_archive_of_another_log_stays_what_it_is(tmp_path: Path) -> None:
    ours, theirs = numbered(case(1)), numbered(case(2))
    with store(ours) as recorder, store(theirs) as other:
        export(recorder, tmp_path)
        with pytest.raises(ArchiveUnfit, match="another log") as caught:
            export(other, tmp_path)
        assert rows(tmp_path) == rows(tmp_path)
    assert "另一份日志" in caught.value.text("zh")


def test_a_copy_that_went_its_own_way_is_another_log(recorder: Recorder, tmp_path: Path) -> None:
    export(young(recorder, 20), tmp_path)
    path = tmp_path / "manifest.json"
    said = json.loads(path.read_text())
    path.write_text(json.dumps({**said, "recorded_at": "2001-01-01T00:00:00.000000Z"}))

    with pytest.raises(ArchiveUnfit, match="another log"):
        export(recorder, tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "format 99"),
        ({"files": 3}, "damaged"),
        (None, "damaged"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_said_to_be(
    change: dict[str, Any] | None, message: str, recorder: Recorder, tmp_path: Path
) -> None:
    export(young(recorder, 20), tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}) if change else "{")

    with pytest.raises(ArchiveUnfit, match=message):
        Archive(tmp_path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def holed(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(len(data) // 2) + data[4 + len(data) // 2 :])


DAMAGES = [cut, emptied, holed, Path.unlink]


def read_all(directory: Path) -> None:
    archive = Archive(directory)
    organisation(archive)
    count(archive, SHANGHAI)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("lies", ["_/", "unit-"])
def test_a_file_that_cannot_be_read_is_named(damage: Any, lies: str, recorder: Recorder, tmp_path: Path) -> None:
    name = next(path for path in sorted(export(young(recorder, 2_000), tmp_path).files) if f"={lies}" in path)
    damage(tmp_path / name)

    for read in (lambda: count(Archive(tmp_path), SHANGHAI), lambda: read_all(tmp_path)):
        with pytest.raises(ArchiveUnfit, match="damaged") as caught:
            read()
        assert caught.value.details["file"] == name
        assert name in caught.value.text("zh")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["streams.parquet", "events.parquet"])
def test_a_dictionary_that_cannot_be_read_is_named(damage: Any, name: str, recorder: Recorder, tmp_path: Path) -> None:
    export(young(recorder, 2_000), tmp_path)
    damage(tmp_path / name)

    for read in (lambda: read_all(tmp_path), lambda: export(recorder, tmp_path)):
        with pytest.raises(ArchiveUnfit, match="damaged") as caught:
            read()
        assert caught.value.details["file"] == name


def test_an_increment_to_a_file_that_cannot_be_read_names_it(recorder: Recorder, tmp_path: Path) -> None:
    files = export(young(recorder, 2_000), tmp_path).files
    for name in files:
        cut(tmp_path / name)

    with pytest.raises(ArchiveUnfit, match="damaged") as caught:
        export(recorder, tmp_path)

    assert caught.value.details["file"] in files


@pytest.mark.parametrize("damage", [cut, emptied, Path.unlink])
def test_an_export_without_anything_new_says_done_of_a_whole_archive_only(
    damage: Any, recorder: Recorder, tmp_path: Path
) -> None:
    whole = export(recorder, tmp_path / "whole")
    assert export(recorder, tmp_path / "whole") == whole
    for name in ("streams.parquet", "events.parquet", next(iter(whole.files))):
        copy = tmp_path / "copy"
        shutil.copytree(tmp_path / "whole", copy)
        damage(copy / name)
        with pytest.raises(ArchiveUnfit, match="damaged"):
            export(recorder, copy)
        shutil.rmtree(copy)


def test_a_file_in_the_place_of_another_is_no_part_of_the_archive(recorder: Recorder, tmp_path: Path) -> None:
    one, two, *_ = export(recorder, tmp_path).files
    shutil.copy(tmp_path / one, tmp_path / two)

    with pytest.raises(ArchiveUnfit, match="damaged") as caught:
        count(Archive(tmp_path), SHANGHAI)
    assert caught.value.details["file"] == two


@pytest.mark.parametrize("position", ["x", -5, None])
def test_a_manifest_of_no_position_is_damaged(position: Any, recorder: Recorder, tmp_path: Path) -> None:
    export(young(recorder, 20), tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "position": position}))

    with pytest.raises(ArchiveUnfit, match=r"damaged \(manifest.json"):
        Archive(tmp_path)


def test_what_is_no_damage_is_not_said_to_be(county: County) -> None:
    with pytest.raises(ZeroDivisionError), Archive(county.archive).opened(Engine.DUCKDB):
        raise ZeroDivisionError


def test_the_organisation_of_an_archive_is_read_in_the_present_schema(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is read from the log: what a later release says otherwise is brought up to date."""
    export(young(recorder, 2_000), tmp_path)
    unit = next(row[1] for row in recorder.log_rows() if row[3] == "UnitCreated")
    monkeypatch.setattr(UnitCreated, "schema_version", 2)
    monkeypatch.setattr(UnitCreated, "upcasters", {1: lambda data: {**data, "title": f"the {data['title']}"}})

    assert organisation(Archive(tmp_path)).title(unit).startswith("the ")


def test_a_folder_without_an_archive_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnfit, match="holds no archive"):
        Archive(tmp_path / "nowhere")


def test_what_another_release_wrote_is_not_left_out_in_silence(tmp_path: Path) -> None:
    with store(numbered(case())) as recorder:
        (stored,) = list(recorder.log())[1:]
        values = {**vars(stored), "topic": "ProposalDanced", "originator_version": 3}
        recorder.insert_events([type(stored).of(values)])
        with pytest.raises(UnknownEvent, match="ProposalDanced"):
            export(recorder, tmp_path)
    assert not (tmp_path / "manifest.json").exists()


def test_codes_are_for_ever(county: County) -> None:
    """A new event may only be added behind those that there are."""
    _, events = dictionaries(county.archive)

    assert len(events) == len(EVENTS) < 256
    assert [event["code"] for event in events] == list(range(1, len(EVENTS) + 1))
    assert {event["step"] for event in events if event["name"] == "DiscussionOpened"} == {"discuss"}


def test_without_the_libraries_it_is_said_what_to_install() -> None:
    ask = "import sys; sys.modules['pyarrow'] = None\nimport proposals.adapters.archive"

    done = run_python(ask)

    assert "pip install 'fivestep-proposals[archive]'" in done.stderr
