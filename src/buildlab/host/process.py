"""Processes that aren't our children: are they alive, are they still the same, make them end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process, told from a later one with the same number by when it started.

    `started` is in clock ticks since boot; `boot` identifies the boot.
    """

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """The process that has this number now, None if there is none or it is a zombie."""
        stat = _stat(pid)
        return None if stat is None or stat[0] in "ZX" else cls(pid, stat[1], _boot_id())

    def alive(self) -> bool:
        """Whether this very process still runs. A zombie doesn't; ours is reaped."""
        if ProcessId.of(self.pid) == self:
            return True
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return False

    def stopped(self) -> bool:
        """Whether it was told to stop (SIGSTOP), and waits for being told to go on."""
        stat = _stat(self.pid)
        return stat is not None and stat == ("T", self.started)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process is gone."""
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def spawn(argv: Sequence[str], fds: Mapping[int, int], env: Mapping[str, str]) -> int:
    """Start a process that outlives us, in a session of its own, at /. Returns its PID.

    `fds` maps the child's descriptor numbers to ours; it gets no others.
    """
    # Through numbers above all others first, so that no target overwrites a source.
    unused = max((*fds, *fds.values())) + 1
    high = {target: unused + i for i, target in enumerate(fds)}
    actions = [(os.POSIX_SPAWN_DUP2, fds[t], h) for t, h in high.items()]
    actions += [(os.POSIX_SPAWN_DUP2, h, t) for t, h in high.items()]
    closes = [(os.POSIX_SPAWN_CLOSE, h) for h in high.values()]
    return os.posix_spawnp(
        "env",
        ["env", "-C", "/", *argv],
        dict(env),
        file_actions=[*actions, *closes],
        setsid=True,
        setsigdef=[signal.SIGINT, signal.SIGPIPE, signal.SIGTERM, signal.SIGHUP],
        setsigmask=[],
    )


def terminate(pid: int) -> None:
    """Ask a child of ours to end; with all that it has started, if it leads a process group."""
    with suppress(ProcessLookupError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGTERM)
        else:
            os.kill(pid, signal.SIGTERM)


def child_of(pid: int) -> int | None:
    """The first child of a process, None where it has none (yet)."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN, or no such process
        children = [p.name for p in Path("/proc").glob("[0-9]*") if _parent(int(p.name)) == pid]
    except OSError:
        return None
    return int(children[0]) if children else None


def children_of(pid: int) -> list[ProcessId]:
    """All children of a process, whichever of its threads started them."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        numbers = [int(n) for t in threads for n in (t / "children").read_text().split()]
    except OSError:  # a kernel without CONFIG_PROC_CHILDREN, or it ends
        found = (int(p.name) for p in Path("/proc").glob("[0-9]*"))
        numbers = [number for number in found if _parent(number) == pid]
    return [process for number in numbers if (process := ProcessId.of(number))]


def descendants(pid: int) -> list[ProcessId]:
    """All that a process has started, and what those have."""
    return [one for child in children_of(pid) for one in (child, *descendants(child.pid))]


def name_of(pid: int) -> str:
    """The name of a process's program, cut to 15 characters; "" where there is none."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Poll until the condition holds; False where it doesn't within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    pause_s = 0.002
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.05)
    return True


def holders(file: Path, names: Sequence[str]) -> list[ProcessId]:
    """The processes of these program names that have this file open."""
    found = []
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with suppress(OSError):
            if folder.with_name("comm").read_text().strip() not in names:
                continue
            if any(fd.samefile(file) for fd in folder.iterdir() if fd.exists()):
                process = ProcessId.of(int(folder.parent.name))
                found += [process] if process else []
    return found


def _stat(pid: int) -> tuple[str, int] | None:
    """State letter and start time (clock ticks since boot) of a process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[19])


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
