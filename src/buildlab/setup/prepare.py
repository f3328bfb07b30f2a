"""Make ready what every build needs: an engine with base images, proved, and the Go modules.

What doesn't depend on each other runs side by side: where nothing can be pulled, base images are
assembled while the engine is fetched and starts.
"""

from __future__ import annotations

from collections.abc import Callable
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
    """A part of the caller's. On a machine that has all it is begun at once, else it waits until
    the processors have less to do: for the base images."""

    title: str
    do: Callable[[Part], None]


def prepare(watching: Watching | None = None, also: Also | None = None) -> Engine:
    """An engine on which every build of the lessons works; replay's engine needs nothing.

    What is there is left as it is. The first fault in any part ends all of them. Raises
    BuildlabError.
    """
    later = not Settings.from_env().paths.engine.exists()
    # Builds are ended once, and then looked after: the engine is asked whether they have.
    with Beside(once=True) as beside:

        def part(title: str) -> Part:
            return Part(title, watching or Unwatched(), beside.check)

        if also is not None and not later:
            beside.start(lambda: _do(also, part(also.title)))
        bases = part("Base images")
        engine = _engine(part("Engine"), bases)
        if engine.can.build:
            with bases.of(beside.check):
                found = images.ensure(engine, progress=bases)
                bases.result = ", ".join(f"{image.name} ({image.origin})" for image in found)
        if also is not None and later:
            beside.start(lambda: _do(also, part(also.title)))
        if engine.can.build:
            _builds(engine, part)
    return engine


def _engine(part: Part, bases: Part) -> Engine:
    """The engine; the part of its images may begin beside it."""
    outer = part.check
    with Beside() as beside:

        def check() -> None:
            outer()
            beside.check()

        bases.of(check)
        with part.of(check):
            try:
                if ahead.due():
                    beside.start(lambda: ahead.assemble(bases, bases.begin))
                engine = engines.current(progress=part)
            except EngineError as error:
                raise _with_replay(error) from error
            told = dict.fromkeys((engine.info.name, engine.kind, engine.info.engine_version))
            part.result = " ".join(filter(None, told))
    return engine


def _do(also: Also, part: Part) -> None:
    with part:
        also.do(part)


def _builds(engine: Engine, part: Callable[[str], Part]) -> None:
    """What takes builds, one after the other; then room for more of them."""
    with part("A first build") as proof:
        proof.result = f"{ready.prove(engine, proof):.1f} s on these images"
    if engine.can.serve_modules:
        with part("Go modules") as store:
            _fill_store(engine, store)
    trim_cache(engine, part("Build cache"))


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
