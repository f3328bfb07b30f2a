"""Is an instance sound: all of its processes at work, its API and its containerd answering.

dockerd answers a ping while its containerd is dead or stopped, so more than a ping is asked.
"""

from __future__ import annotations

import signal
from http.client import HTTPException

from buildlab.engine.embedded.instance import Instance
from buildlab.host import unixhttp
from buildlab.host.process import ProcessId, children_of, name_of

SOUND_LIMIT_S = 2.0
# dockerd asks containerd for an image before it can say that there is none of this name.
_NO_SUCH_IMAGE = "/images/buildlab.local/no-such-image/json"
_NOT_FOUND = 404


def sound(running: Instance, limit_s: float = SOUND_LIMIT_S) -> bool:
    """Whether the engine can work now, asked within `limit_s` seconds."""
    if not lives(running) or any(part.stopped() for part in running.parts):
        return False
    try:
        return unixhttp.status(running.socket_path, _NO_SUCH_IMAGE, limit_s) == _NOT_FOUND
    except (OSError, HTTPException):
        return False


def lives(running: Instance) -> bool:
    """Whether all is there, so that waiting for an answer makes sense.

    dockerd starts a new containerd in place of one that died, but takes 16 s for it, and its
    BuildKit may go on asking the old one: starting the whole engine anew is quicker and sure.
    """
    there = running.whole() and all(part.alive() for part in running.parts)
    return there and "containerd" in {name_of(p.pid) for p in daemons(running)}


def daemons(running: Instance) -> tuple[ProcessId, ...]:
    """dockerd and its containerd, as far as they are there."""
    dockerd = [p for p in children_of(running.init.pid) if name_of(p.pid) == "dockerd"]
    beneath = [p for d in dockerd for p in children_of(d.pid)]
    return (*dockerd, *(p for p in beneath if name_of(p.pid) == "containerd"))


def resume(running: Instance) -> bool:
    """Let processes of the engine go on that somebody stopped (SIGSTOP). True if one was."""
    stopped = [p for p in (*running.parts, *daemons(running)) if p.stopped()]
    for process in stopped:
        process.signal(signal.SIGCONT)
    return bool(stopped)
