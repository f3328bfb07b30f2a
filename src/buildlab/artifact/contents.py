"""The files of an image, as a container of it would see them."""

from __future__ import annotations

import tarfile
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from buildlab.engine.docker.owned import container_labels
from buildlab.engine.model import Engine
from buildlab.errors import EngineError

_PLACEHOLDER = ["/"]
"""A container that is never started needs a command all the same."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a link, by its path without the first slash. `link` is where a link leads."""

    path: str
    size_bytes: int
    mode: int
    link: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def runs(self) -> bool:
        """Whether somebody may execute it."""
        return bool(self.mode & 0o111)


def files(engine: Engine, ref: str) -> tuple[Entry, ...]:
    """All files and links of an image, what a later layer deleted left out.

    Nothing of it is run. Raises EngineError where there is no such image.
    """
    import docker.errors

    client = engine.client()
    try:
        made = client.containers.create(
            ref, _PLACEHOLDER, labels=container_labels(engine.session), network_mode="none"
        )
    except docker.errors.ImageNotFound as fault:
        raise EngineError(f"{engine.info.name} has no image {ref}", "build it first") from fault
    try:
        with tarfile.open(fileobj=cast(Any, _Stream(made.export())), mode="r|") as tree:
            return tuple(
                Entry(e.name.removeprefix("./"), e.size, e.mode, e.linkname)
                for e in tree
                if e.isfile() or e.issym() or e.islnk()
            )
    finally:
        with suppress(docker.errors.APIError):
            made.remove(force=True, v=True)


class _Stream:
    """What comes in pieces, as a file that is read from start to end."""

    def __init__(self, pieces: Any) -> None:
        self._pieces, self._left = pieces, b""

    def read(self, size: int) -> bytes:
        while len(self._left) < size and (piece := next(self._pieces, b"")):
            self._left += piece
        taken, self._left = self._left[:size], self._left[size:]
        return taken
