"""How much of a download by apt is there: apt itself says it on terminals only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from buildlab.basics.telling import Tell, count
from buildlab.engine.packages.apt import Apt
from buildlab.errors import BuildlabError
from buildlab.host.beside import Stopped

_LOOK_S = 0.3


@contextmanager
def counted(batches: Sequence[tuple[Apt, Sequence[str]]], progress: Tell) -> Iterator[None]:
    """While these packages are downloaded in the block, tell how many bytes of them are there."""
    done = Event()

    def look() -> None:
        with suppress(Stopped, BuildlabError):  # the download itself says what is wrong
            of = sum(apt.sizes(packages) for apt, packages in batches)
            while not done.wait(_LOOK_S):
                count(progress, min(of, sum(_there(apt.folder / "debs") for apt, _ in batches)), of)

    thread = Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _there(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with suppress(OSError):  # just renamed
            total += file.stat().st_size
    return total
