"""A full disk: the engine's or this machine's own, told with bytes and a remedy."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError, DiskFull, UsageError, no_space
from buildlab.record import flags as docker

_NEARLY_FULL = 0.05
"""A disk with a smaller part free counts as full, once a step said so."""


_LOW_BYTES = 64 << 20
_LOW_PART = 0.03
"""Writes fail a little before nothing is free: ext4 keeps up to 16 MiB back, even from root."""
_LOW_FILES = 500
_LOOK_S = 0.02


class Watch:
    """Looks again and again, on a thread, whether the engine's disk is full, until it is closed.

    A look costs microseconds. An engine's disk that can't be seen from here is never full.
    """

    def __init__(self, engine: Engine) -> None:
        self._folder = _engine_root(engine)
        self._fine_at = time.time()
        self._spans: list[tuple[float, float]] = []
        self.lowest_bytes: int | None = None
        self._closed = threading.Event()
        self._look()
        if self._folder is not None:
            threading.Thread(target=self._watch, name="buildlab-disk", daemon=True).start()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._look()

    def _watch(self) -> None:
        while not self._closed.wait(_LOOK_S):
            self._look()

    def _look(self) -> None:
        """Take note of how it stands now."""
        now = time.time()
        if self._folder is not None and self._low(self._folder):
            self._spans.append((self._fine_at, now))
        self._fine_at = now

    def full_during(self, start_s: float, end_s: float) -> bool:
        """Whether it was full at some time between two moments, in seconds since 1970."""
        return any(start_s <= until and end_s >= since for since, until in self._spans)

    @property
    def was_full(self) -> bool:
        return bool(self._spans)

    def _low(self, folder: Path) -> bool:
        try:
            disk = os.statvfs(folder)
        except OSError:
            return False
        free = disk.f_bfree * disk.f_frsize  # the engine is root: what is kept for root is its
        low = free < min(_LOW_BYTES, disk.f_blocks * disk.f_frsize * _LOW_PART)
        if disk.f_files:
            low = low or disk.f_ffree < min(_LOW_FILES, disk.f_files * _LOW_PART)
        if low:
            self.lowest_bytes = min(free, free if self.lowest_bytes is None else self.lowest_bytes)
        return low


def client_fault(fault: OSError, home: Path) -> BaseException:
    """An error of this machine's own files or programs, with what to do."""
    if no_space(fault):
        folder = Path(fault.filename or home).parent
        return _disk_full(folder, f"in {folder}", f"free some space: du -sh {home}")
    return fault


def not_written(path: Path, fault: OSError) -> BuildlabError:
    """A file of the user's that could not be written after the build."""
    if no_space(fault):
        return _disk_full(path.parent, f"for {path}", "free some space, or name another file")
    return UsageError(f"can't write {path}: {fault.strerror}", "name another file")


def result_not_written(flags: Sequence[str]) -> DiskFull | None:
    """No space where the flags send a result; None where they send it to no place here."""
    return next((_no_space_for(place) for place in docker.destinations(flags)), None)


def full_for_result(flags: Sequence[str]) -> DiskFull | None:
    """The same, where that place is seen to be full: the client itself doesn't say why it ended."""
    for place in docker.destinations(flags):
        total, _, free = shutil.disk_usage(_folder_of(place))
        if free < total * _NEARLY_FULL:
            return _no_space_for(place)
    return None


def _no_space_for(place: Path) -> DiskFull:
    hint = "free some space there, or name another place: --output, --cache-to"
    return _disk_full(_folder_of(place), f"for {place}", hint)


def _folder_of(place: Path) -> Path:
    """The folder, of those that are there, on whose disk this place is."""
    absolute = place.absolute()
    return next(p for p in (absolute, *absolute.parents) if p.is_dir())


def _engine_root(engine: Engine) -> Path | None:
    """The engine's data folder, where this process can see it. The engine is not asked."""
    data = engine.state_dir / "data" if engine.state_dir is not None else None
    return data if data is not None and data.is_dir() else None


def disk_is_full(engine: Engine) -> bool:
    """Whether a step's "no space left" is the engine's; True where that can't be told."""
    root = _engine_root(engine)
    if root is None:
        return True
    # What the failed step had written is deleted by now, so "0 bytes free" is not to be expected.
    total, _, free = shutil.disk_usage(root)
    return free < total * _NEARLY_FULL


def engine_disk_full(engine: Engine) -> DiskFull:
    return _disk_full(
        _engine_root(engine),
        "on the engine's disk",
        f"free some space, then start from an empty cache, since results of this session are "
        f"suspect: {engine.emptied_by}",
    )


def _disk_full(folder: Path | None, where: str, hint: str) -> DiskFull:
    free = ""
    if folder is not None and folder.exists():
        free = f": {shutil.disk_usage(folder).free} bytes are free"
    return DiskFull(f"no space left {where}{free}", hint)
