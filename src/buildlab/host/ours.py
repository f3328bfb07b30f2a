"""What the kit made: folders that carry a mark, whose id the kit's own list has.

A folder is ours where its mark has an id of the list and the list has the folder's path: a mark
that somebody copied elsewhere makes nothing ours. Nothing but what is ours is ever deleted,
moved or given another mode.

A folder goes by being renamed first: there is never a half of it under its own name. What a
killed process left half made or half deleted has the id in its name, and is swept later.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from buildlab.basics import jsontext
from buildlab.errors import EngineError, quoted
from buildlab.host import fitness, madelist, private
from buildlab.host.contents import MARK, SHAPES, STATE, Parted, Shape, entries, is_real_folder
from buildlab.host.contents import parted as parts_of
from buildlab.host.deleting import away, delete, deleted, unnamed
from buildlab.host.madelist import Entry, MadeList

_ANY = Shape({})


@dataclass(frozen=True, slots=True)
class Ours:
    """What is ours in one home."""

    root: Path

    @property
    def list(self) -> MadeList:
        return MadeList(self.root)

    def make_home(self) -> None:
        """The home and its list. Raises OSError, EngineError where it isn't fit to be one."""
        if self.list.folder.is_dir():
            return
        fitness.require_home(self.root)
        if private.make_folder(self.root) or _all_ours(self.root):
            self.list.write(Entry.new("."))
        private.make_folder(self.list.folder)

    def make(self, folder: Path) -> Path:
        """`folder` below the home, made where it isn't there, private, and known as ours.

        A folder of the user's under this name is used beside what is in it, which stays theirs.
        Raises OSError, and EngineError where the home or the folder isn't fit for use.
        """
        self.make_home()
        if folder == self.root:
            return folder
        top = self.root / folder.relative_to(self.root).parts[0]
        entry = self.entry(top)
        if entry is None:
            self._own(top, SHAPES.get(top.name, _ANY))
        elif entry.made and stat.S_IMODE(top.lstat().st_mode) & 0o077 and is_real_folder(top):
            top.chmod(0o700)
        fitness.require_own(self.root, top)
        private.make_folder(folder)
        return folder

    def own(self, folder: Path) -> Path:
        """A new folder with a mark of its own, below one that `make` made. Raises OSError."""
        self._own(folder, STATE)
        return folder

    def note(self, folder: Path) -> None:
        """List what is about to be made and can hold no mark."""
        self.list.write(Entry.new(self.list.name(folder)))

    def file(self, name: str) -> Path:
        """A path in the home for a file of ours: of this name, or one like it that is free."""
        self.make_home()
        stem, _, ending = name.partition(".")
        names = (name, *(f"{stem}-{n}.{ending}" for n in range(2, 100)))
        paths = (self.root / name for name in names)
        path = next(p for p in paths if self.list.noted(p) or not os.path.lexists(p))
        if not self.list.noted(path):
            self.note(path)
        return path

    def entry(self, folder: Path) -> Entry | None:
        """The list's line for this folder, which carries its mark; None where it isn't ours.

        A folder in which all is listed by itself needs no mark.
        """
        shape = SHAPES.get(folder.name)
        if shape is not None and shape.listed and folder.parent == self.root:
            return None if madelist.marked(folder) else self.list.noted(folder)
        return self.list.of(folder)

    def parted(self, folder: Path, shape: Shape | None = None) -> Parted:
        """What in this folder is ours and what isn't."""
        entry = self.entry(folder)
        if entry is None and madelist.marked(folder):  # a copy of a folder of ours, or its mark
            return Parted(others=list(entries(folder)))
        listed = {self.list.path(e) for e in self.list}
        found = parts_of(
            folder,
            shape or SHAPES.get(folder.name, STATE),
            listed.__contains__,
            marked=entry is not None,
            theirs=entry.theirs if entry else (),
        )
        half = {path for path, _ in self.unfinished() if path.parent == folder}
        found.ours += [p for p in found.others if p in half]
        found.others = [p for p in found.others if p not in half]
        return found

    def remove(self, folder: Path, shape: Shape | None = None) -> tuple[Path, ...]:
        """Delete what is ours of a folder, at once for who looks at its name.

        Returns what was left, as it isn't ours. Raises OSError where something can't be deleted,
        EngineError where a disk is mounted inside.
        """
        if not os.path.lexists(folder):
            return ()
        fitness.require_no_mounts(folder)
        known, found = self.entry(folder), self.parted(folder, shape)
        if known is None and not found.ours:
            return tuple(found.others)
        entry = known or Entry.new(self.list.name(folder), made=found.proven)
        no_list = not self.list.folder.is_dir()
        self.list.write(entry)
        if entry.made and not found.others and is_real_folder(folder):
            away(folder, deleted(folder, entry))
        else:
            for path in sorted(found.ours, key=lambda p: p.name == MARK):
                away(path, deleted(folder / path.name, entry))  # where the sweep looks
        self.list.strike(entry)
        if no_list:
            with suppress(OSError):
                self.list.folder.rmdir()
        return tuple(found.others)

    def remove_inside(self, path: Path) -> None:
        """Delete a folder or file inside a folder of ours, if it is there.

        Raises OSError, and EngineError where it isn't ours or holds what isn't.
        """
        if not os.path.lexists(path):
            return
        top = self.root / path.relative_to(self.root).parts[0]
        entry = self.entry(top)
        if entry is None or path not in self.parted(top).ours:
            raise EngineError(
                f"{path} isn't as buildlab made it, so buildlab doesn't replace it",
                f"move away what you put there: ls -A {quoted(path)}",
            )
        away(path, deleted(top / path.name, entry))

    def remove_noted(self, path: Path) -> None:
        """Delete what was listed by `note`, and nothing else. Raises OSError."""
        if (entry := self.list.noted(path)) is not None:
            if os.path.lexists(path):
                away(path, deleted(path, entry))
            self.list.strike(entry)

    def place(self, new: Path, folder: Path, mark: str) -> None:
        """Move the folder `new` to `folder`, listed as ours; `mark` is a JSON file in it that gets
        the id, and comes last where `folder` is there already. Raises OSError.
        """
        there = folder.is_dir()
        if there and self.entry(folder) is None:
            self._take(folder, _ANY)
        entry = self.entry(folder) or Entry.new(self.list.name(folder))
        data = jsontext.loads((new / mark).read_bytes())
        private.write(new / mark, json.dumps({**data, "id": entry.id}, indent=1, sort_keys=True))
        self.list.write(entry)
        if not there:
            new.chmod(0o700)
            new.rename(folder)
            return
        for path in sorted(entries(new), key=lambda p: p.name == mark):
            path.rename(folder / path.name)

    @contextmanager
    def temporary(self, near: Path) -> Iterator[Path]:
        """An empty folder beside `near`, gone after the block; a killed process's is swept."""
        entry = replace(Entry.new(self.list.name(near), made=False), passing=True)
        self.list.write(entry)
        folder = unnamed(near, entry)
        private.make_folder(folder)
        try:
            yield folder
        finally:
            delete(folder)
            self.list.strike(entry)

    def unfinished(self) -> Iterator[tuple[Path, Entry]]:
        """What killed processes left half made or half deleted."""
        for entry in self.list:
            path = self.list.path(entry)
            places = [deleted(path, entry)]
            places += [] if entry.owner_lives else [unnamed(path, entry)]
            if is_real_folder(path):
                places += [p for p in entries(path) if p.name.endswith(f".deleted-{entry.id}")]
            yield from ((p, entry) for p in places if os.path.lexists(p))

    def sweep(self) -> None:
        """Delete what is unfinished, and strike what is gone."""
        for path, _ in tuple(self.unfinished()):
            with suppress(OSError):  # the next one tries again
                delete(path)
        left = {entry.id for _, entry in self.unfinished()}
        for entry in tuple(self.list):
            gone = entry.passing or not os.path.lexists(self.list.path(entry))
            if gone and not entry.owner_lives and entry.id not in left:
                self.list.strike(entry)

    def forget(self) -> None:
        """Delete the list where nothing that it names is there any more; and the home, where the
        kit made it and nothing is in it."""
        self.sweep()
        known = tuple(self.list)
        if not is_real_folder(self.list.folder):
            return  # a file of the user's, of the name that the list has
        if any(e.passing or (e.path != "." and os.path.lexists(self.list.path(e))) for e in known):
            return
        delete(self.list.folder)
        if any(e.path == "." for e in known):
            with suppress(OSError):
                self.root.rmdir()

    def _own(self, folder: Path, shape: Shape) -> None:
        """Make a folder that appears with its mark, or take one that is there into use."""
        if shape.listed:
            made = private.make_folder(folder)
            theirs = tuple(p.name for p in entries(folder) if not made)
            self.list.write(Entry.new(self.list.name(folder), made=made, theirs=theirs))
            return
        if os.path.lexists(folder):
            if not self.entry(folder):  # else another process, or thread, has just made it
                self._take(folder, shape)
            return
        entry = Entry.new(self.list.name(folder))
        self.list.write(entry)
        new = unnamed(folder, entry)
        private.make_folder(new)
        madelist.mark(new, entry)
        try:
            new.rename(folder)
        except OSError:
            delete(new)
            self.list.strike(entry)
            if not self.entry(folder):  # else another process was faster
                raise

    def _take(self, folder: Path, shape: Shape) -> None:
        """Use a folder of the user's, or one made before the kit marked its own."""
        found = parts_of(folder, shape, lambda _: False, marked=False)
        theirs = tuple(p.name for p in entries(folder) if p not in found.ours and p.name != MARK)
        if clash := [name for name in theirs if shape.exact and shape.has(name)]:
            raise EngineError(
                f"{folder} isn't buildlab's, and holds {names(clash)}, which it would write over",
                "set BUILDLAB_HOME to a folder of its own: export BUILDLAB_HOME=/path/to/folder",
            )
        others = [p for p in found.others if p.name != MARK]
        whole = found.proven and not others and is_real_folder(folder)
        entry = Entry.new(self.list.name(folder), made=whole, theirs=theirs)
        self.list.write(entry)
        madelist.mark(folder, entry)


def _all_ours(root: Path) -> bool:
    """Whether a home without a list holds what kits before the list made, and nothing else."""
    found = [
        p.name in SHAPES and parts_of(p, SHAPES[p.name], lambda _: False, marked=False)
        for p in entries(root)
    ]
    return bool(found) and all(
        part and part.proven and {p.name for p in part.others} <= {MARK} for part in found
    )


def of(folder: Path) -> Ours:
    """The home whose list is nearest above this folder; the folder's parent where none is."""
    above = (p for p in folder.parents if (p / MARK).is_dir())
    return Ours(next(above, folder.parent))


def names(paths: Collection[Path | str], limit: int = 3) -> str:
    """Some paths in a sentence."""
    shown = ", ".join(str(p) for p in tuple(paths)[:limit])
    return f"{shown} and {len(paths) - limit} more" if len(paths) > limit else shown
