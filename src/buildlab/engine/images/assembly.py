"""Assemble the local equivalents, once, as OCI layout folders: no engine is needed for it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from buildlab.engine.images import archive, certificates, debian, layout, scratch, toolchain
from buildlab.engine.images.certificates import GO_CERTIFICATES, STATIC_CERTIFICATES
from buildlab.engine.images.layers import Layer, LayerStore
from buildlab.engine.images.layout import Layout
from buildlab.engine.images.model import (
    CANONICAL,
    DEBIAN,
    GOLANG,
    GOLANG_EMBEDDED,
    LABEL,
    STATIC,
    slug,
)
from buildlab.errors import EngineError
from buildlab.host import holding
from buildlab.host.ours import Ours
from buildlab.host.paths import Home

Progress = Callable[[str], None]

# To be raised when layers of the same recipe files would come out differently.
_FORMAT = "1"
_RECIPE = Path(__file__).with_name("recipe")
_ARCHITECTURES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_LIMIT_S = 900.0
"""For how long another process that assembles them is waited for."""
_DEBIAN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_LAYERS = {
    GOLANG: (debian.SLIM, debian.GO_TOOLS, toolchain.GO, GO_CERTIFICATES),
    GOLANG_EMBEDDED: (
        *(debian.SLIM, debian.GO_TOOLS, toolchain.GO, GO_CERTIFICATES),
        toolchain.GO_MODULES,
    ),
    STATIC: (debian.STATIC_FILES, STATIC_CERTIFICATES),
    DEBIAN: (debian.SLIM,),
}
_CONFIG: Mapping[str, Mapping[str, Any]] = {
    GOLANG: {
        "Env": [
            f"PATH=/go/bin:/usr/local/go/bin:{_DEBIAN_PATH}",
            f"GOLANG_VERSION={toolchain.GO_VERSION}",
            "GOTOOLCHAIN=local",
            "GOPATH=/go",
        ],
        "Cmd": ["bash"],
        "WorkingDir": "/go",
    },
    STATIC: {
        "Env": [f"PATH={_DEBIAN_PATH}", f"SSL_CERT_FILE=/{certificates.BUNDLE}"],
        "User": "65532",
        "WorkingDir": "/home/nonroot",
    },
    DEBIAN: {"Env": [f"PATH={_DEBIAN_PATH}"], "Cmd": ["bash"]},
}


@dataclass
class Assembly:
    """The local equivalents of one home folder."""

    home: Path

    @property
    def images(self) -> Path:
        return self.home / "images"

    @property
    def ours(self) -> Ours:
        return Home(self.home).ours

    @cached_property
    def store(self) -> LayerStore:
        return LayerStore(self.images / "layers")

    @cached_property
    def architecture(self) -> str:
        """This machine's, in Docker's words. Raises EngineError for one without a recipe."""
        try:
            return _ARCHITECTURES[platform.machine()]
        except KeyError:
            raise EngineError(
                f"there is no recipe for base images on {platform.machine()}",
                "make Docker Hub and gcr.io reachable, or load the images: docker load",
            ) from None

    @cached_property
    def bundle(self) -> bytes:
        return certificates.host_bundle()

    @cached_property
    def recipe_key(self) -> str:
        """Changes with anything that the layers are made from, but the packages' versions."""
        state = hashlib.sha256(f"{_FORMAT} {self.architecture} {debian.PACKAGES}".encode())
        for path in sorted(p for p in _RECIPE.rglob("*") if p.is_file()):
            state.update(path.relative_to(_RECIPE).as_posix().encode() + b"\0" + path.read_bytes())
        return state.hexdigest()

    def key(self, layer: str) -> str:
        """What a layer must have been made from to be used."""
        own = layer in (GO_CERTIFICATES, STATIC_CERTIFICATES)
        return certificates.key_of(self.bundle) if own else self.recipe_key

    def layer(self, name: str) -> Layer | None:
        return self.store.get(name, self.key(name))

    def get(self, name: str) -> Layout | None:
        """The layout of an image, None where it must be assembled (again)."""
        layers = [self.layer(part) for part in _LAYERS[name]]
        found = layout.read(self.images / slug(name))
        wanted = [layer.digest for layer in layers if layer]
        return found if found and list(found.layers) == wanted else None

    def make(self, names: Sequence[str] = CANONICAL, progress: Progress = lambda _: None) -> None:
        """Assemble what is missing of `names`. One process at a time does it; others wait."""
        if all(self.get(name) for name in names):
            return
        Home(self.home).make(self.images)
        with holding.alone(self.images / "assemble.lock", progress, _LIMIT_S):
            self.ours.sweep()
            missing = [name for name in names if self.get(name) is None]
            self._make_layers({part for name in missing for part in _LAYERS[name]}, progress)
            for name in missing:
                progress(f"writing the local equivalent of {name}")
                self._write(name)
            self.store.prune(layer for layer in map(self.layer, _all_layers()) if layer)

    def _make_layers(self, names: set[str], progress: Progress) -> None:
        missing = {name for name in names if self.layer(name) is None}
        with self.ours.temporary(self.images / "work") as work:
            with ThreadPoolExecutor() as pool:
                jobs = []
                if missing & set(debian.LAYERS):
                    jobs.append(pool.submit(self._debian, work, progress))
                if missing & {toolchain.GO, toolchain.GO_MODULES}:
                    progress("downloading the Go toolchain")
                    jobs.append(pool.submit(self._go, work, progress))
                if missing & {GO_CERTIFICATES, STATIC_CERTIFICATES}:
                    certificates.write_layers(self.store, self.bundle)
            for job in jobs:
                job.result()

    def _debian(self, work: Path, progress: Progress) -> None:
        progress("getting mmdebstrap")
        found = archive.tools(work / "tools")
        mirror = archive.Archive.of_this_machine()
        with scratch.folder(work, self.ours) as fast:
            debian.Bootstrap(
                self.store, self.recipe_key, work, fast, _RECIPE, mirror, progress
            ).run(found)

    def _go(self, work: Path, progress: Progress) -> None:
        toolchain.write_layer(
            self.store,
            self.recipe_key,
            pins=_RECIPE / "go-toolchain.txt",
            bundle=self.home / "bundle",
            work=work,
            architecture=self.architecture,
            progress=progress,
        )

    def _write(self, name: str) -> None:
        layers = [layer for part in _LAYERS[name] if (layer := self.layer(part))]
        published = name.partition("#")[0]
        folder = self.images / slug(name)
        with self.ours.temporary(folder) as part:
            layout.write(
                part / "new",
                published,
                layers,
                self.store,
                architecture=self.architecture,
                config={**_CONFIG[published], "Labels": {LABEL: published}},
            )
            self.ours.remove_inside(folder)
            (part / "new").rename(folder)


def _all_layers() -> set[str]:
    return {part for parts in _LAYERS.values() for part in parts}
