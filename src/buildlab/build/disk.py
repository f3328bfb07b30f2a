"""A full disk: the engine's or this machine's own, told with bytes and a remedy."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError, DiskFull, UsageError

_NEARLY_FULL = 0.05
"""A disk with a smaller part free counts as full, once a step said so."""


def client_fault(fault: OSError, home: Path) -> BaseException:
    """An error of this machine's own files or programs, with what to do."""
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        folder = Path(fault.filename or home).parent
        return _disk_full(folder, f"in {folder}", f"free some space: du -sh {home}")
    return fault


def not_written(path: Path, fault: OSError) -> BuildlabError:
    """A file of the user's that could not be written after the build."""
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(path.parent, f"for {path}", "free some space, or name another file")
    return UsageError(f"can't write {path}: {fault.strerror}", "name another file")


def _engine_root(engine: Engine) -> Path | None:
    """The engine's data folder, where this process can see it."""
    if engine.kind != "embedded":
        return None  # in a virtual machine, for all we know
    try:
        inside = str(engine.client().info()["DockerRootDir"])
    except Exception:
        return None
    root = Path(f"/proc/{engine.netns_pid}/root") if engine.netns_pid else Path("/")
    path = root / inside.lstrip("/")
    return path if path.exists() else None


def disk_is_full(engine: Engine) -> bool:
    """Whether a step's "no space left" is the engine's; True where that can't be told."""
    root = _engine_root(engine)
    if root is None:
        return True
    # What the failed step had written is deleted by now, so "0 bytes free" is not to be expected.
    total, _, free = shutil.disk_usage(root)
    return free < total * _NEARLY_FULL


def engine_disk_full(engine: Engine) -> DiskFull:
    empty = "buildlab engine reset" if engine.kind == "embedded" else "buildlab clean"
    return _disk_full(
        _engine_root(engine),
        "on the engine's disk",
        f"free some space, then start from an empty cache, since results of this session are "
        f"suspect: {empty}",
    )


def _disk_full(folder: Path | None, where: str, hint: str) -> DiskFull:
    free = ""
    if folder is not None and folder.exists():
        free = f": {shutil.disk_usage(folder).free} bytes are free"
    return DiskFull(f"no space left {where}{free}", hint)
