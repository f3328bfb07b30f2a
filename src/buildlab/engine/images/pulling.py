"""Pull base images by digest; remember the digests, and which registries can't be reached."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from filelock import FileLock

from buildlab import loading
from buildlab.basics import jsontext
from buildlab.engine.images.layout import full_name
from buildlab.engine.images.model import PULLED_NOTE, BaseImage
from buildlab.engine.model import Engine
from buildlab.errors import DiskFull, TimedOut
from buildlab.host import child, private

if TYPE_CHECKING:
    import docker

T = TypeVar("T")

ASK_LIMIT_S = 10
REMEMBER_S = 3600


class Unreachable(Exception):
    """A registry doesn't answer, or refuses; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Pins:
    """The digest by which each image was first pulled: <home>/images/pins.json."""

    file: Path

    def get(self, name: str) -> str | None:
        return self._read().get(name)

    def put(self, name: str, digest: str) -> None:
        _add(self.file, self._read, name, digest)

    def _read(self) -> dict[str, str]:
        return loading.kept(dict[str, str], self.file) or {}


@dataclass(frozen=True, slots=True)
class Reach:
    """Which registries answered and which didn't: they are not asked again for an hour."""

    file: Path

    def known(self, name: str) -> bool:
        """Whether the image's registry answered within the last hour.

        Raises Unreachable where it failed within the last hour.
        """
        when, why = self._read().get(_registry(name)) or (0, "")
        if not 0 <= time.time() - when < REMEMBER_S:
            return False
        if why:
            raise Unreachable(why)
        return True

    @contextmanager
    def asking(self, name: str) -> Iterator[None]:
        """Remembers how the block ends; turns its failure into Unreachable."""
        import docker.errors
        import requests

        try:
            yield
        except (
            docker.errors.DockerException,
            requests.RequestException,
            ConnectionError,
            TimedOut,
        ) as error:
            if "no space left" in str(error).lower():
                raise DiskFull(
                    f"no space is left for {name}", "free some space, then: buildlab images"
                ) from error
            why = f"{_registry(name)}: {_reason(error)}"
            self._put(name, why)
            raise Unreachable(why) from error
        self._put(name, "")

    def _put(self, name: str, why: str) -> None:
        _add(self.file, self._read, _registry(name), (time.time(), why))

    def _read(self) -> dict[str, tuple[float, str]]:
        return loading.kept(dict[str, tuple[float, str]], self.file) or {}


Ask = Callable[[str], str]
"""Asks a registry for the digest that an image name has now."""


def through_engine(client: docker.DockerClient) -> Ask:
    """The engine asks: what it reaches is what counts."""

    def ask(name: str) -> str:
        answer = client.api.inspect_distribution(name)  # type: ignore[no-untyped-call]
        return str(answer["Descriptor"]["digest"])

    return ask


def through_buildx(engine: Engine) -> Ask:
    """The buildx client asks, for a builder without a docker API."""
    what = ["imagetools", "inspect", "--format", "{{json .Manifest}}"]

    def ask(name: str) -> str:
        argv = [*engine.buildx, *what, name]
        done = child.run(argv, env=engine.child_env(), limit_s=ASK_LIMIT_S)
        if not done.ok:
            raise ConnectionError(done.err.strip().removeprefix("ERROR: "))
        return str(jsontext.loads(done.out)["digest"])

    return ask


def resolve(ask: Ask, name: str, pins: Pins, reach: Reach) -> str:
    """The digest to use: the pinned one, else that of the registry. Raises Unreachable."""
    pinned = pins.get(name)
    if reach.known(name) and pinned:
        return pinned
    with reach.asking(name):
        digest = ask(name)
    return pinned or digest


def pull(
    client: docker.DockerClient, name: str, digest: str, pins: Pins, reach: Reach
) -> BaseImage:
    """Pull by digest and give the image its canonical name. Raises Unreachable."""
    repository, _, tag = name.rpartition(":")
    with reach.asking(name):
        image = client.images.pull(repository, tag=digest)
        image.tag(repository, tag)
    pins.put(name, digest)
    return BaseImage(name, digest, "pulled", PULLED_NOTE, int(image.attrs.get("Size", 0)))


def _registry(name: str) -> str:
    return full_name(name).partition("/")[0]


def _reason(error: Exception) -> str:
    """The last part of the engine's words: "lookup gcr.io: no such host"."""
    words = str(getattr(error, "explanation", None) or error).strip()
    return ": ".join(words.split(": ")[-2:])[:160]


def _add(file: Path, read: Callable[[], dict[str, T]], key: str, value: T) -> None:
    """Set one entry of a JSON object; readers see the old file or the new one.

    Registries are asked side by side, and other processes ask them too: one writes at a time.
    """
    private.make_folder(file.parent)
    with FileLock(file.with_suffix(".lock"), mode=0o600):
        private.write(file, json.dumps({**read(), key: value}, indent=1))
