"""An image as the engine holds it: its three sizes, its layers, its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from buildlab.engine.docker.owned import labels
from buildlab.engine.model import Engine
from buildlab.errors import EngineError


@dataclass(frozen=True, slots=True)
class Made:
    """One line of an image's history: the instruction, and the bytes it takes on disk.

    `size_bytes` is that of the unpacked files. Instructions that make no layer have 0.
    """

    instruction: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image in an engine. `listed_bytes` is the number behind SIZE of `docker images`.

    `inspected_bytes` is what `docker image inspect` calls Size: another number, where the
    engine keeps images in containerd's store.
    """

    ref: str
    listed_bytes: int
    inspected_bytes: int
    history: tuple[Made, ...]
    """Base first."""
    config: Mapping[str, Any]
    layers: int

    @property
    def unpacked_bytes(self) -> int:
        """The unpacked files of all layers, as the engine reports them on its disk."""
        return sum(made.size_bytes for made in self.history)

    @property
    def user(self) -> str:
        """USER, "" where the image says none and so runs as root."""
        return str(self.config.get("User") or "")

    @property
    def healthcheck(self) -> tuple[str, ...]:
        """The test of HEALTHCHECK as the image holds it: "CMD" or "CMD-SHELL", then words."""
        return tuple((self.config.get("Healthcheck") or {}).get("Test") or ())


def read(engine: Engine, ref: str) -> Image:
    """What the engine says of an image. Raises EngineError where it has none of that name."""
    import docker.errors

    client = engine.client()
    try:
        found: dict[str, Any] = client.api.inspect_image(ref)  # type: ignore[no-untyped-call]
        history: list[dict[str, Any]] = client.api.history(ref)  # type: ignore[no-untyped-call]
        listed: list[dict[str, Any]] = client.api.images(name=ref)
    except docker.errors.APIError as fault:
        raise EngineError(
            f"{engine.info.name} has no image {ref}: {fault.explanation}",
            "build it first, or pull it",
        ) from fault
    return Image(
        ref,
        listed_bytes=int(listed[0]["Size"]) if listed else int(found["Size"]),
        inspected_bytes=int(found["Size"]),
        history=tuple(Made(h["CreatedBy"], int(h["Size"])) for h in reversed(history)),
        config=found.get("Config") or {},
        layers=len((found.get("RootFS") or {}).get("Layers") or ()),
    )


def id_of(engine: Engine, ref: str) -> str:
    """The id of the image of that name; "" where the engine has none."""
    import docker.errors

    client = engine.client()
    try:
        return str(client.images.get(ref).id)
    except docker.errors.ImageNotFound:
        return ""
    finally:
        client.close()


def label_flags(engine: Engine) -> tuple[str, ...]:
    """The flags of a build whose image is to be known as ours."""
    return tuple(f"--label={name}={value}" for name, value in labels(engine.session).items())


def remove(engine: Engine, ref: str) -> None:
    """Remove an image of ours. What still uses it keeps it."""
    import docker.errors

    client = engine.client()
    with suppress(docker.errors.DockerException):
        client.images.remove(ref, force=True)
    client.close()
