"""Imports point down only, and only some layers touch processes, docker and the environment."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "buildlab"

FLOORS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("may be used by all", ("basics",)),
    ("faults that a user can act on", ("errors",)),
    ("what was saved, read back", ("loading",)),
    ("know nothing of builds", ("masking", "dockerfile", "host")),
    ("one build as facts", ("record",)),
    ("an engine, or what stands for it", ("engine", "replay")),
    ("from a tree to a record", ("builds", "services")),
    ("what a build leaves, and trying edits", ("artifact", "bench")),
    ("what is asked of builds", ("experiments", "setup")),
    ("what is said of them", ("claims",)),
    ("what a learner does", ("labs",)),
    ("shown", ("show",)),
    ("what a lesson imports, what a handout is", ("notebook", "handout")),
    ("the command line", ("cli",)),
    ("its door", ("__main__",)),
)
"""From the ground up: a room imports from floors below its own, and from itself."""

LEVEL = {room: level for level, (_, rooms) in enumerate(FLOORS) for room in rooms}
OUTSIDE = frozenset({*("host", "engine", "builds", "services", "artifact", "setup", "handout")})
"""Rooms that may talk to docker."""

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


def modules(path: Path, *, late: bool = False) -> Iterator[tuple[int, str]]:
    """Line and module of the kit of each import; `late`: of those inside functions only."""
    first = {node.lineno for node in ast.parse(path.read_text("utf-8")).body}
    for line, name in imports(path):
        parts = name.split(".")
        if parts[0] != "buildlab" or (late and line in first):
            continue
        while parts and ".".join(parts[1:]) not in NAMES:
            parts.pop()
        if len(parts) > 1:
            yield line, ".".join(parts[1:])


def own_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and module of each import from buildlab itself."""
    for line, name in imports(path):
        if name.startswith("buildlab."):
            yield line, name.split(".")[1]


def where(path: Path) -> str:
    """How a test names the module."""
    return path.relative_to(PACKAGE).as_posix()


def dotted(path: Path) -> str:
    """The module's name below `buildlab`."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_imports_point_down(path: Path) -> None:
    """A module imports from its own room or from a lower floor."""
    room = name_of(path)
    assert room in LEVEL, f"{room} stands on no floor: say which in {Path(__file__).name}"
    for line, target in own_imports(path):
        assert target in LEVEL, f"{where(path)}:{line}: {target} is no room with a floor"
        if target == room:
            continue
        assert LEVEL[target] < LEVEL[room], (
            f"{where(path)}:{line}: {room} ({FLOORS[LEVEL[room]][0]}) imports {target} "
            f"({FLOORS[LEVEL[target]][0]}): imports point down"
        )


NAMES = {dotted(path) for path in MODULES}


def test_the_page_shows_these_floors() -> None:
    """The table of docs/architecture.md is the one that is held here, from the top down."""
    page = (PACKAGE.parents[1] / "docs/architecture.md").read_text("utf-8")
    rows = [row.split("|")[1:3] for row in page.splitlines() if row.startswith("| ")][1:]
    told = [(floor.strip(), tuple(re.findall(r"`(\w+)`", rooms))) for floor, rooms in rows]
    assert told == list(reversed(FLOORS))


LATE = {
    "__main__": "Ctrl-C while the command line is imported is met there",
    "cli": "`--help` and a mistyped word must not wait for docker, pandas or IPython",
    "engine": "a kind is loaded when it is chosen, images where an engine has to get them",
    "setup.doctor": "each check loads what it tries",
    "handout.plain": "loaded by a kernel before it has anything to show",
}
"""Where modules of the kit may be imported inside a function, and why."""


def test_late_imports_are_few_and_hide_no_circle() -> None:
    """No import inside a function but in the rooms that are named; no circle at all."""
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        name = dotted(path)
        graph[name] = {target for _, target in modules(path)} - {name}
        late = [line for line, _ in modules(path, late=True)]
        allowed = any(f"{name}.".startswith(f"{home}.") for home in LATE)
        assert allowed or not late, f"{where(path)}:{late[0]}: an import inside a function"
    order = TopologicalSorter(graph)
    order.prepare()  # raises CycleError, with the circle


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("cli/*.py")), ids=where)
def test_no_command_imports_another(path: Path) -> None:
    """What two commands need is a library's, or a private module's of the command line."""
    for line, target in modules(path):
        room, _, command = target.partition(".")
        shared = room != "cli" or not command or command.startswith("_")
        assert shared, f"{where(path)}:{line}: imports the command {command}"


@pytest.mark.parametrize("room", sorted(p.parent for p in PACKAGE.rglob("__init__.py")), ids=where)
def test_a_room_says_what_it_is(room: Path) -> None:
    """The `__init__` of each room begins with a sentence."""
    text = (room / "__init__.py").read_text()
    assert (ast.get_docstring(ast.parse(text)) or "").split("\n")[0].endswith((".", ":"))


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_only_some_rooms_speak_to_docker(path: Path) -> None:
    """`docker` is imported where the outside world is met only."""
    if name_of(path) in OUTSIDE:
        return
    for line, name in imports(path):
        assert name.split(".")[0] != "docker", f"{where(path)}:{line}: imports docker"


STARTERS = {
    "host/child.py": "the one runner of programs",
    "host/watchdog.py": "what ends them where we are killed",
    "builds/client/process.py": "a build's events are read as they come, its end is told in parts",
    "engine/asking.py": "another thread gives up a build of nothing",
    "engine/reaching.py": "many are asked at once, and what they said until the limit counts",
    "engine/images/debian.py": "two archives are read as they are written",
    "setup/jupyter/__init__.py": "a server with a pipe for its report and one for its token",
}
"""Modules that may import `subprocess`; all others go through `host.child`."""


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_programs_are_run_in_one_place(path: Path) -> None:
    """Only what streams, or lives for long, starts a process by itself: the rest has `child`."""
    starts = any(name.split(".")[0] == "subprocess" for _, name in imports(path))
    assert starts == (where(path) in STARTERS), f"{where(path)}: see host/child.py and STARTERS"


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_only_host_and_engine_read_the_environment(path: Path) -> None:
    """`os.environ` and `os.getenv` appear in host and engine only."""
    if name_of(path) in {"host", "engine"}:
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
    "pandas": "show.tables",
    "matplotlib": "show.plot",
    "ipywidgets": "show.widgets",
    "nbconvert": "handout",
    "jinja2": "show.html.page",
}


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_heavy_libraries_have_one_home(path: Path) -> None:
    """pandas, matplotlib, ipywidgets and Jinja live in show, each in one place."""
    for line, name in imports(path):
        home = HEAVY.get(name.split(".", maxsplit=1)[0])
        at_home = home is None or f"{dotted(path)}.".startswith(f"{home}.")
        assert at_home, f"{where(path)}:{line}: imports {name}"
