"""What an engine could leave on a host, read from the kernel."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from buildlab.engine.embedded.cgroups import folders
from buildlab.engine.embedded.daemon_config import cgroup_name
from buildlab.engine.embedded.instance import Instance
from buildlab.host.process import ProcessId

KINDS = ("net", "mnt", "pid")


@dataclass(frozen=True)
class Host:
    """What must be the same before and after."""

    links: tuple[str, ...]
    routes: str
    iptables: str
    run: tuple[str, ...]
    mounts: tuple[str, ...]

    @classmethod
    def now(cls, tools: Path, home: Path) -> Host:
        """`mounts` are those that name the home folder: the host may mount other things."""
        mounts = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
        saved = subprocess.run(
            [tools / "bin/iptables-save"], capture_output=True, text=True, check=False
        )
        return cls(
            links=tuple(sorted(p.name for p in Path("/sys/class/net").iterdir())),
            routes=Path("/proc/net/route").read_text(),
            iptables="\n".join(x for x in saved.stdout.splitlines() if not x.startswith("#")),
            run=tuple(sorted(p.name for p in Path("/run").iterdir() if "buildlab" in p.name)),
            mounts=tuple(x for x in mounts if str(home) in x),
        )


@dataclass(frozen=True)
class Traces:
    """One engine's own: its namespaces and cgroups, noted while it runs."""

    namespaces: tuple[str, ...]
    cgroup: str
    pids: tuple[int, ...]
    held: tuple[BinaryIO, ...]
    """The namespaces, open: else their numbers would be given to the next engine's at once."""

    @classmethod
    def of(cls, running: Instance) -> Traces:
        return cls(
            tuple(_namespace(running.init_pid, kind) for kind in KINDS),
            cgroup_name(running.state_dir),
            (running.supervisor.pid, running.init.pid, running.uplink.pid),
            tuple(Path(f"/proc/{running.init_pid}/ns/{kind}").open("rb") for kind in KINDS),
        )

    def left(self) -> list[str]:
        """Processes inside its namespaces, its own processes, its cgroups: all that is there."""
        processes = [
            f"process {pid}"
            for pid in _pids()
            if pid in self.pids or any(_namespace(pid, kind) in self.namespaces for kind in KINDS)
        ]
        return processes + [str(folder) for folder in folders(self.cgroup)]


def host_listeners(pid: int) -> list[str]:
    """The TCP addresses of the host's network that a process listens on, as the kernel has them."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            inodes.add(str(descriptor.readlink()).removeprefix("socket:[").rstrip("]"))
    rows = [
        row.split()
        for name in ("tcp", "tcp6")
        for row in Path(f"/proc/self/net/{name}").read_text().splitlines()[1:]
    ]
    return [row[1] for row in rows if row[3] == "0A" and row[9] in inodes]


def _pids() -> Iterator[int]:
    """Processes that run: a dead one that its parent (process 1) hasn't reaped yet is no trace."""
    pids = (int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit())
    return (pid for pid in pids if ProcessId.of(pid) is not None)


def _namespace(pid: int, kind: str) -> str:
    with suppress(OSError):
        return str(Path(f"/proc/{pid}/ns/{kind}").readlink())
    return ""
