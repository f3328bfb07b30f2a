"""Locks that processes share, and who holds one: a process that was stopped never lets go."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import filelock

from buildlab.errors import TimedOut
from buildlab.host.process import ProcessId

TELL_AFTER_S = 2.0
STOPPED_S = 10.0
"""A holder that stays stopped (Ctrl-Z, SIGSTOP) for so long is not waited for."""
_SHOWN = 60
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a lock."""

    process: ProcessId

    @property
    def stopped(self) -> bool:
        return self.process.stopped()

    @property
    def words(self) -> str:
        """Its number and command, and whether it was stopped."""
        stopped = ", stopped in its tracks" if self.stopped else ""
        return f"process {self.process.pid}{stopped}: {_command(self.process.pid)}"

    @property
    def remedy(self) -> str:
        """What to type."""
        pid = self.process.pid
        if self.stopped:
            return f"kill -CONT {pid}; or, to end it: kill -KILL {pid}"
        return f"kill {pid}; or wait for it"


class StillHeld(Exception):
    """A lock that could not be had. `holder` is None where that can't be told."""

    def __init__(self, waited_s: float, found: Holder | None) -> None:
        super().__init__(waited_s)
        self.waited_s, self.holder = waited_s, found


def acquire(
    lock: filelock.BaseFileLock,
    limit_s: float,
    waiting: Callable[[Holder | None], None] = lambda _: None,
    *,
    stopped_s: float = STOPPED_S,
) -> None:
    """Take a lock. `waiting` hears who has it, where it is not free within 2 s.

    Raises StillHeld after `limit_s` seconds, or after `stopped_s` for a holder that is stopped.
    """
    began_s = stopped_at_s = time.monotonic()
    told = False
    while True:
        left_s = began_s + limit_s - time.monotonic()
        pause_s = _LOOK_S if told else TELL_AFTER_S
        try:
            lock.acquire(timeout=max(0.0, min(pause_s, left_s)))
            return
        except filelock.Timeout:
            found, now_s = holder(Path(lock.lock_file)), time.monotonic()
        if not told:
            waiting(found)
            told = True
        if found is None or not found.stopped:
            stopped_at_s = now_s
        if now_s - began_s >= limit_s or now_s - stopped_at_s >= stopped_s:
            raise StillHeld(now_s - began_s, found)


@contextmanager
def alone(file: Path, tell: Callable[[str], None], limit_s: float) -> Iterator[None]:
    """Hold the lock `file` for a block. Who waits for it says for whom, again and again.

    Raises TimedOut, naming who holds it, after `limit_s` seconds or where that one is stopped.
    """
    lock = filelock.FileLock(file, mode=0o600)
    began_s = time.monotonic()
    while True:
        try:
            acquire(lock, _LOOK_S)
            break
        except StillHeld as held:
            waited_s, found = time.monotonic() - began_s, held.holder
            stopped = found is not None and found.stopped and waited_s >= STOPPED_S
            if waited_s >= limit_s or stopped:
                raise TimedOut(
                    f"waited {waited_s:.0f} s for {file}, held by "
                    f"{found.words if found else 'another process'}",
                    found.remedy if found else "end that process, then try again",
                ) from held
            tell(f"waiting for {found.words if found else 'another buildlab process'}")
    try:
        yield
    finally:
        lock.release()


def holder(file: Path) -> Holder | None:
    """Who holds the lock (flock) on this file; None where nobody does or it can't be told."""
    with suppress(OSError, ValueError, IndexError):
        found = file.stat()
        place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()  # "1: FLOCK  ADVISORY  WRITE 71 00:2e:1234 0 EOF"
            if words[1] == "FLOCK" and words[5] == place:
                process = ProcessId.of(int(words[4]))
                return Holder(process) if process is not None else None
    return None


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return "?"
    said = shlex.join(os.fsdecode(word) for word in words)
    return said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"
