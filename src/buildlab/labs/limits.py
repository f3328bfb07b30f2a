"""A limit on the disk that one build of an answer may take: a broken one could fill it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from buildlab.engine.model import Engine
from buildlab.errors import TimedOut
from buildlab.host.beside import Beside
from buildlab.host.settings import Settings
from buildlab.record.phrases import format_bytes

DISK_BYTES = 3 * 10**9
"""Many times what any lab needs."""
_LOOK_S: Final = 0.2


class TooMuch(TimedOut):
    """A build took more of the disk than an answer may, and was ended."""


@contextmanager
def limited(engine: Engine) -> Iterator[None]:
    """End the build of this block where it takes more than that of the engine's disk.

    Raises TooMuch then. Where the engine's disk is not this machine's, that of the kit's home is
    looked at.
    """
    folder = engine.state_dir or Settings.from_env().paths.root
    before, over, reached = _free(folder), threading.Event(), threading.Event()
    fault = TooMuch(
        f"the build was ended: it took more than {format_bytes(DISK_BYTES)} of disk",
        "look for the step that writes so much",
    )

    def look() -> None:
        while not over.wait(_LOOK_S):
            if before - _free(folder) > DISK_BYTES:
                reached.set()
                raise fault

    with Beside(once=True) as beside:
        beside.start(look)
        try:
            yield
        except KeyboardInterrupt:  # what a build makes of a client that was ended
            if reached.is_set():
                raise fault from None
            raise
        finally:
            over.set()


def _free(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
