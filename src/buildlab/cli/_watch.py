"""Grade on each save: one check at a time, in a process of its own that a newer save ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from buildlab.errors import spoken
from buildlab.host import child
from buildlab.labs.copies import Copy


def watch(copy: Copy) -> None:
    """Check now and after each save of the working copy. Ends by Ctrl-C, with its check."""
    import watchfiles

    print(spoken(f"Watching {copy.path}. Save a file to check again; Ctrl-C ends."), flush=True)
    saves = watchfiles.watch(copy.path, raise_interrupt=True)
    while True:
        with child.shown(_command(copy)):  # its build in the engine ends with it
            changes = next(saves)
        names = sorted({path.removeprefix(f"{copy.path}/") for _, path in changes})
        print(f"\nSaved: {', '.join(names[:3])}", flush=True)


def _command(copy: Copy) -> Sequence[str]:
    return (sys.executable, "-m", "buildlab", "labs", "check", copy.lab.slug)
