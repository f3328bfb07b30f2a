"""Give an engine its base images: those that it has, else pulled, else assembled here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from buildlab.engine.images import pulling
from buildlab.engine.images.assembly import Assembly
from buildlab.engine.images.layout import Layout
from buildlab.engine.images.model import (
    CANONICAL,
    FOUND_NOTE,
    LABEL,
    NOTES,
    PULLED_NOTE,
    BaseImage,
    embedded,
)
from buildlab.engine.images.pulling import Pins, Reach, Unreachable
from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError, DiskFull
from buildlab.host import child, unpacking
from buildlab.host.paths import Home

if TYPE_CHECKING:
    import docker

Progress = Callable[[str], None]


@dataclass
class Provider:
    """One engine, and the home folder that keeps what was assembled for it."""

    engine: Engine
    home: Path
    progress: Progress

    @cached_property
    def assembly(self) -> Assembly:
        return Assembly(self.home)

    @cached_property
    def pins(self) -> Pins:
        return Pins(self.home / "images" / "pins.json")

    @cached_property
    def reach(self) -> Reach:
        return Reach(self.home / "images" / "registries.json")

    @property
    def keeps_images(self) -> bool:
        """Whether images are put into the engine itself.

        Only into one of ours: in the user's Docker a local equivalent under a canonical name
        would stand in for the published image in the user's own builds.
        """
        return self.engine.can.keep_images

    def provide(self) -> tuple[BaseImage, ...]:
        """All base images, in the order of CANONICAL."""
        if not self.engine.can.build:
            return ()
        home = Home(self.home)
        home.make(home.images)
        found = self._present() if self.keeps_images else {}
        missing = [name for name in CANONICAL if name not in found]
        digests = self._resolve(missing)
        for name in missing:
            if name in digests:
                image = self._pulled(name, digests[name])
                if image:
                    found[name] = image
        rest = [name for name in CANONICAL if name not in found]
        self.assembly.make([self._variant(name) for name in rest], self.progress)
        for name in rest:
            found[name] = self._local(name)
        return tuple(found[name] for name in CANONICAL)

    def _present(self) -> dict[str, BaseImage]:
        """What the engine has already, and needs no renewal."""
        import docker.errors

        found = {}
        for name in CANONICAL:
            try:
                image = self._client().images.get(name)
            except docker.errors.NotFound:  # the name, or a layer lost when the machine died
                continue
            digest, size = str(image.id), int(image.attrs.get("Size", 0))
            if image.labels.get(LABEL) != name:
                ours = self.pins.get(name) == digest
                note = PULLED_NOTE if ours else FOUND_NOTE
                found[name] = BaseImage(name, digest, "pulled", note, size)
            elif self._newer(name, digest) is None:
                found[name] = BaseImage(name, digest, "local equivalent", NOTES[name], size)
        return found

    def _newer(self, name: str, digest: str) -> Layout | None:
        """What should replace the local equivalent in the engine, if anything."""
        layout = self._layout(name)
        if layout is None:  # the recipe or this machine's certificates have changed
            try:
                self.assembly.make([self._variant(name)], self.progress)
            except BuildlabError:  # what the engine has still works
                return None
            layout = self._layout(name)
        return layout if layout and layout.digest != digest else None

    def _resolve(self, names: list[str]) -> Mapping[str, str]:
        """The digests of the images that can be pulled now, by name; asks all at once."""
        if not names:
            return {}
        question = (
            pulling.through_buildx(self.engine)
            if self.engine.socket is None
            else pulling.through_engine(self._client(pulling.ASK_LIMIT_S))
        )

        def ask(name: str) -> tuple[str, str]:
            try:
                digest = pulling.resolve(question, name, self.pins, self.reach)
            except Unreachable as why:
                self.progress(f"{name} can't be pulled ({why})")
                return name, ""
            return name, digest

        with ThreadPoolExecutor(len(names)) as pool:
            return {name: digest for name, digest in pool.map(ask, names) if digest}

    def _pulled(self, name: str, digest: str) -> BaseImage | None:
        if not self.keeps_images:  # the builder pulls it with the first FROM
            self.pins.put(name, digest)
            return BaseImage(name, digest, "pulled", PULLED_NOTE, 0)
        self.progress(f"pulling {name}@{digest[:19]}…")
        try:
            return pulling.pull(self._client(600), name, digest, self.pins, self.reach)
        except Unreachable as why:
            self.progress(f"{name} can't be pulled ({why})")
            return None

    def _local(self, name: str) -> BaseImage:
        layout = self._layout(name)
        assert layout is not None
        if self.keeps_images:
            self.progress(f"loading the local equivalent of {name}")
            load(self.engine, layout)
        return BaseImage(name, layout.digest, "local equivalent", NOTES[name], layout.size_bytes)

    def _variant(self, name: str) -> str:
        return embedded(name) if self.keeps_images else name

    def _layout(self, name: str) -> Layout | None:
        return self.assembly.get(self._variant(name))

    def _client(self, timeout_s: int = 60) -> docker.DockerClient:
        client = self.engine.client()
        client.api.timeout = timeout_s
        return client


_LOAD_LIMIT_S = 600
_LOOK = "look at it: buildlab engine status"


def load(engine: Engine, layout: Layout) -> None:
    """Put an image into the engine's store under its name. Raises EngineError, DiskFull."""
    unpacking.require_blobs(layout.path)
    done = child.run(
        [*engine.cli, "load", "--quiet"],
        given=layout.archive,
        env=engine.child_env(),
        limit_s=_LOAD_LIMIT_S,
        what=f"loading {layout.name}",
        late=_LOOK,
    )
    if not done.ok and "no space left" in done.err.lower():
        raise DiskFull(
            f"no space is left for {layout.name} in the engine",
            "free some space, then: buildlab images",
        )
    done.require_ok(f"the engine didn't take {layout.name}", _LOOK)
