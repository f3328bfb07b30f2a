"""Grade on each save: one check at a time, in a process of its own that a newer save ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

from buildlab.errors import spoken
from buildlab.host.process import terminate
from buildlab.labs.copies import Copy

_END_S = 30.0


def watch(copy: Copy) -> None:
    """Check now and after each save of the working copy. Ends by Ctrl-C, with its check."""
    import watchfiles

    print(spoken(f"Watching {copy.path}. Save a file to check again; Ctrl-C ends."), flush=True)
    running = _begin(copy)
    over = threading.Event()
    try:
        for changes in watchfiles.watch(copy.path, stop_event=over, raise_interrupt=True):
            names = sorted({path.removeprefix(f"{copy.path}/") for _, path in changes})
            _end(running)
            print(f"\nSaved: {', '.join(names[:3])}", flush=True)
            running = _begin(copy)
    finally:
        over.set()
        _end(running)


def _begin(copy: Copy) -> subprocess.Popen[bytes]:
    return subprocess.Popen(_command(copy))


def _command(copy: Copy) -> Sequence[str]:
    return (sys.executable, "-m", "buildlab", "labs", "check", copy.lab.slug)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a check as Ctrl-C would, so that its build ends in the engine, too."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=_END_S)
    except subprocess.TimeoutExpired:
        terminate(process.pid)
