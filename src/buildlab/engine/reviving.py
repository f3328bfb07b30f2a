"""An engine of ours that has ended, is half dead or held up, brought back for the next build."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from buildlab.engine.docker.owned import container_of, owned
from buildlab.engine.embedded import health, instance, shared
from buildlab.engine.embedded.shared import Progress
from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.host.paths import Home
from buildlab.host.process import ProcessId

_GRACE_S = 2
"""What is held up does not end by itself; it is asked all the same."""


def revived(engine: Engine, progress: Progress = lambda _: None) -> Engine:
    """The same engine, sound: as it is, or brought back where it has ended or is half dead.

    Costs milliseconds where nothing is wrong. A fresh engine is not started again: what it held
    is gone with it. Raises as `ensure` does, EngineError for a fresh engine that has ended.
    """
    if engine.kind != "embedded" or engine.state_dir is None:
        return engine
    running = instance.attach(engine.state_dir)
    if running is not None:
        if running.socket != engine.socket:
            return engine  # an address that was put in its place
        if health.sound(running):
            return replace(engine, netns_pid=running.init.pid)
        if engine.fresh and shared.answers(running, progress):
            return engine
    if engine.fresh:
        raise EngineError(
            f"the fresh engine {engine.session} has ended, and its cache with it",
            "open another one: run its with block again",
        )
    return _again(engine, progress, stop_first=False)


def restart(engine: Engine, progress: Progress = lambda _: None) -> None:
    """End what the kit's own engine or builder is at, and start it again; images and cache stay.

    Raises as `revived` does, EngineError for an engine that is not ours or can't be had again.
    """
    if engine.kind == "docker":
        _restart_builder(engine, progress)
    elif engine.kind == "embedded" and engine.state_dir is not None and not engine.fresh:
        running = instance.attach(engine.state_dir)
        if running is not None and running.socket != engine.socket:
            raise EngineError(f"{engine.socket} is no address of ours", by_hand(engine))
        _again(engine, progress, stop_first=True)
    else:
        what = "a fresh engine is not restarted" if engine.fresh else "it is not ours to restart"
        raise EngineError(what, by_hand(engine))


def resume(engine: Engine) -> None:
    """Let an engine of ours go on that somebody stopped in its tracks (SIGSTOP)."""
    running = instance.attach(engine.state_dir) if engine.state_dir is not None else None
    if running is not None and running.socket == engine.socket:
        health.resume(running)


def processes(engine: Engine) -> frozenset[ProcessId]:
    """The processes that make up an engine of ours and live; none where it is another's.

    dockerd starts a new containerd in place of one that died: what ran in the old one is lost.
    """
    running = instance.attach(engine.state_dir) if engine.state_dir is not None else None
    if running is None or running.socket != engine.socket:
        return frozenset()
    return frozenset(p for p in (*running.parts, *health.daemons(running)) if p.alive())


def by_hand(engine: Engine) -> str:
    """What to type, or to do, where an engine is held up."""
    if engine.fresh:
        return "open another fresh engine: run its with block again"
    if engine.kind in ("embedded", "docker"):  # the user's own buildx knows no builder of ours
        return "buildlab engine stop && buildlab engine start"
    if engine.info.driver in ("docker-container", "kubernetes"):
        return f"docker buildx stop {engine.builder} && docker buildx inspect --bootstrap " + (
            engine.builder
        )
    return (
        f"have BuildKit restarted by who runs it; what it is at shows: docker buildx --builder "
        f"{engine.builder} history ls"
    )


def _restart_builder(engine: Engine, progress: Progress) -> None:
    """The kit's own builder in a user's Docker; looked at again before it is touched."""
    import docker.errors
    import requests

    try:
        with closing(engine.client()) as api:
            found = container_of(api, f"buildx_buildkit_{engine.builder}0")
            if found is None or not owned(found, engine.session):
                raise EngineError(
                    f"the builder {engine.builder} is not ours to restart", by_hand(engine)
                )
            progress(f"restarting the builder {engine.builder}")
            found.restart(timeout=_GRACE_S)
    except (docker.errors.DockerException, requests.RequestException) as fault:
        raise EngineError(f"its restart failed: {fault}", by_hand(engine)) from fault


def _again(engine: Engine, progress: Progress, *, stop_first: bool) -> Engine:
    assert engine.state_dir is not None
    folder = Path(engine.buildx[0]).parent.parent  # its programs are in <packages>/bin
    home = Home(engine.state_dir.parent, folder)
    with shared.locked(home, "engine", progress):
        if stop_first:
            progress("restarting the engine")
            instance.stop(home.engine, _GRACE_S)
        running = shared.running_one(home, folder, progress)
    return replace(engine, netns_pid=running.init.pid)
