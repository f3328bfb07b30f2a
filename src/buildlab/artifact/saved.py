"""An image as `docker save` writes it: its configuration, and its layers as bytes."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

from buildlab.basics import jsontext
from buildlab.engine.model import Engine


def parts(engine: Engine, ref: str, *, besides: Iterable[str] = ()) -> Iterator[tuple[str, bytes]]:
    """The configuration, with the history, and each layer that none of the images `besides` has.

    Of these images the engine need not have all.
    """
    with closing(engine.client()) as client, tempfile.TemporaryFile() as saved:
        known = {layer for other in filter(None, besides) for layer in _layers(client, other)}
        layers = _layers(client, ref)
        for piece in client.api.get_image(ref):
            saved.write(piece)
        saved.seek(0)
        with tarfile.open(fileobj=saved) as archive:
            listed = jsontext.loads(_read(archive, "manifest.json"))[0]
            yield "configuration or history", _read(archive, listed["Config"])
            for number, (name, layer) in enumerate(zip(listed["Layers"], layers, strict=True), 1):
                if layer not in known:
                    yield f"layer {number}", _read(archive, name)


def _layers(client: Any, ref: str) -> tuple[str, ...]:
    """The layers of an image, base first; none where there is no such image."""
    import docker.errors

    try:
        return tuple(client.api.inspect_image(ref)["RootFS"]["Layers"])
    except docker.errors.NotFound:
        return ()


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    return member.read() if member else b""
