"""Where a Debian tree grows: in memory where there is plenty, since dpkg writes many files."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from buildlab.host.ours import Ours

_MEMORY = Path("/dev/shm")
_NEEDED_BYTES = 2 << 30


@contextmanager
def folder(default: Path, ours: Ours) -> Iterator[Path]:
    """A scratch folder in memory, or where temporary files go; `default` for root, on its disk.

    mmdebstrap without root writes as a mapped user, who may enter no folder of ours: for it, the
    scratch folder is open, under a name that nobody can list.
    """
    root = os.geteuid() == 0
    if not _plenty() and root:
        yield default
        return
    place = _MEMORY if _plenty() else Path(tempfile.gettempdir())
    with ours.temporary(place / "buildlab-tree") as closed:
        if root:
            yield closed
            return
        closed.chmod(0o711)
        inside = closed / secrets.token_hex(16)
        inside.mkdir()
        inside.chmod(0o777)
        yield inside


def _plenty() -> bool:
    try:
        status = os.statvfs(_MEMORY)
    except OSError:
        return False
    usable = not status.f_flag & (os.ST_NOEXEC | os.ST_NODEV | os.ST_RDONLY)
    free = min(status.f_bavail * status.f_frsize, psutil.virtual_memory().available // 2)
    return usable and free > _NEEDED_BYTES
