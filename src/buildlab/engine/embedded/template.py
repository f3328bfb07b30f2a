"""Templates: data folders that hold base images and nothing else, for fresh engines to start from.

A fresh engine gets copies of the databases, hard links to the image blobs (which are replaced,
never rewritten) and, inside its namespace, read-only mounts of the unpacked layers.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import secrets
import shutil
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from buildlab.engine.embedded import instance, launch
from buildlab.engine.packages.ensuring import Packages
from buildlab.errors import EngineError
from buildlab.host import child, private, unpacking
from buildlab.host.paths import Home
from buildlab.host.settings import tool_env

_LOAD_LIMIT_S = 300
_PIECE = 1 << 20
_DATABASES = ("*.metadata.v1.bolt/meta.db", "*.snapshotter.v1.*/metadata.db")
_BLOBS = "*.content.v1.content/blobs/*/*"
_LAYERS = "*.snapshotter.v1.*/snapshots/*"


@dataclass(frozen=True, slots=True)
class Template:
    """A template; `data` is its data folder."""

    data: Path

    def populate(self, state_dir: Path) -> None:
        """Give a new engine's state folder these images."""
        store = self.data / "containerd/daemon"

        def place(source: Path) -> Path:
            target = state_dir / "data" / source.relative_to(self.data)
            private.make_folder(target.parent)
            return target

        for database in (found for pattern in _DATABASES for found in store.glob(pattern)):
            shutil.copyfile(database, place(database))
        for blob in store.glob(_BLOBS):
            os.link(blob, place(blob))
        layers = list(store.glob(_LAYERS))
        for layer in layers:
            place(layer).mkdir()
        (state_dir / "template").symlink_to(self.data)
        names = (f"{layer.relative_to(self.data)}\n" for layer in layers)
        private.write(state_dir / "borrowed", "".join(names))


def ensure(
    home: Home,
    packages: Packages,
    images: Sequence[Path],
    progress: Callable[[str], None] = lambda _: None,
) -> Template:
    """The template with these images (OCI layout folders, or tar files that `docker load` reads).

    The caller holds the lock "templates". Made where it isn't there yet; others that no engine
    uses are deleted. Raises EngineError with docker's words.
    """
    key = _key(packages, images)
    folder = home.make(home.templates) / key
    if not (folder / "data").is_dir():
        progress("preparing base images for fresh engines")
        drop_unused(home, keep=key)
        part = home.ours.own(home.templates / f"part-{secrets.token_hex(4)}")
        try:
            running = launch.start(part, packages.folder, name="template")
            for image in images:
                _load(running, image)
            running.stop()
            if not folder.is_dir():
                home.ours.own(folder)
            (part / "data").rename(folder / "data")
        finally:
            instance.remove(part)
    return Template(folder / "data")


def _key(packages: Packages, images: Sequence[Path]) -> str:
    """Changes with any image and with the engine's version."""
    parts = [json.dumps([packages.versions.get(p) for p in ("docker.io", "containerd")])]
    parts += sorted(_fingerprint(image) for image in images)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _fingerprint(image: Path) -> str:
    if image.is_dir():  # an OCI layout's index names its content by digest
        return hashlib.sha256((image / "index.json").read_bytes()).hexdigest()
    with tarfile.open(image) as archive:
        for name in ("index.json", "manifest.json"):
            try:
                index = archive.extractfile(name)
            except KeyError:
                continue
            if index is not None:
                return hashlib.sha256(index.read()).hexdigest()
    raise EngineError(f"{image} holds no image", "make it with: docker save --output FILE IMAGE")


def _load(running: instance.Instance, image: Path) -> None:
    docker = running.packages / "bin/docker"
    if image.is_dir():
        unpacking.require_blobs(image)
    done = child.run(
        [docker, "load", "--quiet"],
        given=functools.partial(_packed, image),
        env=tool_env(DOCKER_HOST=running.socket, DOCKER_CONFIG=str(running.state_dir)),
        limit_s=_LOAD_LIMIT_S,
        what=f"loading {image.name}",
    )
    done.require_ok(f"can't load {image}", "prepare it again: buildlab setup")


def _packed(image: Path, pipe: IO[bytes]) -> None:
    """Write the image as an archive: that of a layout's folder, or the one that it is."""
    if image.is_dir():
        with tarfile.open(fileobj=pipe, mode="w|") as archive:
            archive.add(image, ".")
        return
    with image.open("rb") as file:
        shutil.copyfileobj(file, pipe, _PIECE)


def drop_unused(home: Home, keep: str = "") -> None:
    """Delete all templates but `keep` and those that a fresh engine uses."""
    used = {p.readlink().parent for p in home.fresh.glob("*/template")}
    for folder in home.templates.glob("*"):
        if folder.name != keep and folder not in used and home.ours.entry(folder) is not None:
            instance.remove(folder)  # a killed process's may still run
