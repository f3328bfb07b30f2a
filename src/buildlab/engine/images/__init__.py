"""Base images under the names that the Dockerfiles use: pulled, or assembled on this machine.

The Dockerfiles of the kit name published images, so a plain `docker build` works for anyone
with internet. Where those can't be pulled, local equivalents are assembled once, as OCI layout
folders; an engine of the kit's own gets them under the canonical names, any other builder as
build contexts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from buildlab.engine.images import layout as _layout
from buildlab.engine.images.model import (
    CANONICAL,
    DEBIAN,
    GOLANG,
    GOLANG_EMBEDDED,
    LABEL,
    STATIC,
    BaseImage,
    slug,
)
from buildlab.engine.images.report import BaseReport, base_report
from buildlab.engine.model import Engine
from buildlab.host.settings import Settings

__all__ = [
    "CANONICAL",
    "DEBIAN",
    "GOLANG",
    "LABEL",
    "STATIC",
    "BaseImage",
    "BaseReport",
    "assemble",
    "base_report",
    "build_contexts",
    "ensure",
    "for_fresh",
    "key",
    "layouts",
    "with_bases",
]

Progress = Callable[[str], None]


def ensure(
    engine: Engine, *, home: Path | None = None, progress: Progress | None = None
) -> tuple[BaseImage, ...]:
    """The base images of this engine, made available where they aren't; in CANONICAL's order.

    Tried in turn: what the engine has, pulling by digest, assembling a local equivalent. A
    registry that didn't answer is not asked again for an hour. Raises EngineError where an
    image can be had in no way, DiskFull.
    """
    from buildlab.engine.images.providing import Provider

    return Provider(engine, _home(home), progress or (lambda _: None)).provide()


def with_bases(
    engine: Engine, *, home: Path | None = None, progress: Progress | None = None
) -> Engine:
    """The engine with base images: one that can't keep them gets them as build contexts."""
    images = ensure(engine, home=home, progress=progress)
    if engine.can.keep_images:
        return engine
    return replace(
        engine, build_contexts={**build_contexts(images, home=home), **engine.build_contexts}
    )


def build_contexts(images: Sequence[BaseImage], *, home: Path | None = None) -> Mapping[str, str]:
    """For `--build-context NAME=…`: where the local equivalents among these images lie."""
    found = {path.name: _layout.read(path) for path in layouts(home)}
    return {
        image.name: layout.build_context
        for image in images
        if image.origin == "local equivalent" and (layout := found.get(slug(image.name)))
    }


def assemble(home: Path | None = None, progress: Progress | None = None) -> tuple[Path, ...]:
    """Assemble all local equivalents, whether they can be pulled or not. Needs no engine."""
    from buildlab.engine.images.assembly import Assembly

    Assembly(_home(home)).make((*CANONICAL, GOLANG_EMBEDDED), progress or (lambda _: None))
    return layouts(home)


def layouts(home: Path | None = None, *, embedded: bool = False) -> tuple[Path, ...]:
    """The OCI layout folders of the local equivalents assembled so far, each with one image.

    With `embedded` the variants that engines of the kit's own get.
    """
    folder = _home(home) / "images"
    names = (DEBIAN, STATIC, GOLANG_EMBEDDED if embedded else GOLANG)
    paths = [folder / slug(name) for name in names]
    return tuple(path for path in paths if (path / "index.json").is_file())


def for_fresh(engine: Engine, *, home: Path | None = None) -> tuple[Path, ...]:
    """What a fresh engine of the kit's own starts from: layouts of what was assembled, archives
    of what the shared engine has pulled. Raises as `ensure` does."""
    from buildlab.engine.images.saving import saved

    found = ensure(engine, home=home)
    local = {image.name for image in found if image.origin == "local equivalent"}
    kept = [
        path
        for path in layouts(home, embedded=True)
        if (layout := _layout.read(path)) and layout.name in local
    ]
    return (*kept, *saved(engine, found, _home(home) / "images"))


def key(home: Path | None = None) -> str:
    """Changes with any of `layouts`; "" where there are none."""
    state = hashlib.sha256()
    found = layouts(home)
    for path in found:
        state.update((path / "index.json").read_bytes())
    return state.hexdigest()[:16] if found else ""


def _home(home: Path | None) -> Path:
    return home or Settings.from_env().home
