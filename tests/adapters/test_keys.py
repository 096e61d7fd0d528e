"""Key stores: one key per name under any race, none after its destruction, and no trace of it in the file."""

from __future__ import annotations

import base64
import json
import os
import pickle
import random
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import proposals
from proposals.adapters.key_encryption import WrongKeyEncryptionKey, kek_from_environment, kek_from_file, unbase64
from proposals.adapters.keys import FileKeyStore, KeyDamaged, KeyDestroyed, KeyFileFailed, MemoryKeyStore, NotAKeyStore
from proposals.domain.ports import KeyStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Keys = MemoryKeyStore | FileKeyStore
KEK = bytes(range(32))
OTHER_KEK = bytes(range(1, 33))
ROOT = Path(proposals.__path__[0]).parent


@pytest.fixture(params=["memory", "file"])
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keys]:
    if request.param == "memory":
        yield MemoryKeyStore()
    else:
        store = FileKeyStore(tmp_path / "keys.db", KEK)
        yield store
        store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "keys.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[..., FileKeyStore]]:
    path.parent.mkdir()
    stores: list[FileKeyStore] = []

    def open_store(kek: bytes = KEK, **options: Any) -> FileKeyStore:
        stores.append(FileKeyStore(path, kek, **options))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


def raw(path: Path) -> bytes:
    """Everything on disk: the file, its journal, whatever else lies beside them."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


def wrapped(path: Path) -> dict[str, bytes]:
    connection = sqlite3.connect(path)
    rows = dict(connection.execute("SELECT name, wrapped FROM keys").fetchall())
    connection.close()
    return rows


def in_processes(script: str, *arguments: str, count: int = 4) -> list[Any]:
    """Runs `script` in processes that wait for one another; each prints one JSON value."""
    go = Path(arguments[0]).parent.parent / "go"
    waiting = (
        "import json, os, sys, time\nfrom pathlib import Path\n"
        "from proposals.adapters.key_encryption import *\nfrom proposals.adapters.keys import *\n"
        "kek = bytes(range(32)); arguments = sys.argv[2:]\n"
        "print('ready', flush=True)\n"
        "while not Path(sys.argv[1]).exists(): time.sleep(0.001)\n"
    )
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    running = [
        subprocess.Popen(
            [sys.executable, "-c", waiting + script, str(go), *arguments, str(number)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        for number in range(count)
    ]
    assert [process.stdout.readline() for process in running if process.stdout] == ["ready\n"] * count
    go.touch()
    answers = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * count
    return [json.loads(answer) for answer in answers]


# --- what every key store does ------------------------------------------------------------------------------


def test_a_store_keeps_the_port(keys: Keys) -> None:
    port: KeyStore = keys
    assert port.names() == []


def test_a_key_is_made_once_and_found_again(keys: Keys) -> None:
    assert keys.get("subject:a") is None
    key = keys.create("subject:a")
    assert len(key) == 32
    assert keys.create("subject:a") == keys.get("subject:a") == key


def test_two_names_have_two_keys(keys: Keys) -> None:
    assert keys.create("subject:a") != keys.create("subject:b")


def test_a_destroyed_key_is_gone_and_is_never_made_again(keys: Keys) -> None:
    keys.create("subject:a")
    keys.destroy("subject:a")
    keys.destroy("subject:a")
    assert keys.get("subject:a") is None
    with pytest.raises(KeyDestroyed, match="the key subject:a has been destroyed for good") as caught:
        keys.create("subject:a")
    assert caught.value.name == "subject:a"


def test_a_name_can_be_destroyed_before_it_was_ever_used(keys: Keys) -> None:
    keys.destroy("subject:a")
    with pytest.raises(KeyDestroyed):
        keys.create("subject:a")
    assert keys.destroyed() == ["subject:a"]


def test_names_and_tombstones_are_listed_by_prefix_and_in_order(keys: Keys) -> None:
    for name in ("subject:b", "round-token:r", "subject:a", "subject_x", "subject:c"):
        keys.create(name)
    keys.destroy("subject:c")
    keys.destroy("round-token:r")
    assert keys.names() == ["subject:a", "subject:b", "subject_x"]
    assert keys.names("subject:") == ["subject:a", "subject:b"]
    assert keys.destroyed() == ["round-token:r", "subject:c"]
    assert keys.destroyed("subject:") == ["subject:c"]


def test_many_keys_are_made_at_once_or_none(keys: Keys) -> None:
    old = keys.create("subject:a")
    made = keys.create_all(["subject:a", "subject:b"])
    assert made == {"subject:a": old, "subject:b": keys.get("subject:b")}
    keys.destroy("subject:a")
    with pytest.raises(KeyDestroyed):
        keys.create_all(["subject:new", "subject:a"])
    assert keys.names() == ["subject:b"]


def test_what_the_log_knows_as_erased_is_destroyed_even_if_it_lives_again_or_was_never_made(
    keys: Keys,
) -> None:
    kept = keys.create("subject:a")
    keys.create("subject:b")
    keys.enforce(["subject:b", "subject:unknown"])
    keys.enforce(iter(["subject:b"]))
    assert keys.names() == ["subject:a"]
    assert keys.destroyed() == ["subject:b", "subject:unknown"]
    assert keys.get("subject:a") == kept


NAMES = st.sampled_from(["subject:甲", "subject:乙", "subject:丙"])


@given(st.lists(st.tuples(st.sampled_from(["get", "create", "destroy"]), NAMES), max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
def test_the_file_answers_as_the_memory_does_whatever_is_asked(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    memory = MemoryKeyStore()
    file = FileKeyStore(tmp_path_factory.mktemp("keys") / "keys.db", KEK, cache=1)

    def answer(store: Keys, action: str, name: str) -> object:
        try:
            return getattr(store, action)(name)
        except KeyDestroyed as error:
            return str(error)

    twins: dict[bytes, bytes] = {}
    for action, name in steps:
        one, other = answer(memory, action, name), answer(file, action, name)
        if isinstance(one, bytes) and isinstance(other, bytes):
            assert twins.setdefault(one, other) == other
        else:
            assert one == other
    assert memory.names() == file.names()
    assert memory.destroyed() == file.destroyed()
    file.close()


# --- races --------------------------------------------------------------------------------------------------


def test_eight_threads_that_create_one_name_get_one_key(keys: Keys) -> None:
    start = threading.Barrier(8)

    def create(_number: int) -> list[bytes]:
        start.wait()
        return [keys.create(f"subject:{n}") for n in range(10)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert len(set(answers[0])) == 10


def test_once_one_of_eight_threads_has_destroyed_a_key_none_gets_it_again(keys: Keys) -> None:
    names = [f"subject:{n}" for n in range(10)]
    keys.create_all(names)
    gone: set[str] = set()
    wrong: list[str] = []
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        for name in names:
            if number == 0:
                keys.destroy(name)
                gone.add(name)
            else:
                was_gone = name in gone
                if keys.get(name) is not None and was_gone:
                    wrong.append(name)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert wrong == []
    assert keys.names() == []


def test_four_processes_that_open_and_create_at_once_agree_on_every_key(
    opened: Callable[..., FileKeyStore], path: Path
) -> None:
    script = """
store = FileKeyStore(arguments[0], kek)
print(json.dumps({n: store.create(f"subject:{n}").hex() for n in range(25)}))
store.close()
"""
    answers = in_processes(script, str(path))
    assert all(answer == answers[0] for answer in answers)
    store = opened()
    assert {str(n): (store.get(f"subject:{n}") or b"").hex() for n in range(25)} == answers[0]


def test_of_four_processes_that_create_and_destroy_at_once_no_name_survives_its_destruction(
    opened: Callable[..., FileKeyStore], path: Path
) -> None:
    script = """
store, seen = FileKeyStore(arguments[0], kek), {}
for n in range(25):
    name = f"subject:{n}"
    try:
        seen[name] = store.create(name).hex()
    except KeyDestroyed:
        seen[name] = None
    if n % 4 == int(arguments[1]):
        store.destroy(name)
        assert store.get(name) is None
print(json.dumps(seen)); store.close()
"""
    answers = in_processes(script, str(path))
    store = opened()
    assert store.names() == []
    assert len(store.destroyed()) == 25
    for name in store.destroyed():
        assert len({answer[name] for answer in answers} - {None}) == 1
    for answer in answers:
        assert all(bytes.fromhex(key) not in raw(path) for key in answer.values() if key)


def test_a_key_in_memory_is_dropped_when_another_process_destroys_it(
    opened: Callable[..., FileKeyStore], path: Path
) -> None:
    store = opened()
    assert store.create("subject:a") == store.get("subject:a")
    in_processes("FileKeyStore(arguments[0], kek).destroy('subject:a'); print(1)", str(path), count=1)
    assert store.get("subject:a") is None
    with pytest.raises(KeyDestroyed):
        store.create("subject:a")


def test_a_store_may_be_used_on_both_sides_of_a_fork_also_while_threads_are_at_work(path: Path) -> None:
    path.parent.mkdir()
    script = """
import threading, warnings
warnings.simplefilter("ignore")
store, stop = FileKeyStore(arguments[0], kek), threading.Event()
def busy(number):
    n = 0
    while not stop.is_set():
        store.create(f"subject:{number}-{n}"); n += 1
threads = [threading.Thread(target=busy, args=(n,)) for n in range(4)]
for thread in threads: thread.start()
children = []
for n in range(6):
    pid = os.fork()
    if pid == 0:
        made = [store.create(f"subject:child-{n}-{m}") for m in range(5)] + [store.create("subject:all")]
        store.destroy(f"subject:child-{n}-0")
        os._exit(0 if len(set(made)) == 6 and store.get(f"subject:child-{n}-0") is None else 1)
    children.append(pid)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
stop.set()
for thread in threads: thread.join()
print(json.dumps([codes, len(store.names("subject:child")), len(store.destroyed())])); store.close()
"""
    assert in_processes(script, str(path), count=1) == [[[0] * 6, 24, 6]]


# --- the file -----------------------------------------------------------------------------------------------


def test_keys_outlive_the_process_and_lie_wrapped_in_a_file_for_its_owner_only(
    opened: Callable[..., FileKeyStore], path: Path
) -> None:
    key = opened().create("subject:a")
    again = opened()
    assert again.get("subject:a") == key
    assert key not in raw(path)
    assert wrapped(path)["subject:a"] in raw(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_copy_restored_with_a_wider_mode_is_narrowed(opened: Callable[..., FileKeyStore], path: Path) -> None:
    opened().close()
    path.chmod(0o644)
    opened()
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_byte_of_a_destroyed_key_stays_in_the_file_or_beside_it(
    opened: Callable[..., FileKeyStore], path: Path
) -> None:
    store = opened()
    shuffled = random.Random(5)
    names = [f"subject:{shuffled.getrandbits(128):032x}" for _ in range(3000)]
    for start in range(0, len(names), 250):
        store.create_all(names[start : start + 250])
    before = wrapped(path)
    assert all(before[name] in raw(path) for name in names[:50])
    dead = shuffled.sample(names, 40)
    for name in dead:
        store.destroy(name)
        assert before[name] not in raw(path)
    for start in range(0, 500, 250):
        store.create_all(f"subject:later-{n}" for n in range(start, start + 250))
    after = raw(path)
    for name in dead:
        assert before[name] not in after
        assert before[name][12:28] not in after  # not a part of it either
    living = set(names) - set(dead)
    assert all(before[name] in after for name in living)


def test_a_tombstone_tells_when(opened: Callable[..., FileKeyStore], path: Path) -> None:
    store = opened(now=lambda: datetime(2026, 3, 1, 8, 30, tzinfo=UTC))
    store.create("subject:a")
    store.destroy("subject:a")
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT * FROM tombstones").fetchall()
    connection.close()
    assert rows == [("subject:a", "2026-03-01T08:30:00.000000Z")]


def test_a_restored_file_does_not_bring_back_whom_the_log_knows_as_erased(
    opened: Callable[..., FileKeyStore], path: Path, tmp_path: Path
) -> None:
    store = opened()
    keys = store.create_all(["subject:a", "subject:b"])
    backup = path.read_bytes()
    store.destroy("subject:a")
    store.close()
    path.write_bytes(backup)
    restored = opened()
    assert restored.get("subject:a") == keys["subject:a"]
    restored.enforce(["subject:a"])
    assert restored.get("subject:a") is None
    assert restored.get("subject:b") == keys["subject:b"]


def test_the_memory_of_keys_is_bounded(opened: Callable[..., FileKeyStore]) -> None:
    store = opened(cache=3)
    made = {f"subject:{n}": store.create(f"subject:{n}") for n in range(10)}
    assert len(store._cache) == 3
    assert {name: store.get(name) for name in made} == made


def test_a_write_that_fails_midway_leaves_nothing_and_the_store_usable(
    opened: Callable[..., FileKeyStore],
) -> None:
    store = opened()

    def names() -> Iterator[str]:
        yield "subject:a"
        raise OSError("the caller fails")

    with pytest.raises(OSError, match="the caller fails"):
        store.create_all(names())
    assert store.names() == []
    assert store.create("subject:a")


def test_an_altered_key_is_named_and_not_replaced(opened: Callable[..., FileKeyStore], path: Path) -> None:
    store = opened()
    store.create_all(["subject:a", "subject:b"])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE name = 'subject:b')")
    connection.commit()
    connection.close()
    assert store.get("subject:b")
    for ask in (store.get, store.create):
        with pytest.raises(KeyDamaged, match="the stored key subject:a is damaged"):
            ask("subject:a")


@pytest.mark.parametrize("content", ["a database", "no database"])
def test_another_file_is_refused_and_left_alone(opened: Callable[..., FileKeyStore], path: Path, content: str) -> None:
    path.parent.mkdir(exist_ok=True)
    if content == "a database":
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE events (position INTEGER)")
        connection.close()
    else:
        path.write_bytes(b"position,stream,version\n" * 100)
    path.chmod(0o644)
    before = path.read_bytes()
    with pytest.raises(NotAKeyStore, match=r"keys\.db is"):
        opened()
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_missing_folder_is_not_taken_for_a_broken_store(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileKeyStore(tmp_path / "nowhere" / "keys.db", KEK)


# --- the key-encryption key ---------------------------------------------------------------------------------


def test_a_wrong_key_encryption_key_is_refused_at_opening_without_showing_any_key(
    opened: Callable[..., FileKeyStore], path: Path
) -> None:
    key = opened().create("subject:a")
    with pytest.raises(WrongKeyEncryptionKey, match="give the one the store was made with") as caught:
        opened(OTHER_KEK)
    shown = str(caught.value)
    for secret in (KEK, OTHER_KEK, key):
        assert secret.hex() not in shown
        assert base64.b64encode(secret).decode() not in shown


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_encryption_key_of_another_length_is_refused(opened: Callable[..., FileKeyStore], length: int) -> None:
    with pytest.raises(WrongKeyEncryptionKey, match=f"has 32 bytes, not {length}"):
        opened(bytes(length))


def test_rewrapping_keeps_every_key_and_makes_the_old_key_encryption_key_worthless(
    opened: Callable[..., FileKeyStore], path: Path
) -> None:
    store = opened()
    keys = store.create_all([f"subject:{n}" for n in range(5)])
    store.destroy("subject:4")
    before = wrapped(path)
    store.rewrap(OTHER_KEK)
    assert {name: store.get(name) for name in store.names()} == {n: keys[n] for n in list(keys)[:4]}
    assert all(before[name] not in raw(path) for name in store.names())
    assert opened(OTHER_KEK).get("subject:0") == keys["subject:0"]
    assert store.destroyed() == ["subject:4"]
    with pytest.raises(WrongKeyEncryptionKey):
        opened(KEK)


def test_a_store_open_elsewhere_during_a_rewrap_stops_instead_of_wrapping_under_the_old_one(
    opened: Callable[..., FileKeyStore],
) -> None:
    elsewhere = opened()
    elsewhere.create("subject:a")
    opened().rewrap(OTHER_KEK)
    for ask in (elsewhere.get, elsewhere.create, elsewhere.destroy):
        with pytest.raises(WrongKeyEncryptionKey):
            ask("subject:a")
    with pytest.raises(WrongKeyEncryptionKey):
        elsewhere.create("subject:b")


def test_the_environment_gives_the_key_encryption_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROPOSALS_KEK", base64.b64encode(KEK).decode() + "\n")
    assert kek_from_environment() == KEK
    assert kek_from_environment({"PROPOSALS_KEK": base64.b64encode(OTHER_KEK).decode()}) == OTHER_KEK


@pytest.mark.parametrize("environ", [{}, {"PROPOSALS_KEK": " "}])
def test_a_missing_variable_tells_how_to_set_it(environ: dict[str, str]) -> None:
    with pytest.raises(WrongKeyEncryptionKey, match="PROPOSALS_KEK is not set; set it to 32 random bytes"):
        kek_from_environment(environ)


@pytest.mark.parametrize("text", ["hunter2", "密码密码", base64.b64encode(bytes(16)).decode(), "=" * 44])
def test_a_malformed_key_encryption_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(WrongKeyEncryptionKey, match="openssl rand -base64 32") as caught:
        kek_from_environment({"PROPOSALS_KEK": text})
    assert text not in str(caught.value)


def test_a_missing_file_is_made_for_its_owner_only_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    kek = kek_from_file(path)
    assert len(kek) == 32
    assert kek_from_file(str(path)) == kek
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_processes_that_start_together_agree_on_the_new_file(path: Path) -> None:
    path.parent.mkdir()
    answers = in_processes("print(json.dumps(kek_from_file(arguments[0]).hex()))", str(path))
    assert len(set(answers)) == 1


def test_a_file_open_to_everybody_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    kek_from_file(path)
    path.chmod(0o644)
    with pytest.raises(WrongKeyEncryptionKey, match="run `chmod 600"):
        kek_from_file(path)


def test_an_emptied_file_is_refused_and_not_silently_replaced(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    path.touch(0o600)
    with pytest.raises(WrongKeyEncryptionKey, match="does not hold a key-encryption key"):
        kek_from_file(path)
    assert path.read_bytes() == b""


@given(st.binary(max_size=80), st.data())
def test_one_base64_text_stands_for_given_bytes(value: bytes, data: st.DataObject) -> None:
    text = base64.b64encode(value).decode()
    assert unbase64(text) == value
    at = data.draw(st.integers(0, len(text)))
    other = text[:at] + data.draw(st.sampled_from("AQ=\n -_/é")) + text[at + 1 :]
    if other != text:
        try:
            assert unbase64(other) != value
        except ValueError as error:
            assert text == "" or text not in str(error)  # noqa: PT017 - either is right


@pytest.mark.parametrize("error", [KeyDestroyed("subject:a"), KeyDamaged("subject:a")])
def test_an_error_crosses_a_process_boundary_unchanged(error: KeyDestroyed | KeyDamaged) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy), copy.name) == (type(error), str(error), "subject:a")


def test_a_file_that_cannot_be_written_is_read_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir(exist_ok=True)
    with closing(FileKeyStore(path, KEK)) as store:
        key = store.create("subject:1")
    path.chmod(0o444)
    before = path.read_bytes()
    monkeypatch.setattr("os.access", lambda _path, mode: mode != os.W_OK)

    with closing(FileKeyStore(path, KEK)) as store:
        assert store.get("subject:1") == key
        assert store.names() == ["subject:1"]
        with pytest.raises(KeyFileFailed, match=path.name):
            store.create("subject:2")

    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o444
