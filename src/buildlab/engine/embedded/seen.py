"""Engines of ours as the process table shows them: found by what they are, not by a file."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from buildlab.host.process import ProcessId, child_of

_ALIVE_FD = "9"


@dataclass(frozen=True, slots=True)
class Seen:
    """The processes of one engine. `uplink` is None where its network has ended."""

    supervisor: ProcessId
    init: ProcessId
    uplink: ProcessId | None
    packages: Path
    address: str


def engines(state_dir: Path) -> Iterator[Seen]:
    """The engines that run from this state folder, be it deleted by now.

    Such an engine's supervisor has the folder among its arguments (see `init.sh`) and holds the
    folder's file `alive` open.
    """
    for pid, words in _commands("unshare"):
        told = len(words) > 4 and words[-4].endswith("/init.sh") and words[-2] == str(state_dir)
        if not (told and _holds_alive(pid)):
            continue
        supervisor, init = ProcessId.of(pid), ProcessId.of(child_of(pid) or 0)
        if supervisor is not None and init is not None:
            uplink, address = _uplink(init.pid)
            yield Seen(supervisor, init, uplink, Path(words[-3]), address)


def _uplink(init: int) -> tuple[ProcessId | None, str]:
    """The network of an engine, and the engine's address in it."""
    for pid, words in _commands("slirp4netns"):
        if words[-2:] == [str(init), "tap0"]:
            cidr = next((w.partition("=")[2] for w in words if w.startswith("--cidr=")), "")
            with suppress(ValueError, IndexError):
                return ProcessId.of(pid), str(ipaddress.ip_network(cidr)[100])
    return None, ""


def _commands(name: str) -> Iterator[tuple[int, list[str]]]:
    """Number and words of each process of this user's with this program name."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if folder.stat().st_uid != os.geteuid():
                continue
            if (folder / "comm").read_text().strip() == name:
                words = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                yield int(folder.name), [os.fsdecode(word) for word in words]


def _holds_alive(pid: int) -> bool:
    try:
        file = Path(f"/proc/{pid}/fd/{_ALIVE_FD}").readlink()
    except OSError:
        return False
    return file.name.removesuffix(" (deleted)") == "alive"
