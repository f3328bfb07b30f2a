"""Ask an engine what it builds: a client that has ended is no proof that its build has."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

from buildlab.basics import jsontext
from buildlab.engine.docker.owned import inspect_fields, run_buildx
from buildlab.engine.embedded import health, instance
from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError
from buildlab.host.process import wait_until
from buildlab.host.watchdog import Watchdog

# It needs no base image and leaves none; the engine must take it up as it does any build.
_NOTHING = b"FROM scratch\nLABEL dev.buildlab.probe=1\n"


@dataclass(frozen=True, slots=True)
class Running:
    """A build that the engine is at: the name that buildx gave it, its start (UTC, ISO 8601)."""

    name: str
    began: str


def running_builds(engine: Engine, limit_s: float) -> tuple[Running, ...] | None:
    """The builds that the engine is at, told from its history. Needs none of its build locks.

    None where it doesn't say within `limit_s` seconds, or where buildx is too old to ask.
    """
    listing = ("history", "ls", "--format", "json")
    try:
        text = run_buildx(engine.buildx, engine.child_env(), *listing, timeout_s=limit_s)
        rows = [jsontext.loads(line) for line in text.splitlines() if line.strip()]
        return tuple(
            Running(str(row["name"]), str(row["created_at"]))
            for row in rows
            if row["status"] == "Running"
        )
    except (BuildlabError, ValueError, KeyError, TypeError):
        return None


def answers(engine: Engine, limit_s: float) -> bool:
    """Whether the engine says within `limit_s` seconds that it is there. It need not build."""
    running = instance.attach(engine.state_dir) if engine.state_dir is not None else None
    if running is not None and running.socket == engine.socket:
        return health.sound(running, limit_s)
    try:
        told = inspect_fields(
            engine.buildx, engine.child_env(), engine.builder, boot=False, timeout_s=limit_s
        )
    except BuildlabError:
        return False
    return told.get("Status", "running") == "running"


def lets_through(engine: Engine, limit_s: float) -> bool:
    """Whether a build of nothing gets through the engine within `limit_s` seconds."""
    return _build_of_nothing(engine, limit_s) == 0


def held_up(engine: Engine, limit_s: float, given_up: Callable[[], bool]) -> bool:
    """Whether a build of nothing does not end within `limit_s` seconds: an error is an end too.

    `given_up` is asked often; it ends the build, and then the answer means nothing.
    """
    return _build_of_nothing(engine, limit_s, given_up) is None


def _build_of_nothing(
    engine: Engine, limit_s: float, given_up: Callable[[], bool] = lambda: False
) -> int | None:
    """The client's exit code; None where it was ended. It is gone when this returns."""
    flags = ("build", "--progress=quiet", "--output=type=cacheonly", "-")
    try:
        with tempfile.TemporaryFile() as dockerfile:
            dockerfile.write(_NOTHING)
            dockerfile.seek(0)
            client = subprocess.Popen(
                [*engine.buildx, *flags],
                stdin=dockerfile,
                env=engine.child_env(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
    except OSError:
        return -1
    try:
        with Watchdog(client.pid):
            ended = wait_until(lambda: client.poll() is not None or given_up(), limit_s)
        return client.returncode if ended else None
    finally:
        client.kill()
        client.wait()
