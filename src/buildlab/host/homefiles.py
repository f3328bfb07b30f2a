"""The kit's home, told apart: what is ours goes; what isn't stays, is named and is counted."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildlab.errors import BuildlabError, EngineError, quoted
from buildlab.host import fitness, madelist
from buildlab.host.contents import FILES, MARK, PACKAGES, SHAPES, entries, is_real_folder
from buildlab.host.ours import Ours, names
from buildlab.host.settings import Settings

_UNMARKED = (
    "not known to be buildlab's: yours, or made before buildlab marked what it makes; "
    "if it is nothing of yours: rm -r "
)
_COPY = "it carries the mark of another folder, so it is a copy; if you don't need it: rm -r "
_BEFORE = "there before buildlab used this folder; if it is nothing of yours: rm -r "
_INSIDE = "put there by somebody else"
_FOREIGN = "not buildlab's"
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Left:
    """What was left alone, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Part:
    """A folder or file in the home of which something is ours."""

    path: Path


def ours_in(settings: Settings, *, but: Collection[str] = ()) -> tuple[Part, ...]:
    """What is to be removed from the home, without the names in `but`; nothing is changed."""
    ours = settings.paths.ours
    found = [Part(path) for path, _ in ours.unfinished()]
    for name in SHAPES:
        path = settings.home / name
        if name not in but and path.is_dir():
            parted = ours.parted(path)
            if parted.ours or ours.entry(path) is not None:
                found.append(Part(path))
    noted = (settings.home / name for entry in ours.list if (name := entry.path) not in SHAPES)
    found += [Part(p) for p in sorted(noted) if p.parent == settings.home and p.is_file()]
    return tuple(found)


def remove(settings: Settings, part: Part) -> str:
    """Remove what is ours of one part; "" or why something of it is still there."""
    ours = settings.paths.ours
    try:
        if part.path.name in SHAPES:
            ours.remove(part.path)
        elif ours.list.noted(part.path) is not None:
            ours.remove_noted(part.path)
        else:
            ours.sweep()
        if os.path.lexists(part.path) and ours.entry(part.path) is not None:
            return "could not be deleted"
    except (OSError, BuildlabError) as error:
        return f"could not be deleted: {getattr(error, 'strerror', None) or error}"
    return ""


def left_in(settings: Settings, *, but: Collection[str] = ()) -> tuple[Left, ...]:
    """What in the home isn't ours, with the reason; `but` is kept by the user's wish."""
    return tuple(_left(settings, but))


def _left(settings: Settings, but: Collection[str]) -> Iterator[Left]:
    ours = settings.paths.ours
    others = []
    for path in entries(settings.home):
        if path.name == MARK or path.name in but or (ours.list.noted(path) and path.is_file()):
            continue
        if path.name not in (*SHAPES, *FILES):
            if not _unfinished(ours, path):
                others.append(path)
        elif path.name in FILES or not path.is_dir():
            yield Left(str(path), _UNMARKED + quoted(path))
        else:
            yield from _in_folder(ours, path)
    if len(others) > _SHOWN:
        yield Left(str(settings.home), f"{len(others)} other files and folders: {_FOREIGN}")
    else:
        yield from (Left(str(path), _FOREIGN) for path in others)
    outside = settings.packages_dir
    if outside is not None and outside.is_dir() and not outside.is_relative_to(settings.home):
        why = "outside the home, where other homes may use it too; if none does: rm -r "
        known = ours.parted(outside, PACKAGES).proven or ours.entry(outside) is not None
        yield Left(str(outside), why + quoted(outside) if known else _FOREIGN)


def _in_folder(ours: Ours, path: Path) -> Iterator[Left]:
    parted, entry = ours.parted(path), ours.entry(path)
    if entry is None and not parted.ours:
        yield Left(str(path), (_COPY if madelist.marked(path) else _UNMARKED) + quoted(path))
        return
    if path.is_symlink():
        yield Left(str(path), "a link that you made; what buildlab put behind it goes")
    before = [p for p in parted.others if entry is not None and p.name in entry.theirs]
    if before:
        yield Left(str(path), f"{names([p.name for p in before])}: {_BEFORE}{quoted(path)}")
    later = [p for p in parted.others if p not in before]
    yield from (Left(str(p), _INSIDE) for p in later[:_SHOWN])
    if len(later) > _SHOWN:
        yield Left(str(path), f"{len(later) - _SHOWN} more in it: {_INSIDE}")


def foreign(settings: Settings) -> dict[str, str]:
    """All that isn't ours in the home: path → what would change if it were touched.

    Other disks that are mounted there are not entered. Empty where the home is no fit place for
    one: nothing is ours there.
    """
    ours, home = settings.paths.ours, settings.home
    try:
        fitness.require_home(home)
    except EngineError:
        return {}
    found: dict[str, str] = {}
    for path in entries(home):
        if path.name in (MARK, *FILES) or _unfinished(ours, path):
            continue
        if path.name in SHAPES and path.is_dir():
            if ours.entry(path) is None:
                found[str(path)] = _state(path)
            for other in ours.parted(path).others:
                found.update(_tree(other))
            if path.is_symlink():
                found[str(path)] = _state(path)
        else:
            found.update(_tree(path))
    return found


def again(before: Mapping[str, str]) -> dict[str, str]:
    """The same paths as they are now, without those that are gone."""
    now = ((path, _state(Path(path))) for path in before)
    return {path: state for path, state in now if state}


def _unfinished(ours: Ours, path: Path) -> bool:
    return any(path == place for place, _ in ours.unfinished())


def _tree(top: Path) -> Iterator[tuple[str, str]]:
    yield str(top), _state(top)
    if is_real_folder(top) and not top.is_mount():
        for path in entries(top):
            yield from _tree(path)


def _state(path: Path) -> str:
    """A file's identity, mode, size and time; of a folder, identity and mode."""
    try:
        s = path.lstat()
    except OSError:
        return ""
    own = f"{s.st_ino} {s.st_mode:o} {s.st_uid}:{s.st_gid}"
    return own if is_real_folder(path) else f"{own} {s.st_size} {s.st_mtime_ns}"
