"""The cgroups of one engine: all below one name of ours, removed with it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


def folders(name: str) -> list[Path]:
    """The folders of this name in every hierarchy (version 1 has one per controller)."""
    candidates = [_ROOT / name, *(p / name for p in _children(_ROOT))]
    return [p for p in candidates if p.is_dir()]


def remove(name: str) -> bool:
    """Remove the empty cgroups of this name; True if none is left."""
    for top in folders(name):
        for folder, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):  # still busy: the caller tries again
                Path(folder).rmdir()
    return not folders(name)


def _children(folder: Path) -> list[Path]:
    try:
        return [p for p in folder.iterdir() if p.is_dir() and not p.is_symlink()]
    except OSError:
        return []
