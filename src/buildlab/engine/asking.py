"""Ask an engine what it builds: a client that has ended is no proof that its build has."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from buildlab import jsontext
from buildlab.engine.model import Engine
from buildlab.engine.owned import run_buildx
from buildlab.errors import BuildlabError

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


def lets_through(engine: Engine, limit_s: float) -> bool:
    """Whether a build of nothing gets through the engine within `limit_s` seconds."""
    flags = ("build", "--progress=quiet", "--output=type=cacheonly", "-")
    try:
        done = subprocess.run(
            [*engine.buildx, *flags],
            input=_NOTHING,
            env=engine.child_env(),
            capture_output=True,
            timeout=limit_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
