"""Whether a folder may be the kit's home, and whether what lies in it may be run as root."""

from __future__ import annotations

import grp
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from buildlab.errors import EngineError, quoted

_ANOTHER = "set BUILDLAB_HOME to a folder of its own: export BUILDLAB_HOME=/path/to/folder"


def require_home(root: Path) -> None:
    """Raise EngineError where this folder can't be the kit's home: what is in it is too much
    somebody else's."""
    real = root.resolve()
    with suppress(RuntimeError):
        if real == Path.home().resolve():
            raise EngineError(f"BUILDLAB_HOME is {root}, your home folder", _ANOTHER)
    if real == Path(real.anchor):
        raise EngineError(f"BUILDLAB_HOME is {root}, the root of the file system", _ANOTHER)
    if (real / ".git").exists():
        raise EngineError(f"BUILDLAB_HOME is {root}, a git checkout", _ANOTHER)


def open_to_others(folder: Path) -> Path | None:
    """The folder on the way to this one in which others may put things of theirs, if any.

    One with the sticky bit, as /tmp, is none: what is there is safe from others.
    """
    real = folder.resolve()
    for place in _way(folder):
        try:
            found = place.stat()
        except OSError:
            continue
        sticky = found.st_mode & stat.S_ISVTX and place != real
        if not sticky and _open(found):
            return place
    return None


def require_own(root: Path, folder: Path) -> None:
    """Raise EngineError where another account has put `folder` into a home open to others."""
    owner = folder.stat().st_uid
    if owner not in _trusted() and open_to_others(root) is not None:
        raise EngineError(
            f"{folder} belongs to another account (uid {owner}), and {root} is open to others",
            f"look at it: ls -ld {quoted(folder)}; then {_ANOTHER}",
        )


def require_safe_programs(folder: Path) -> None:
    """Raise EngineError where others could exchange the programs in `folder`, which root runs."""
    place = open_to_others(folder)
    if place is not None:
        raise EngineError(
            f"others may write to {place}: they could exchange the engine in {folder}, "
            "which runs as root",
            f"chmod go-w {quoted(place)}, or keep the engine elsewhere: "
            "export BUILDLAB_PACKAGES=/path/to/folder",
        )
    for owned in (*_way(folder), *_links(folder)):
        _require_trusted(owned, folder)
    _require_safe_inside(folder)


def _require_trusted(place: Path, folder: Path) -> None:
    with suppress(FileNotFoundError):
        owner = place.lstat().st_uid
        if owner not in _trusted():
            raise EngineError(
                f"{place} belongs to another account (uid {owner}): root doesn't run programs "
                f"from {folder}",
                "keep the engine elsewhere: export BUILDLAB_PACKAGES=/path/to/folder",
            )


def _require_safe_inside(folder: Path) -> None:
    """Look at each file, where others get into the folder at all."""
    try:
        if not folder.stat().st_mode & 0o077:
            return
    except OSError:
        return
    for top, folders, files in os.walk(folder):
        for path in (Path(top, name) for name in (*folders, *files)):
            _require_trusted(path, folder)
            with suppress(FileNotFoundError):
                found = path.lstat()
                if _open(found) and not stat.S_ISLNK(found.st_mode):
                    raise EngineError(
                        f"others may write to {path}, which root runs or reads",
                        f"chmod -R go-w {quoted(folder)}, if nobody has; else delete it, "
                        "and it is fetched again",
                    )


def _way(folder: Path) -> tuple[Path, ...]:
    """The folder and all above it, and all above the links that lead to it."""
    real = folder.resolve()
    others = (place for link in _links(folder) for place in (link.parent, *link.parent.parents))
    return tuple(dict.fromkeys((real, *real.parents, *others)))


def _links(folder: Path) -> list[Path]:
    """The links on the way to the folder, each by its real place."""
    found: list[Path] = []
    todo = [folder.absolute()]
    while todo:
        path = todo.pop()
        for place in (path, *path.parents):
            real = place.parent.resolve() / place.name
            if place.is_symlink() and real not in found:
                found.append(real)
                todo.append(real.parent / real.readlink())
    return found


def require_no_mounts(folder: Path) -> None:
    """Raise EngineError where something is mounted in `folder`: it isn't ours to delete."""
    inside = f"{folder.resolve()}/"
    found = [p for p in _mounts() if p.startswith(inside)]
    if found:
        raise EngineError(
            f"something is mounted on {found[0]}, which could be yours",
            f"umount {quoted(found[0])}",
        )


def _mounts() -> list[str]:
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", errors="surrogateescape")
    except OSError:
        return []
    places = (line.split()[4] for line in lines.splitlines())
    return [re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), place) for place in places]


def _open(found: os.stat_result) -> bool:
    return bool(found.st_mode & stat.S_IWOTH) or _open_group(found)


def _open_group(found: os.stat_result) -> bool:
    """Whether the group may write and has members that are neither root nor this user."""
    if not found.st_mode & stat.S_IWGRP or found.st_gid in (0, os.getegid()):
        return False
    try:
        return bool(grp.getgrgid(found.st_gid).gr_mem)
    except KeyError:
        return False


def _trusted() -> frozenset[int]:
    """Root, this user, and who became root by sudo."""
    by_sudo = os.environ.get("SUDO_UID", "")
    return frozenset({0, os.geteuid(), *([int(by_sudo)] if by_sudo.isdigit() else [])})
