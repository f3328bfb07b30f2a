"""What an experiment uses beside its own code, and the digest of all of it.

An experiment's folder is its own. Programs that several experiments build, and parts of the
sample service, are declared by name ("programs/small", "sample", "sample/Dockerfile"), and taken
through `part`, which refuses what was not declared: so the digest can't forget any.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path

PACKAGE = "buildlab.experiments"
PROGRAMS = "programs"
_places: dict[str, Callable[[], Path]] = {}
_declared: ContextVar[tuple[str, frozenset[str]] | None] = ContextVar("declared", default=None)


class NotDeclared(LookupError):
    """An experiment takes what it has not declared: its evidence would outlive a change of it."""


def place(name: str, folder: Callable[[], Path]) -> None:
    """Say where parts that begin with `name` lie."""
    _places[name] = folder


def part(name: str) -> Path:
    """A declared part, as a path. Outside of experiments everything may be taken.

    Raises NotDeclared inside an experiment that has not named it.
    """
    now = _declared.get()
    if now is not None and name not in now[1] and name.partition("/")[0] not in now[1]:
        raise NotDeclared(f"{now[0]} takes {name}: add it to uses=… of its @experiment")
    return _path(name)


@contextmanager
def only(experiment: str, declared: Sequence[str]) -> Iterator[None]:
    """The block is this experiment's, and may take what it declared."""
    token = _declared.set((experiment, frozenset(declared)))
    try:
        yield
    finally:
        _declared.reset(token)


def digest(module: Path, declared: Sequence[str]) -> str:
    """Changes with each file that an experiment of this module uses, and with no other.

    The module, what it imports of other experiments, what lies beside these (Dockerfiles), this
    room, what it declared, the kit's version.
    """
    state = hashlib.sha256(version("buildlab").encode())
    files = {path for name in declared for path in _files(_path(name))}
    files |= _code(module) | set(_files(Path(__file__).parent))
    for path in sorted(files):
        state.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return state.hexdigest()


def _path(name: str) -> Path:
    first, _, rest = name.partition("/")
    root = _places[first]()
    return root / rest if rest else root


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts]


def _code(module: Path) -> set[Path]:
    """The module, all of the kit's experiments that it imports, and what lies beside these.

    Beside modules of `programs` lie programs: they are declared, one by one.
    """
    root = _root(module)
    if root is None:
        return {module}
    found: set[Path] = set()
    todo = [module]
    while todo:
        path = todo.pop()
        if path not in found:
            found.add(path)
            todo += _imported(path, root)
    folders = {path.parent for path in found} - {root, root / PROGRAMS}
    return found | {p for folder in folders for p in _files(folder) if p.suffix != ".py"}


def _root(module: Path) -> Path | None:
    """The folder of the kit's experiments, where the module is below it."""
    root = Path(__file__).parents[1] / PACKAGE.rpartition(".")[2]
    return root if module.is_relative_to(root) else None


@functools.cache
def _imported(path: Path, root: Path) -> tuple[Path, ...]:
    """The modules below `root` that this one imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    modules = (root.joinpath(*n.split(".")[2:]).with_suffix(".py") for n in names)
    return tuple(m for m in modules if m.is_file())
