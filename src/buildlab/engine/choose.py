"""Which engine is used, and why: named builder, named kind, a Docker that answers, our own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from buildlab.engine.abilities import Kind
from buildlab.engine.docker.candidates import Candidate, candidates
from buildlab.engine.docker.client import find_client
from buildlab.engine.docker.dockers import Answer, ask
from buildlab.engine.packages import able
from buildlab.errors import EngineError, UsageError
from buildlab.host.settings import CHOICES, Settings
from buildlab.host.userenv import user_env, user_home

INSTALL = (
    "install Docker (https://docs.docker.com/get-docker/), or name a BuildKit builder: "
    "buildlab --builder NAME; without any engine: BUILDLAB_REPLAY=1"
)

OURS = "let buildlab make an engine of its own: export BUILDLAB_ENGINE=auto"


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine to use. `tried` has one line for each that was looked at, in order."""

    kind: Kind
    why: str
    tried: tuple[str, ...] = ()
    answer: Answer | None = None
    """What the Docker said, for kind "docker"."""
    builder: str = ""

    @property
    def summary(self) -> str:
        return f"{self.kind}: {self.why}"


def choose(settings: Settings, name: str | None = None, builder: str | None = None) -> Choice:
    """The engine for these settings; `name` and `builder` win over them.

    Starts and makes nothing. Raises EngineError (or UsageError for a name that means nothing)
    telling what was tried and what to install.
    """
    if name is not None and name not in CHOICES:
        raise UsageError(f"{name!r} is no kind of engine", f"use one of {', '.join(CHOICES)}")
    # A kind named in the call beats a builder named in the environment, not one in the call.
    named = builder or ("" if name not in (None, "auto") else settings.builder)
    if named:
        why = "--builder" if builder else "BUILDLAB_BUILDER"
        return Choice("remote", f"{why} names the builder {named!r}", builder=named)
    kind = name or settings.engine
    if kind == "embedded":
        return _embedded("BUILDLAB_ENGINE or the call asks for it", (), must=True)
    return _docker(settings, must=kind == "docker")


def _docker(settings: Settings, must: bool) -> Choice:
    tried = candidates(user_env(settings), user_home())
    answers = [_complete(settings, ask(c)) for c in tried]
    lines = tuple(a.summary for a in answers)
    good = next((a for a in answers if a.usable), None)
    if good is not None:
        return Choice("docker", f"{good.candidate.why}, {good.candidate.address}", lines, good)
    named = next((c for c in tried if c.chosen_by_user), None)
    if must or named is not None:
        raise EngineError(_no_docker(lines), _remedy(answers, named))
    if not answers:
        return _embedded("no Docker listens on this machine", lines, must=False)
    return _embedded("no Docker here can be used: " + "; ".join(lines), lines, must=False)


def _complete(settings: Settings, answer: Answer) -> Answer:
    """The answer, with what the client's side lacks."""
    if not answer.usable:
        return answer
    try:
        find_client(user_env(settings), user_home())
    except EngineError as e:
        return replace(answer, lacks=e.message, hint=e.hint)
    return answer


def _embedded(why: str, lines: tuple[str, ...], *, must: bool) -> Choice:
    problems = able.problems()
    if not problems:
        return Choice("embedded", why, lines)
    obstacles = "an engine of our own is not possible here: " + ", ".join(problems)
    if must:
        raise EngineError(obstacles, INSTALL)
    raise EngineError(f"{why}; {obstacles}", INSTALL)


def _no_docker(lines: Iterable[str]) -> str:
    found = "; ".join(lines)
    return f"no usable Docker: {found}" if found else "no Docker listens on this machine"


def _remedy(answers: list[Answer], named: Candidate | None) -> str:
    if hint := next((a.hint for a in answers if a.hint), ""):
        return hint
    if named is None:
        return INSTALL if able.problems() else f"{OURS}, or {INSTALL}"
    if named.why == "DOCKER_HOST":
        return "start that Docker, or unset DOCKER_HOST, or: export BUILDLAB_ENGINE=embedded"
    return (
        "start that Docker, or choose another: docker context use default; "
        "or: export BUILDLAB_ENGINE=embedded"
    )
