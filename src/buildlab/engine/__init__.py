"""Engines: the user's Docker, one of our own, or any buildx builder; one interface.

`engine()` opens one for a block, `current()` gives the one that builds use when none is named.
Both start it on demand; a shared engine goes on running when the block or the process ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from buildlab.engine import choose as _choose
from buildlab.engine.choose import Choice
from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.host.settings import Settings
from buildlab.record.engineinfo import EngineInfo

__all__ = ["Choice", "Engine", "choice", "current", "engine", "forget", "use"]

Progress = Callable[[str], None]

_lock = RLock()
_stack: list[Engine] = []
_default: dict[Settings, Engine] = {}
_bases: dict[Settings, tuple[Path, ...]] = {}


@contextmanager
def engine(
    name: str | None = None, *, fresh: bool = False, builder: str | None = None
) -> Iterator[Engine]:
    """An engine, ready to build; builds in the block use it when they name none.

    `name` is auto, docker or embedded (default: BUILDLAB_ENGINE), `builder` a buildx builder
    (default: BUILDLAB_BUILDER). A `fresh` one starts empty, as a new CI runner does, and is gone
    after the block. Raises EngineError or UsageError with what to install or type.
    """
    settings = Settings.from_env()
    if not fresh:
        with _as_current(_with_bases(_open(settings, name, builder), settings)) as opened:
            yield opened
        return
    found = _choose.choose(settings, name, builder)
    with (
        _open_fresh(settings, found) as runner,
        _as_current(_with_bases(runner, settings)) as opened,
    ):
        yield opened


def current(*, bases: bool = True, progress: Progress = lambda _: None) -> Engine:
    """The engine of the innermost `engine()` block, else the shared one of these settings.

    The shared one is started where it does not run (any more). Without `bases` it may lack the
    images that the lessons' Dockerfiles name. `progress` is told what a start is at. Raises
    EngineError.
    """
    with _lock:
        if _stack:
            return _stack[-1]
        settings = Settings.from_env()
        known = _default.get(settings)
        if known is None or not _alive(known, settings):
            known = _open(settings, None, None, progress)
            if not bases:
                return known
            _default[settings] = known = _with_bases(known, settings)
        return known


def choice(name: str | None = None, *, builder: str | None = None) -> Choice:
    """Which engine would be used now, and why. Starts and makes nothing."""
    return _choose.choose(Settings.from_env(), name, builder)


def use(name: str | None = None, *, builder: str | None = None) -> None:
    """Choose the engine for this process and its children, as the environment would."""
    if builder is not None:
        os.environ["BUILDLAB_BUILDER"] = builder
    if name is not None:
        os.environ["BUILDLAB_ENGINE"] = name
        if builder is None and name != "auto":
            os.environ.pop("BUILDLAB_BUILDER", None)
    forget()


def forget() -> None:
    """Look for the shared engine anew at the next use: it was stopped, reset or removed."""
    with _lock:
        _default.clear()
        _bases.clear()


def _open(
    settings: Settings,
    name: str | None,
    builder: str | None,
    progress: Progress = lambda _: None,
) -> Engine:
    if settings.replaying and name is None and builder is None:
        info = EngineInfo("replay", name="recorded builds")
        return Engine("replay", info, cli=(), buildx=(), env={}, builder="", session="replay")
    found = _choose.choose(settings, name, builder)
    if found.kind == "docker" and found.answer is not None:
        from buildlab.engine.docker import existing

        return existing.open_shared(settings, found.answer)
    if found.kind == "remote":
        from buildlab.engine.docker import remote

        return remote.open_builder(settings, found.builder)
    from buildlab.engine.embedded import shared

    return shared.ensure(settings, progress)


@contextmanager
def _open_fresh(settings: Settings, found: Choice) -> Iterator[Engine]:
    if found.kind == "docker" and found.answer is not None:
        from buildlab.engine.docker import existing

        with existing.open_fresh(settings, found.answer) as opened:
            yield opened
    elif found.kind == "embedded":
        from buildlab.engine.embedded import fresh

        with fresh.fresh(settings, _bases_of(settings)) as opened:
            yield opened
    else:
        raise EngineError(
            f"a named builder can't be had fresh ({found.why})",
            "use Docker or the embedded engine for this lesson: unset BUILDLAB_BUILDER",
        )


def _bases_of(settings: Settings) -> tuple[Path, ...]:
    """The images of the shared engine, which is asked once in a process."""
    from buildlab.engine import images
    from buildlab.engine.embedded import shared

    with _lock:
        known = _bases.get(settings)
        if known is None or not all(path.exists() for path in known):
            running = shared.ensure(settings)
            _bases[settings] = known = images.for_fresh(running, home=settings.home)
        return known


def _with_bases(opened: Engine, settings: Settings) -> Engine:
    """The engine with the images that FROM names; one that can't keep them gets build contexts."""
    if opened.can.keep_images and not opened.fresh:
        return opened  # it keeps what `images.ensure` once gave it
    from buildlab.engine import images

    return images.with_bases(opened, home=settings.home)


def _alive(known: Engine, settings: Settings) -> bool:
    if known.kind == "embedded":
        from buildlab.engine.embedded import shared

        found = shared.find(settings)
        return found is not None and found.init_pid == known.netns_pid
    if known.kind == "docker":
        from buildlab.engine.docker import existing

        return existing.runs(known, settings)
    return True


@contextmanager
def _as_current(opened: Engine) -> Iterator[Engine]:
    with _lock:
        _stack.append(opened)
    try:
        yield opened
    finally:
        with _lock:
            _stack.remove(opened)
