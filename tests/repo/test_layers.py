"""Imports point down only, and only some layers touch processes, docker and the environment."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "buildlab"

LAYERS: tuple[tuple[str, frozenset[str]], ...] = (
    (
        "pure: events in, facts out",
        frozenset(
            {
                *("errors", "record", "stream", "provenance", "joining", "masking", "store"),
                *("failing", "around"),
                *("derive", "compare", "matrix", "tables", "text", "html", "style"),
                *("visible", "history"),
                *("dockerfile", "written", "needs"),
                *("jsontext", "outfile", "flags"),
            }
        ),
    ),
    (
        "the outside world: processes, docker, files",
        frozenset(
            {
                *(
                    "build",
                    "engine",
                    "images",
                    "registry",
                    "registry_server",
                    "workspace",
                    "doctor",
                ),
                *(
                    "start",
                    "chromium",
                    "replay",
                    "evidence",
                    "services",
                    "artifact",
                    "bundle",
                    "sealed",
                    "unpacking",
                    "ready",
                    "modules",
                ),
            }
        ),
    ),
    (
        "what is asked of builds",
        frozenset({"probe", "why", "grade", "claims", "experiments", "labs"}),
    ),
    ("what is shown", frozenset({"plot", "widgets", "handout", "notebook"})),
    ("the command line", frozenset({"cli", "__main__"})),
)
LEVEL = {name: level for level, (_, names) in enumerate(LAYERS) for name in names}
OUTSIDE = LAYERS[1][1]
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
MAX_LINES = 300


def name_of(path: Path) -> str:
    """The module or subpackage of buildlab that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def nodes(path: Path) -> Iterator[ast.AST]:
    """All of a module but what only type checkers see."""
    todo: list[ast.AST] = [ast.parse(path.read_text("utf-8"), str(path))]
    while todo:
        node = todo.pop()
        yield node
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                todo.extend(child.orelse)
            else:
                todo.append(child)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import, those inside functions too."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: a relative import"
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def own_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and module of each import from buildlab itself."""
    for line, name in imports(path):
        if name.startswith("buildlab."):
            yield line, name.split(".")[1]


def where(path: Path) -> str:
    """How a test names the module."""
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_imports_point_down(path: Path) -> None:
    """A module imports from its own layer or a lower one."""
    name = name_of(path)
    assert name in LEVEL, f"{name} has no layer: say which in {Path(__file__).name}"
    for line, target in own_imports(path):
        assert target in LEVEL, f"{where(path)}:{line}: {target} is no module with a layer"
        assert LEVEL[target] <= LEVEL[name], (
            f"{where(path)}:{line}: {name} ({LAYERS[LEVEL[name]][0]}) imports {target} "
            f"({LAYERS[LEVEL[target]][0]}): imports point down"
        )


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_only_the_outside_layer_starts_processes(path: Path) -> None:
    """`subprocess` and `docker` are imported in the outside-world layer only."""
    if name_of(path) in OUTSIDE:
        return
    for line, name in imports(path):
        first = name.split(".", maxsplit=1)[0]
        assert first not in {"subprocess", "docker"}, f"{where(path)}:{line}: imports {first}"


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_only_engine_reads_the_environment(path: Path) -> None:
    """`os.environ` and `os.getenv` appear in engine/ only."""
    if name_of(path) == "engine":
        return
    for node in nodes(path):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "putenv"}:
            assert ast.unparse(node.value) != "os", f"{where(path)}:{node.lineno}: os.{node.attr}"
    for line, name in imports(path):
        assert name not in {"os.environ", "os.getenv"}, f"{where(path)}:{line}: {name}"


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_the_library_never_prints(path: Path) -> None:
    """`print` is called in cli only."""
    if name_of(path) == "cli":
        return
    for node in nodes(path):
        printing = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
        assert not printing, f"{where(path)}:{getattr(node, 'lineno', 0)}: print()"


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_a_module_is_short(path: Path) -> None:
    """A module over 300 lines is two modules."""
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= MAX_LINES, f"{where(path)} has {lines} lines"


HEAVY = {
    "pandas": {"tables"},
    "matplotlib": {"plot"},
    "ipywidgets": {"widgets"},
    "nbconvert": {"handout"},
}


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_heavy_libraries_have_one_home(path: Path) -> None:
    """pandas lives in tables, matplotlib in plot, ipywidgets in widgets, nbconvert in handout."""
    for line, name in imports(path):
        homes = HEAVY.get(name.split(".", maxsplit=1)[0])
        assert homes is None or name_of(path) in homes, f"{where(path)}:{line}: imports {name}"
