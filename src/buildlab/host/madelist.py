"""The list of what the kit made: one file for each folder, in `.buildlab` in the kit's home."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from buildlab import loading
from buildlab.host import private
from buildlab.host.contents import MARK, VERSIONS, entries
from buildlab.host.process import ProcessId

_SAYS = "Made by buildlab, which deletes it: ./lab clean. Its number in buildlab's list:"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list. `path` is relative to the home where it lies inside.

    `made`: the folder itself is ours; else only what came into it after the names in `theirs`.
    `owner` is the process that made it. `passing`: it stands for a folder beside `path` that is
    gone when its owner is, whatever is at `path`.
    """

    id: str
    path: str
    made: bool = True
    theirs: tuple[str, ...] = ()
    owner: str = ""
    passing: bool = False

    @classmethod
    def new(cls, path: str, *, made: bool = True, theirs: tuple[str, ...] = ()) -> Entry:
        """A line with an id of its own, owned by this process."""
        me = ProcessId.of(os.getpid())
        owner = f"{me.pid} {me.started} {me.boot}" if me else ""
        return cls(secrets.token_hex(8), path, made, theirs, owner)

    @property
    def owner_lives(self) -> bool:
        pid, _, rest = self.owner.partition(" ")
        now = ProcessId.of(int(pid)) if pid.isdigit() else None
        return now is not None and rest == f"{now.started} {now.boot}"


@dataclass(frozen=True, slots=True)
class MadeList:
    """The list of one home."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / MARK

    def __iter__(self) -> Iterator[Entry]:
        for file in entries(self.folder):
            if (entry := _entry(file)) is not None:
                yield entry

    def of(self, folder: Path) -> Entry | None:
        """The line whose id is on the folder's mark and whose path is the folder's."""
        entry = _entry(self.folder / f"{marked(folder)}.json")
        return entry if entry and self.path(entry) == folder else None

    def noted(self, folder: Path) -> Entry | None:
        """The line with this path, whether it carries a mark or not."""
        name = self.name(folder)
        found = (e for e in self if e.path == name)
        return next(iter(sorted(found, key=lambda e: not e.made)), None)

    def path(self, entry: Entry) -> Path:
        return self.root if entry.path == "." else self.root / entry.path

    def name(self, folder: Path) -> str:
        """How the list writes a path."""
        inside = folder.is_relative_to(self.root)
        return str(folder.relative_to(self.root) if inside else folder)

    def write(self, entry: Entry) -> None:
        private.make_folder(self.folder)
        private.write(self.folder / f"{entry.id}.json", json.dumps(asdict(entry)))

    def strike(self, entry: Entry) -> None:
        (self.folder / f"{entry.id}.json").unlink(missing_ok=True)


def mark(folder: Path, entry: Entry) -> None:
    """Give a folder its mark."""
    private.write(folder / MARK, f"{_SAYS}\n{entry.id}\n")


def marked(folder: Path) -> str:
    """The id on the folder's mark, "" where it has none."""
    with suppress(OSError, ValueError, IndexError):
        return (folder / MARK).read_text("utf-8").split()[-1]
    beside = loading.kept(_Marked, folder / VERSIONS)  # the engine's packages: a file of theirs
    return beside.id if beside else ""


@dataclass(frozen=True, slots=True)
class _Marked:
    id: str = ""


def _entry(file: Path) -> Entry | None:
    """A line of the list. One with a field that this kit doesn't know is none: what a later kit
    says there may be that the folder isn't ours."""
    data = loading.kept(dict[str, Any], file)
    if data is None or not {"theirs"} <= data.keys() <= {f.name for f in fields(Entry)}:
        return None
    with suppress(loading.Damaged):
        return loading.from_data(Entry, data)
    return None
