"""The guard against stale and foreign files in a build.

BuildKit keeps the files of a context between builds and compares by size and modification time,
never by content. What it compares with is found by the context folder's *basename* (and the
client's node id): two folders `x/app` and `y/app` get each other's files, and an edit that keeps
size and mtime (`cp -p`, `touch -r`, an unpacked archive) never arrives, even with --no-cache.

So a build never gets a folder under its own name. It gets a link to it whose name is
`<basename>-<hash of the real path and a generation>`: other folders are out of its reach, and
builds of the same folder still transfer only what changed. For the hidden edits a ledger keeps,
per file, the inode number and ctime that went with each (size, mtime, mode): the same three with
another inode or ctime is what BuildKit would miss. Then the generation moves on: BuildKit knows
nothing under the new name, and everything is sent again.

A folder's mode and extended attributes arrive, yet BuildKit's checksum of it stays as it was, so
that what copies it is cached with the old ones: they are kept per folder. Of links BuildKit misses
nothing, nor where one kind takes the place of another.

A file that the client may not read is no error to it: it arrives empty. So these are named.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from buildlab import loading
from buildlab.host import private

_REMEMBERED = 8
"""So many states are kept per file."""

_ALL_READ = 0o444
_FORMAT = 2
"""Of the ledger; one of another format says too little, so its folder starts anew."""

_Seen = dict[str, list[list[int]]]


class _Look(NamedTuple):
    """What tells a file's state; of a folder: mode, and a digest of its attributes as `size`."""

    size: int
    mtime_ns: int
    mode: int
    ctime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose a ledger is, whatever its format."""

    path: str
    generation: str


@dataclass(frozen=True, slots=True)
class _Ledger(_Owner):
    """What BuildKit may have of a folder's files."""

    format: int
    seen: _Seen


class Guarded(NamedTuple):
    """A link to give to `docker buildx build`, and files that would arrive empty."""

    link: Path
    unreadable: tuple[str, ...] = ()


def guarded(real: Path, folder: Path, slots: Mapping[str, Path]) -> Guarded:
    """A link to the folder `real`, below `folder`, that is safe to give to `docker buildx build`.

    `slots` are all local sources of the build by name (context, dockerfile, named contexts), since
    BuildKit keeps them all under the name of the context. Raises OSError where `folder` can't be
    written.
    """
    real = real.resolve()
    private.make_folder(folder)
    ledger = folder / _ledger_name(real)
    generation, seen = _read(ledger)
    looks = dict(_look_at(slots))
    if any(_hidden(seen.get(name, []), look) for name, look in looks.items()):
        (folder / _link_name(real, generation)).unlink(missing_ok=True)
        generation, seen = os.urandom(4).hex(), {}
    if not ledger.exists():
        _sweep(folder)
    if _learn(seen, looks) or not ledger.exists():
        _write(ledger, real, generation, seen)
    link = folder / _link_name(real, generation)
    if not link.is_symlink():
        link.symlink_to(real, target_is_directory=True)
    return Guarded(link, tuple(_unreadable(slots, looks)))


def _ledger_name(real: Path) -> str:
    return f"{hashlib.sha256(os.fsencode(real)).hexdigest()[:16]}.json"


def _link_name(real: Path, generation: str) -> str:
    salted = os.fsencode(real) + b"\0" + generation.encode()
    name = re.sub(r"[^\w.-]", "_", real.name)[:40] or "root"
    return f"{name}-{hashlib.sha256(salted).hexdigest()[:12]}"


def _unreadable(slots: Mapping[str, Path], looks: Mapping[str, _Look]) -> Iterator[str]:
    """Files of the local folders that this user may not read."""
    for name, look in looks.items():
        if look.mode & _ALL_READ != _ALL_READ and not stat.S_ISDIR(
            look.mode
        ):  # else everybody may: no need to ask
            slot, _, inside = name.partition(":")
            if slots[slot].is_dir() and not os.access(slots[slot] / inside, os.R_OK):
                yield inside


def _look_at(slots: Mapping[str, Path]) -> Iterator[tuple[str, _Look]]:
    for slot, path in slots.items():
        if path.is_dir():
            for name, found in _walk(str(path)):
                yield f"{slot}:{name}", found
        else:
            for file in (path, path.with_name(path.name + ".dockerignore")):
                with suppress(OSError):
                    yield f"{slot}:{file.name}", _look(file.stat())


def _walk(root: str) -> Iterator[tuple[str, _Look]]:
    todo = [root]
    while todo:
        folder = todo.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue  # unreadable: whether that matters, .dockerignore decides
        for entry in entries:
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
                    yield entry.path[len(root) + 1 :], _look_at_folder(entry)
                elif stat.S_ISREG((status := entry.stat(follow_symlinks=False)).st_mode):
                    yield entry.path[len(root) + 1 :], _look(status)


def _look(status: os.stat_result) -> _Look:
    return _Look(
        status.st_size, status.st_mtime_ns, status.st_mode, status.st_ctime_ns, status.st_ino
    )


def _look_at_folder(entry: os.DirEntry[str]) -> _Look:
    """Its times say nothing: they change with what is in it."""
    return _Look(attributes(entry.path), 0, entry.stat(follow_symlinks=False).st_mode, 0, 0)


def attributes(path: str) -> int:
    """A digest of extended attributes; 0 for none, and where they can't be read."""
    if sys.platform != "linux":
        return 0
    try:
        names = sorted(os.listxattr(path, follow_symlinks=False))
        found = [(name, os.getxattr(path, name, follow_symlinks=False)) for name in names]
    except OSError:
        return 0
    digest = hashlib.sha256(repr(found).encode()).digest()
    return int.from_bytes(digest[:6]) if found else 0


def _hidden(seen: list[list[int]], look: _Look) -> bool:
    """Whether BuildKit would take this file for one that it has, though it was written to."""
    if stat.S_ISDIR(look.mode):
        return any(stat.S_ISDIR(s[2]) and s != list(look) for s in seen)
    return any(tuple(s[:3]) == look[:3] and tuple(s[3:]) != look[3:] for s in seen)


def _learn(seen: _Seen, looks: Mapping[str, _Look]) -> bool:
    """Add what is new to `seen`; whether anything was."""
    news = False
    for name, look in looks.items():
        known = seen.setdefault(name, [])
        if list(look) not in known:
            known.append(list(look))
            del known[:-_REMEMBERED]
            news = True
    return news


def _read(ledger: Path) -> tuple[str, _Seen]:
    saved = loading.kept(_Ledger, ledger)
    if saved and saved.format == _FORMAT:
        return saved.generation, saved.seen
    # What BuildKit may have of this folder is unknown: start under a name it never saw.
    return os.urandom(4).hex(), {}


def _write(ledger: Path, real: Path, generation: str, seen: _Seen) -> None:
    data = {
        "format": _FORMAT,
        "path": os.fspath(real),
        "generation": generation,
        "seen": seen,
    }
    private.write(ledger, json.dumps(data, separators=(",", ":")))


def _sweep(folder: Path) -> None:
    """Remove the ledgers of folders that are gone, each with its link; they say whose they are."""
    for ledger in folder.glob("*.json"):
        saved = loading.kept(_Owner, ledger)
        with suppress(OSError, ValueError):
            if saved is None or (real := Path(saved.path)).exists():
                continue
            if ledger.name != _ledger_name(real):
                continue
            link = folder / _link_name(real, saved.generation)
            if link.is_symlink():
                link.unlink()
            ledger.unlink()
