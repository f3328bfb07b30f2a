"""Working copies: a lab's start, where a learner changes it; nothing of theirs is ever lost."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from buildlab.errors import UsageError, quoted
from buildlab.host.settings import Settings
from buildlab.labs import reading
from buildlab.labs.files import files
from buildlab.labs.model import Lab

_BACKUPS: Final = ".before"
README: Final = "README.md"
NOTEBOOK: Final = "lab.ipynb"


@dataclass(frozen=True, slots=True)
class Copy:
    """A working copy of a lab. `notebook` lies beside it, and is no part of the answer."""

    lab: Lab
    path: Path

    @property
    def exists(self) -> bool:
        return self.path.is_dir()

    @property
    def file(self) -> Path:
        """The file that the learner begins with."""
        return self.path / self.lab.file

    @property
    def notebook(self) -> Path:
        return self.path.with_name(f"{self.lab.name}.ipynb")

    def digest(self) -> str:
        """Changes with each file of the answer."""
        state = hashlib.sha256()
        for name, path in files(self.path):
            state.update(f"{name}\0{path.lstat().st_mode:o}\0".encode())
            state.update(path.read_bytes() if path.is_file() else b"")
        return state.hexdigest()

    def changed(self) -> tuple[str, ...]:
        """The files that are not as the start has them, or that it doesn't have."""
        given = {name: path.read_bytes() for name, path in files(self.lab.start)}
        mine = {name: path.read_bytes() for name, path in files(self.path) if path.is_file()}
        both = sorted({*given, *mine})
        return tuple(name for name in both if given.get(name) != mine.get(name))


def work() -> Path:
    """Where learners' copies are: BUILDLAB_WORK, else work/ in the checkout."""
    return Settings.from_env().work_dir or reading.folder().parent / "work"


def copy_of(lab: Lab) -> Copy:
    """The working copy of a lab, there or not."""
    return Copy(lab, work() / "labs" / lab.name)


def begin(lab: Lab) -> tuple[Copy, bool]:
    """Make the working copy, and the notebook beside it; whether it was made now.

    What is there stays as it is. Raises UsageError where it can't be written.
    """
    copy = copy_of(lab)
    made = not copy.exists
    try:
        if made:
            _copied(lab.start, copy.path)
        if not copy.notebook.exists() and (lab.path / NOTEBOOK).is_file():
            text = (lab.path / NOTEBOOK).read_text("utf-8")
            there = os.path.relpath(lab.path, copy.notebook.parent)
            text = text.replace(f"({README})", f"({there}/{README})")
            copy.notebook.write_text(text.replace("(../../", f"({there}/../../"), "utf-8")
    except OSError as fault:
        raise _unwritable(copy.path, fault) from fault
    return copy, made


def begun(lab: Lab) -> Copy:
    """The working copy. Raises UsageError where there is none (any more)."""
    copy = copy_of(lab)
    if not copy.exists:
        raise UsageError(
            f"there is no working copy of {lab.slug} in {copy.path}: not begun, moved or deleted",
            f"buildlab labs begin {lab.slug}",
        )
    return copy


def reset(lab: Lab) -> tuple[Copy, Path | None]:
    """Begin anew; what was there is kept, and where (None where there was nothing)."""
    copy = copy_of(lab)
    kept = _set_aside(copy)
    return begin(lab)[0], kept


def solve(lab: Lab) -> tuple[Copy, Path | None]:
    """Put the solution in place, for who comes late; what was there is kept, and where."""
    copy, kept = reset(lab)
    for name, path in files(lab.solution):
        if name != "WHY.md":
            target = copy.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return copy, kept


def here(folder: Path) -> Lab:
    """The lab whose working copy this folder is, or is inside. Raises UsageError for none."""
    root = (work() / "labs").resolve()
    folder = folder.resolve()
    if folder.is_relative_to(root / _BACKUPS):
        raise UsageError(
            f"{folder} is what was kept when a lab was begun anew, and is not graded",
            f"cd {quoted(root / folder.relative_to(root / _BACKUPS).parts[0].partition('-')[0])}",
        )
    if folder.is_relative_to(root) and folder != root:
        return reading.find(folder.relative_to(root).parts[0])
    raise UsageError(
        f"{folder} is no lab's working copy, and no lab is named",
        "name one: buildlab labs check late_arguments; see all: buildlab labs list",
    )


def _set_aside(copy: Copy) -> Path | None:
    """Move a copy with changes to the backups."""
    if not copy.exists:
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    kept = copy.path.parent / _BACKUPS / f"{copy.lab.name}-{stamp}"
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        copy.path.rename(kept)
        if copy.notebook.exists():
            copy.notebook.rename(kept.with_suffix(".ipynb"))
    except OSError as fault:
        raise _unwritable(kept, fault) from fault
    return kept


def _copied(source: Path, target: Path) -> None:
    """All of it or nothing, so that half a copy is never taken for one."""
    half = target.with_name(f".{target.name}.part")
    shutil.rmtree(half, ignore_errors=True)
    half.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, half, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    half.rename(target)


def _unwritable(path: Path, fault: OSError) -> UsageError:
    return UsageError(
        f"{path} can't be written: {fault.strerror}",
        f"look: ls -ld {quoted(path.parent)}; or: export BUILDLAB_WORK=/a/folder/of/yours",
    )
