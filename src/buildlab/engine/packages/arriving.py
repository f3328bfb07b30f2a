"""How much of a download by apt is there: apt itself says it on terminals only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from buildlab.basics.telling import Tell, count
from buildlab.engine.packages.apt import Apt
from buildlab.errors import BuildlabError
from buildlab.host.beside import Stopped

_LOOK_S = 0.3


@contextmanager
def counted(batches: Sequence[tuple[Apt, Sequence[str]]], progress: Tell) -> Iterator[None]:
    """While these packages are downloaded in the block, tell how many bytes of them are there."""
    done = Event()
    with ThreadPoolExecutor(2) as pool:
        whole = pool.submit(lambda: sum(apt.sizes(packages) for apt, packages in batches))

        def look() -> None:
            # The download itself says what is wrong.
            with suppress(Stopped, BuildlabError):
                while not done.wait(_LOOK_S):
                    there = sum(_there(apt.folder / "debs") for apt, _ in batches)
                    count(progress, there, whole.result() if whole.done() else 0)

        pool.submit(look)
        try:
            yield
        finally:
            done.set()


def _there(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with suppress(OSError):  # just renamed
            total += file.stat().st_size
    return total
