"""Which lessons a handout is made of: found by name or path, taken as executed or not."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat

from buildlab.errors import UsageError

Notebook = Any
KEPT = "executed"
"""The folder beside the handouts that keeps the executed lessons."""
OURS = "buildlab"
"""The key in an executed notebook's metadata: when and on which machine."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A notebook to make a handout of. `when` and `machine` say where its outputs come from."""

    name: str
    path: Path
    notebook: Notebook
    when: str = ""
    machine: str = ""

    @property
    def title(self) -> str:
        """The text of its first line, without the mark of a heading."""
        first = self.notebook.cells[0].source if self.notebook.cells else ""
        return first.splitlines()[0].lstrip("# ").strip() if first.strip() else self.name

    @property
    def executed(self) -> bool:
        """Whether every code cell ran; a cell that failed did so because it was meant to."""
        cells = [c for c in self.notebook.cells if c.cell_type == "code" and c.source.strip()]
        return bool(cells) and all(c.execution_count and not _broke(c) for c in cells)


def _broke(cell: Any) -> bool:
    meant = "raises-exception" in cell.metadata.get("tags", [])
    return not meant and any(o.output_type == "error" for o in cell.outputs)


def find(wanted: Sequence[str], root: Path) -> list[Path]:
    """The notebooks that the words name ("01", "01_layer_cache", a path); all where none is given.

    Raises UsageError for a word that names none, or several.
    """
    lessons = sorted(root.joinpath("notebooks").glob("[0-9]*.ipynb"))
    if not wanted:
        return lessons
    found = [_named(word, lessons) for word in wanted]
    names = [path.stem for path in found]
    if double := next((n for n in names if names.count(n) > 1), ""):
        raise UsageError(f"{double} is named twice", "name each lesson once")
    return found


def _named(word: str, lessons: Iterable[Path]) -> Path:
    path = Path(word)
    if path.suffix == ".ipynb" and path.is_file():
        return path
    stem = path.name.removesuffix(".ipynb")
    found = [p for p in lessons if p.stem == stem or p.stem.startswith(f"{stem}_")]
    if len(found) != 1:
        raise UsageError(
            f"no lesson {word!r}" if not found else f"{word!r} names several lessons",
            f"name one of {', '.join(p.stem for p in lessons)}, or a path to a notebook",
        )
    return found[0]


def read(path: Path) -> Lesson:
    """The notebook as it lies there. Raises UsageError where it is none."""
    try:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as e:  # nbformat raises many kinds, of json's and its own
        raise UsageError(f"{path} can't be read as a notebook: {e}", "name another file") from e
    told = notebook.metadata.get(OURS, {})
    saved = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    return Lesson(
        path.stem,
        path,
        notebook,
        told.get("when", f"saved {saved:%Y-%m-%d}"),
        told.get("machine", "on a machine that the notebook does not name"),
    )


def stripped(lesson: Lesson) -> Notebook:
    """A copy of the notebook without outputs, to be executed."""
    notebook = copy.deepcopy(lesson.notebook)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def keep(lesson: Lesson, folder: Path) -> Path:
    """Write what was executed, all or a part of it; where."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{lesson.name}.ipynb"
    lesson.notebook.metadata[OURS] = {"when": lesson.when, "machine": lesson.machine}
    nbformat.write(lesson.notebook, path)  # type: ignore[no-untyped-call]
    return path
