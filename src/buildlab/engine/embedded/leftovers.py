"""State folders of fresh engines carry their owner's process in their name: the dead's are ours."""

from __future__ import annotations

import os
from contextlib import suppress

from buildlab.engine.embedded import instance
from buildlab.errors import EngineError
from buildlab.host.paths import Home
from buildlab.host.process import ProcessId


def owned_name(session: str) -> str:
    """A folder name that says that this process is its owner."""
    me = ProcessId.of(os.getpid())
    if me is None:
        raise EngineError("/proc shows no processes", "mount it: mount -t proc proc /proc")
    return f"{me.pid}-{me.started}-{session}"


def sweep(home: Home) -> None:
    """Remove what fresh engines left whose owner was killed."""
    for folder in home.fresh.glob("*-*-*"):
        pid, started, _ = folder.name.split("-", 2)
        if not (pid.isdigit() and started.isdigit()) or home.ours.entry(folder) is None:
            continue
        owner = ProcessId.of(int(pid))
        if owner is None or owner.started != int(started):
            with suppress(FileNotFoundError):  # another process sweeps too
                instance.remove(folder)
