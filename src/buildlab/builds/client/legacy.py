"""Builds by the legacy builder (`DOCKER_BUILDKIT=0 docker build`), for comparison only.

It knows no events and no graph: what it says is text, one "Step" after another. What it leaves
in the engine (an image for each step) is removed again.
"""

from __future__ import annotations

import functools
import os
import re
import shlex
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from buildlab import masking
from buildlab.builds.client.heard import hear, require_end
from buildlab.builds.lock import engine_key, measuring
from buildlab.builds.workspace import Workspace
from buildlab.engine import current
from buildlab.engine.model import Engine
from buildlab.host.process import wait_until
from buildlab.host.settings import Settings
from buildlab.masking import Masker

TIMEOUT_S: Final = 300.0
REMOVAL_LIMIT_S: Final = 10.0
_STEP = re.compile(r"^Step \d+/\d+ : (?P<instruction>.+)$")
_RESULT = re.compile(r"^ ---> (?P<id>[0-9a-f]{12})\s*$")
_CONTAINER = re.compile(r"^ ---> Running in (?P<id>[0-9a-f]{12})\s*$")
_CACHED: Final = " ---> Using cache"
_EMPTY: Final = " --->"
"""The result of FROM scratch has no id."""
_NAMED = re.compile(r"^FROM\s+\S+\s+AS\s+(?P<name>\S+)$", re.I)


@dataclass(frozen=True, slots=True)
class LegacyStep:
    """One instruction that the legacy builder came to. `done` is False for the one it failed at."""

    stage: str
    instruction: str
    cached: bool = False
    done: bool = False


@dataclass(frozen=True, slots=True)
class LegacyBuild:
    """What one build by the legacy builder did. `message` is its last line where it failed."""

    command: tuple[str, ...]
    wall_s: float
    exit_code: int
    steps: tuple[LegacyStep, ...] = ()
    message: str = ""

    @property
    def ok(self) -> bool:
        return self.exit_code == 0

    @property
    def started(self) -> bool:
        """Whether the engine still has this builder: it came past its first instruction."""
        return any(s.done for s in self.steps)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that it built a step of, in order; one without a name is "stage-<n>"."""
        return tuple(dict.fromkeys(s.stage for s in self.steps if s.done))


def legacy_build(
    context: Workspace, *flags: str, engine: Engine | None = None, timeout_s: float = TIMEOUT_S
) -> LegacyBuild:
    """Run `docker build` with BuildKit switched off; a failed build is a result too.

    The images that it leaves are removed; what the engine had before stays. Raises EngineError
    where there is no docker API, TimedOut after `timeout_s` seconds, KeyboardInterrupt when
    interrupted: no build is left in the engine by any of these.
    """
    engine = engine or current()
    engine.docker_api("it has no legacy builder")
    docker = (*engine.cli, "build", "--force-rm", *flags, os.fspath(context))
    env = {**engine.child_env(), "DOCKER_BUILDKIT": "0"}
    lines: list[str] = []
    paths = Settings.from_env().paths
    with measuring(
        paths.make(paths.locks), engine_key(engine), waiting=_nobody, timeout_s=timeout_s
    ):
        began = _now(engine)
        try:
            outcome = hear(docker, env, lines, timeout_s=timeout_s)
        finally:
            _remove(engine, lines, began)
    last = _last_step(lines)
    require_end(outcome, f"the legacy builder was stopped after {timeout_s:g} s at: {last}")
    shown = ("docker", "build", "--force-rm", *flags, shlex.quote(context.path.name))
    masker = Masker(masking.given(flags, env))
    command = masker.command(("DOCKER_BUILDKIT=0", *shown))
    return read(masker.lines(lines), command, outcome.wall_s, outcome.exit_code)


def read(
    lines: Sequence[str], command: tuple[str, ...], wall_s: float, exit_code: int
) -> LegacyBuild:
    """Make a result of what the builder said."""
    steps: list[LegacyStep] = []
    stage, stages = "", 0
    for line in lines:
        if found := _STEP.match(line):
            instruction = found["instruction"].strip()
            if instruction.upper().startswith("FROM "):
                named = _NAMED.match(instruction)
                stage = named["name"] if named else f"stage-{stages}"
                stages += 1
            steps.append(LegacyStep(stage, instruction))
        elif steps and line.rstrip() == _CACHED:
            steps[-1] = replace(steps[-1], cached=True)
        elif steps and (_RESULT.match(line) or line.rstrip() == _EMPTY):
            steps[-1] = replace(steps[-1], done=True)
    said = [line for line in lines if line.strip()]
    message = said[-1].rstrip() if exit_code and said else ""
    return LegacyBuild(command, wall_s, exit_code, tuple(steps), message)


def _now(engine: Engine) -> datetime:
    """The time by the engine's clock."""
    with closing(engine.client()) as client:
        return datetime.fromisoformat(client.info()["SystemTime"])


def _remove(engine: Engine, lines: Sequence[str], began: datetime) -> None:
    """Remove what the build spoke of and made itself: nothing that is older than it.

    A build that was stopped leaves its container to the engine, which takes its time.
    """
    import docker.errors

    containers = [m["id"] for m in map(_CONTAINER.match, lines) if m]
    images = [m["id"] for m in map(_RESULT.match, lines) if m]
    with closing(engine.client()) as client:
        for container in containers[-1:]:
            wait_until(functools.partial(_is_gone, client, container), REMOVAL_LIMIT_S)
        for image in reversed(images):
            with suppress(docker.errors.APIError):
                # Asked one by one: an engine with thousands of images takes seconds to list them.
                made = client.images.get(image).attrs.get("Created")
                if made and datetime.fromisoformat(made) >= began:
                    client.images.remove(image, force=True)


def _is_gone(client: Any, container: str) -> bool:
    """Whether there is no such container, after trying to remove it; the engine may be at it."""
    import docker.errors

    try:
        client.api.remove_container(container, force=True)
    except docker.errors.NotFound:
        return True
    except docker.errors.APIError:
        return False
    return True


def _last_step(lines: Sequence[str]) -> str:
    return next((m[1] for m in map(_STEP.match, reversed(lines)) if m), "its first answer")


def _nobody(_: str) -> None:
    """No observer watches this builder."""
