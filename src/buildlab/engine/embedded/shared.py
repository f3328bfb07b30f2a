"""The shared embedded engine: one per home folder, started on demand, left running."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import filelock

from buildlab.engine.embedded import health, instance, launch, leftovers, template, wayout
from buildlab.engine.embedded.instance import Instance
from buildlab.engine.model import Engine
from buildlab.engine.packages import able, ensuring
from buildlab.engine.packages.ensuring import Packages
from buildlab.errors import EngineError, TimedOut
from buildlab.host import holding, unixhttp
from buildlab.host.contents import PACKAGES
from buildlab.host.holding import Holder, StillHeld
from buildlab.host.paths import Home
from buildlab.host.process import wait_until
from buildlab.host.settings import Settings
from buildlab.record.engineinfo import EngineInfo

Progress = Callable[[str], None]
LOCK_TIMEOUT_S = launch.API_LIMIT_S + 60
END_LOCK_S = 60
"""Who wants to end it doesn't wait for as long as a start may take."""
BUSY_LIMIT_S = 15
"""How long it may take to answer, on a machine that is busy."""


@dataclass(frozen=True, slots=True)
class Status:
    """What there is of the shared engine. `lost`: it runs, on a folder that is gone or another."""

    running: bool
    socket: str
    pid: int | None
    versions: dict[str, str]
    home: Path
    sound: bool = True
    """Whether all of it works; False for one that is half dead."""
    lost: bool = False


def problems() -> tuple[str, ...]:
    """Why this machine can't have an embedded engine; empty where it can."""
    return able.problems()


def ensure(settings: Settings | None = None, progress: Progress = lambda _: None) -> Engine:
    """The shared engine, running: found, or started with the images and cache it had.

    Safe to call from many processes at once. Raises EngineError with what is missing and what
    to type, DiskFull, or TimedOut.
    """
    home = (settings or Settings.from_env()).paths
    home.make(home.root)
    with locked(home, "engine", progress):
        home.ours.sweep()
        leftovers.sweep(home)
        got = ensuring.ensure(home.packages, progress, home.ours)
        try:
            return as_engine(running_one(home, got.folder, progress), got, home, session="lab")
        except EngineError:  # it died in the moment between
            if find(settings) is not None:
                raise
            return as_engine(running_one(home, got.folder, progress), got, home, session="lab")


def find(settings: Settings | None = None) -> Instance | None:
    """The shared engine if it runs and answers; never starts it."""
    running = instance.attach((settings or Settings.from_env()).paths.engine)
    return running if running is not None and running.alive() else None


def status(settings: Settings | None = None) -> Status:
    """What `buildlab engine status` shows."""
    chosen = settings or Settings.from_env()
    running = instance.attach(chosen.paths.engine)
    got = ensuring.present(chosen.paths.packages)
    return Status(
        sound=running is None or health.sound(running),
        running=running is not None,
        socket=running.socket if running else "",
        pid=running.init.pid if running else None,
        versions=got.versions if got else {},
        home=chosen.home,
        lost=running is not None and not running.whole(),
    )


def as_it_is(settings: Settings) -> Engine | None:
    """The shared engine if it runs, neither started nor mended. Raises EngineError if it hangs."""
    running, got = find(settings), ensuring.present(settings.paths.packages)
    if running is None or got is None:
        return None
    return as_engine(running, got, settings.paths, session="lab")


def stop(settings: Settings | None = None) -> bool:
    """Stop the shared engine; images and cache stay. True if one ran."""
    home = (settings or Settings.from_env()).paths
    ran = instance.attach(home.engine) is not None
    if not ran and not home.engine.is_dir():
        return False
    with locked(home, "engine", limit_s=END_LOCK_S):
        instance.stop(home.engine)
        return ran


def reset(settings: Settings | None = None, *, downloads: bool = False) -> tuple[Path, ...]:
    """Stop the engine and delete its images, cache and state; `downloads` the packages too.

    Leaves no process, mount, network interface, iptables rule or cgroup behind. Fresh engines
    that other processes use now go on. Returns what is left, as it isn't the kit's.
    """
    home = (settings or Settings.from_env()).paths
    if not home.root.is_dir() and instance.attach(home.engine) is None:
        return ()
    with locked(home, "engine", limit_s=END_LOCK_S):
        home.ours.sweep()
        left = instance.remove(home.engine)
        leftovers.sweep(home)
        with locked(home, "templates", limit_s=END_LOCK_S):
            template.drop_unused(home)
        for folder in (home.buildx, home.docker_config):
            left += home.ours.remove(folder)
        if downloads:
            left += home.ours.remove(home.packages, PACKAGES)
        return left


def running_one(home: Home, packages_folder: Path, progress: Progress) -> Instance:
    """The shared instance: the one that is sound, else one started anew.

    The caller holds the lock "engine".
    """
    running = instance.attach(home.engine)
    if running is not None:
        if answers(running, progress) and wayout.joined(running):
            return running
        if not wayout.joined(running):
            wayout.require_unused(running)
        progress("the engine is half dead: ending it")
        running.stop()  # its network is gone, its API hangs, or its containerd stays away
    progress("starting the engine")
    home.make(home.engine)
    modules = home.make(home.modules)
    return launch.start(home.engine, packages_folder, name="embedded", modules=modules)


def answers(running: Instance, progress: Progress) -> bool:
    """Whether it is sound within a time that a loaded machine needs. What was stopped goes on."""
    if health.sound(running):
        return True
    if health.resume(running):
        progress("the engine had been stopped in its tracks: it goes on")
    elif health.lives(running):
        progress(f"the engine does not answer: waiting for it, {BUSY_LIMIT_S} s at most")
    wait_until(lambda: health.sound(running) or not health.lives(running), BUSY_LIMIT_S)
    return health.sound(running)


@contextmanager
def locked(
    home: Home,
    name: str,
    progress: Progress = lambda _: None,
    limit_s: float = LOCK_TIMEOUT_S,
    stopped_s: float = holding.STOPPED_S,
) -> Iterator[None]:
    """Hold the lock of this name for all processes that share the home folder.

    Raises TimedOut, naming who holds it, after `limit_s` seconds; after `stopped_s` where that
    process was stopped.
    """
    lock = filelock.FileLock(home.make(home.locks) / f"{name}.lock", mode=0o600)

    def waiting(found: Holder | None) -> None:
        progress(f"waiting for {found.words if found else 'another buildlab process'}")

    try:
        holding.acquire(lock, limit_s, waiting, stopped_s=stopped_s)
    except StillHeld as held:
        who = held.holder.words if held.holder else "another process"
        raise TimedOut(
            f"waited {held.waited_s:.0f} s for {lock.lock_file}, held by {who}",
            held.holder.remedy if held.holder else "end that process, then try again",
        ) from held
    try:
        yield
    finally:
        lock.release()


def as_engine(
    running: Instance,
    got: Packages,
    home: Home,
    *,
    session: str,
    buildx_config: Path | None = None,
    fresh: bool = False,
) -> Engine:
    """The rest of the kit's view of an instance."""
    tools = got.folder / "bin"
    plugins = home.make(home.docker_config / "cli-plugins")
    _point(plugins / "docker-buildx", tools / "docker-buildx")
    try:
        version = unixhttp.get_json(running.socket_path, "/version")
    except (OSError, HTTPException, ValueError) as error:
        raise EngineError(
            f"the embedded engine stopped answering: {error}", "start it: buildlab engine start"
        ) from error
    config = home.make(buildx_config or home.buildx)
    return Engine(
        kind="embedded",
        info=EngineInfo(
            kind="embedded",
            name=running.name,
            builder="default",
            driver="docker",
            engine_version=str(version.get("Version", "")),
            buildx_version=got.upstream("docker-buildx"),
            cpus=len(os.sched_getaffinity(0)),
        ),
        cli=(str(tools / "docker"),),
        # The plugin itself: starting it through `docker` takes longer than a cached build.
        buildx=(str(tools / "docker-buildx"),),
        env={
            "DOCKER_HOST": running.socket,
            "DOCKER_CONFIG": str(home.docker_config),
            "BUILDX_CONFIG": str(config),
            "BUILDX_BUILDER": "default",
            **dict.fromkeys(_REMOVED),
        },
        builder="default",
        session=session,
        socket=running.socket,
        netns_pid=running.init.pid,
        fresh=fresh,
        state_dir=running.state_dir,
    )


_REMOVED = (
    *("DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"),
    *("DOCKER_API_VERSION", "DOCKER_DEFAULT_PLATFORM", "DOCKER_BUILDKIT", "BUILDKIT_HOST"),
)


def _point(link: Path, target: Path) -> None:
    """Make a symbolic link, or point it elsewhere, in one step."""
    with suppress(OSError):
        if link.readlink() == target:
            return
    part = link.with_name(f".{link.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    part.symlink_to(target)
    part.replace(link)
