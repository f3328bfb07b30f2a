"""Make ready what every build needs: an engine with base images, proved, and the Go modules.

What doesn't depend on each other runs side by side: where nothing can be pulled, base images are
assembled while the engine is fetched and starts.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from buildlab import engine as engines
from buildlab.builds import between_builds
from buildlab.engine import ahead, images, trimming
from buildlab.engine.model import Engine
from buildlab.errors import BuildFailed, BuildlabError, EngineError, TimedOut
from buildlab.host.beside import Beside
from buildlab.host.settings import Settings
from buildlab.setup import modules, ready
from buildlab.setup.parts import Part, Unwatched, Watching


@dataclass(frozen=True, slots=True)
class Also:
    """A part of the caller's, done beside what comes after the base images."""

    title: str
    do: Callable[[Part], None]


def prepare(watching: Watching | None = None, also: Also | None = None) -> Engine:
    """An engine on which every build of the lessons works; replay's engine needs nothing.

    What is there is left as it is. The first fault in any part ends all of them. Raises
    BuildlabError.
    """
    with Beside() as beside:
        preparing = _Preparing(watching or Unwatched(), beside)
        engine = preparing.engine()
        if engine.can.build:
            preparing.images(engine)
        if also is not None:
            preparing.start(also)
        if engine.can.build:
            preparing.builds(engine)
    return engine


@dataclass
class _Preparing:
    """One set-up under way."""

    watching: Watching
    beside: Beside

    def part(self, title: str) -> Part:
        return Part(title, self.watching, self.beside.check)

    def start(self, also: Also) -> None:
        def do() -> None:
            with self.part(also.title) as part:
                also.do(part)

        self.beside.start(do)

    def engine(self) -> Engine:
        """The engine; what its images are made of is begun beside it."""
        self._images = self.part("Base images")
        self._ahead: Future[None] | None = None
        with self.part("Engine") as part:
            try:
                if ahead.due():
                    self._assemble()
                engine = engines.current(progress=part)
            except EngineError as error:
                raise _with_replay(error) from error
            told = dict.fromkeys((engine.info.name, engine.kind, engine.info.engine_version))
            part.result = " ".join(filter(None, told))
        return engine

    def _assemble(self) -> None:
        part = self._images

        def work() -> None:
            try:
                ahead.assemble(part, part.begin)
            except BaseException:
                self.watching.failed(part.title)
                raise

        self._ahead = self.beside.start(work)

    def images(self, engine: Engine) -> None:
        """The base images in the engine."""
        if self._ahead is not None:
            self._ahead.result()
        with self._images as part:
            found = images.ensure(engine, progress=part)
            part.result = ", ".join(f"{image.name} ({image.origin})" for image in found)

    def builds(self, engine: Engine) -> None:
        """What takes builds, one after the other; then room for more of them."""
        with self.part("A first build") as part:
            part.result = f"{ready.prove(engine, part):.1f} s on these images"
        if engine.can.serve_modules:
            with self.part("Go modules") as part:
                _fill_store(engine, part)
        trim_cache(engine, self.part("Build cache"))


def _fill_store(engine: Engine, part: Part) -> None:
    """Go modules for lessons without internet; without them lessons still run, with internet."""
    try:
        modules.ensure(engine, part)
        part.result = "here"
    except (BuildFailed, TimedOut) as fault:
        part.check()
        part.result = "not here, so lessons need internet"
        part(fault.message.strip().splitlines()[-1])


def trim_cache(engine: Engine, part: Part) -> None:
    """Room on a disk that gets full, and an engine that starts soon; now, as nothing builds."""
    what = trimming.due(Settings.from_env().paths)
    if what is None:
        return
    with part, between_builds(engine, part):
        try:
            part.result = f"{trimming.trim(engine, what) or '0B'} deleted, {what.why}"
        except TimedOut:  # what is deleted stays so; nobody waits longer for the rest
            part.result = f"deleted in part, {what.why}; the rest next time"


def _with_replay(error: EngineError) -> BuildlabError:
    if "BUILDLAB_REPLAY" in error.hint:
        return error
    return EngineError(
        error.message,
        f"{error.hint}\n  → without any engine, on recorded builds: BUILDLAB_REPLAY=1 ./lab start",
    )
