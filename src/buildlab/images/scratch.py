"""Where a Debian tree grows: in memory where there is plenty, since dpkg writes many files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from buildlab.engine.paths import short_hash

_MEMORY = Path("/dev/shm")
_NEEDED_BYTES = 2 << 30


@contextmanager
def folder(default: Path) -> Iterator[Path]:
    """A scratch folder in memory, or `default`. What a killed run left there is removed first."""
    place = _MEMORY / f"buildlab-{short_hash(default)}"
    shutil.rmtree(place, ignore_errors=True)
    if not _plenty():
        yield default
        return
    place.mkdir()
    place.chmod(0o777)  # as for `default`: mmdebstrap without root writes as a mapped user
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _plenty() -> bool:
    try:
        status = os.statvfs(_MEMORY)
    except OSError:
        return False
    usable = not status.f_flag & (os.ST_NOEXEC | os.ST_NODEV | os.ST_RDONLY)
    free = min(status.f_bavail * status.f_frsize, psutil.virtual_memory().available // 2)
    return usable and free > _NEEDED_BYTES
