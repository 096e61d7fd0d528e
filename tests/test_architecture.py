"""The shape of the house, where import-linter cannot see it: purity, sizes, names, and what is installed.

The layers themselves are contracts of import-linter in pyproject.toml.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import proposals

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "proposals"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
DOMAIN = [module for module in MODULES if module.is_relative_to(PACKAGE / "domain")]

LONGEST_MODULE = 450
"""Lines. About 300 ask for a split. A step of the process holds its commands, events, guards and rows together."""

LONGEST_TEST = 600
"""Lines. Tests repeat their shape, so they may run on a little longer."""

WORLD = {
    "asyncio", "glob", "http", "importlib", "io", "logging", "multiprocessing", "os", "pathlib", "random",
    "secrets", "shutil", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
    "warnings",
}  # fmt: skip
"""Standard modules that read or change something outside the arguments of a function."""

WORLDLY_CALLS = {
    "breakpoint", "date.today", "datetime.now", "datetime.today", "datetime.utcnow", "exec", "eval", "input",
    "open", "print", "uuid1", "uuid4", "uuid.uuid1", "uuid.uuid4",
}  # fmt: skip
"""Calls that ask a clock, draw at random or touch a stream without such an import."""


def named(paths: list[Path]) -> list[object]:
    """The paths as parameters, with names that a person can read."""
    return [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in paths]


def imports(module: Path) -> Iterator[str]:
    """The full name of everything a module imports, wherever in the file."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inside = list(module.relative_to(ROOT).parts[: -node.level]) if node.level else []
            yield ".".join([*inside, *([node.module] if node.module else [])])


def requirements(group: str) -> Iterator[Requirement]:
    """The requirements of a dependency group, with the groups it includes."""
    for entry in PROJECT["dependency-groups"][group]:
        if isinstance(entry, dict):
            yield from requirements(entry["include-group"])
        else:
            yield Requirement(entry)


def pins(lock: str) -> dict[str, str]:
    """The exact versions of a lock file, by normalised name."""
    lines = (ROOT / "requirements" / lock).read_text("utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def licence_of(name: str) -> str:
    """All that an installed distribution says about its licence."""
    about = metadata.metadata(name)
    classifiers = [line for line in about.get_all("Classifier", []) if line.startswith("License")]
    return " ".join([*about.get_all("License-Expression", []), *about.get_all("License", []), *classifiers])


def installed_with(requirement: Requirement, seen: set[str]) -> set[str]:
    """The normalised names of a requirement and all that it requires here, added to `seen`."""
    name = canonicalize_name(requirement.name)
    if name not in seen:
        seen.add(name)
        for needed in map(Requirement, metadata.requires(name) or []):
            extras = requirement.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                installed_with(needed, seen)
    return seen


@pytest.mark.parametrize("module", named(DOMAIN))
def test_the_domain_touches_nothing_outside_its_arguments(module: Path) -> None:
    """No I/O, no clock and no randomness, so that deciding and folding give the same again everywhere."""
    nodes = list(ast.walk(ast.parse(module.read_text("utf-8"))))
    called = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}

    assert {name.partition(".")[0] for name in imports(module)} & WORLD == set()
    assert called & WORLDLY_CALLS == set()


@pytest.mark.parametrize("module", named([m for m in MODULES if m != PACKAGE / "__init__.py"]))
def test_a_module_is_short_enough_to_hold_one_thing(module: Path) -> None:
    lines = len(module.read_text("utf-8").splitlines())

    assert lines <= LONGEST_MODULE


@pytest.mark.parametrize("module", named(TESTS))
def test_a_test_module_is_short_enough_to_be_read(module: Path) -> None:
    lines = len(module.read_text("utf-8").splitlines())

    assert lines <= LONGEST_TEST


@pytest.mark.parametrize("module", named(MODULES))
def test_names_say_what_a_thing_holds(module: Path) -> None:
    """A Manager, a Helper, a `utils` or a `base` says nothing about what is inside."""
    nodes = ast.walk(ast.parse(module.read_text("utf-8")))
    classes = [node.name for node in nodes if isinstance(node, ast.ClassDef)]

    assert module.stem not in {"base", "common", "helpers", "misc", "utils"}
    assert [name for name in classes if re.search("Manager|Helper|Util", name)] == []


@pytest.mark.parametrize("module", named(MODULES))
def test_no_module_imports_the_public_names_back(module: Path) -> None:
    """The package itself stands above every layer: an import of it from inside would run against the flow."""
    assert "proposals" not in imports(module)


def test_the_package_itself_only_hands_on_names() -> None:
    """Importing a name for hosts, when one is asked for, is all that `proposals/__init__.py` does."""
    docstring, *rest = ast.parse((PACKAGE / "__init__.py").read_text("utf-8")).body
    assignments = [node for node in rest if isinstance(node, ast.Assign)]
    assigned = {ast.unparse(target) for node in assignments for target in node.targets}
    functions = {node.name for node in ast.walk(ast.Module(rest, [])) if isinstance(node, ast.FunctionDef)}

    assert isinstance(docstring, ast.Expr)
    assert {type(node) for node in rest} <= {ast.ImportFrom, ast.If, ast.Assign, ast.FunctionDef}
    assert assigned <= {"__all__", "__version__", "_HOMES"}
    assert functions == {"__getattr__", "__dir__"}


def test_a_public_name_is_what_the_type_checker_takes_it_for() -> None:
    """What is brought in at run time comes from the modules, and is the objects, that the imports name."""
    (checked,) = [
        node for node in ast.parse((PACKAGE / "__init__.py").read_text("utf-8")).body if isinstance(node, ast.If)
    ]
    lines = [node for node in checked.body if isinstance(node, ast.ImportFrom)]
    homes = {alias.name: str(node.module) for node in lines for alias in node.names}

    assert ast.unparse(checked.test) == "TYPE_CHECKING"
    assert sorted(homes) == sorted(proposals.__all__)
    assert list(proposals._HOMES) == [node.module for node in lines]
    for name, home in homes.items():
        assert getattr(proposals, name) is getattr(import_module(home), name), name
    assert set(proposals.__all__) <= set(dir(proposals))
    with pytest.raises(AttributeError, match="NoSuchName"):
        proposals.NoSuchName  # type: ignore[attr-defined]  # noqa: B018 - type checkers are to say so, too


def test_help_needs_neither_the_process_nor_a_database() -> None:
    """Shell completion runs the command line at each press of a key."""
    heavy = [
        "proposals.domain.processes",
        "sqlalchemy",
        "cryptography",
        "chinese_calendar",
        "eventsourcing",
        "pydantic",
    ]
    ask = (
        "import sys\nfrom proposals.cli import main\nsys.argv = ['proposals', '--help']\n"
        f"try:\n    main()\nfinally:\n    sys.stderr.write(' '.join(sys.modules.keys() & set({heavy!r})))"
    )

    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_the_extras_are_not_needed_to_start() -> None:
    """Without a driver, an engine and the libraries of files and pages all is imported; only their own use fails."""
    optional = ("psycopg", "openpyxl", "jinja2", "vl_convert", "duckdb", "ibis", "pyarrow")
    without = f"import sys; sys.modules.update(dict.fromkeys({optional!r})); "
    start = without + "import proposals, proposals.cli"

    done = subprocess.run([sys.executable, "-c", start], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_every_import_is_declared() -> None:
    """What the package imports is a run-time requirement or an extra; nothing is there by accident."""
    declared = [*PROJECT["project"]["dependencies"]]
    for extra in PROJECT["project"]["optional-dependencies"].values():
        declared += extra
    required = {canonicalize_name(Requirement(line).name) for line in declared}
    suppliers = metadata.packages_distributions()
    used = {name.partition(".")[0] for module in MODULES for name in imports(module)}

    undeclared = {
        name
        for name in used - sys.stdlib_module_names - {"", "proposals"}
        if required.isdisjoint(map(canonicalize_name, suppliers.get(name, [name])))  # Spark may not be here
    }

    assert undeclared == set()


def test_the_lock_files_hold_what_pyproject_asks_for() -> None:
    """Every requirement is pinned, to a version inside its range; `make lock` writes the pins."""
    locked = pins("lock.txt")
    asked = [
        *((Requirement(line), locked) for line in PROJECT["project"]["dependencies"]),
        *((requirement, locked) for requirement in requirements("dev")),
        *((requirement, pins("bench.txt")) for requirement in requirements("bench")),
        *((requirement, pins("mutation.txt")) for requirement in requirements("mutation")),
        *((requirement, pins("spark.txt")) for requirement in requirements("spark")),
    ]

    unmet = [
        str(requirement)
        for requirement, lock in asked
        if not requirement.specifier.contains(lock.get(canonicalize_name(requirement.name), "0"))
    ]

    assert unmet == []


def test_no_run_time_dependency_is_under_the_gpl() -> None:
    """What comes along may be handed on with the package; psycopg, under the LGPL, is an extra for that."""
    extras = PROJECT["project"]["optional-dependencies"]
    lines = PROJECT["project"]["dependencies"] + extras["xlsx"] + extras["report"] + extras["archive"]
    come_along: set[str] = set()
    for line in lines:
        installed_with(Requirement(line), come_along)

    assert {name: licence for name in sorted(come_along) if "GPL" in (licence := licence_of(name))} == {}
