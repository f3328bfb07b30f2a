"""Prune a fresh engine as a learner would prune theirs. Every other engine is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from buildlab.engine.model import Engine
from buildlab.errors import UsageError
from buildlab.host import child

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "docker buildx prune -a --filter type=regular": (
        *("prune", "--all", "--filter", "type=regular"),
    ),
    "docker buildx prune --filter type=exec.cachemount": (
        *("prune", "--filter", "type=exec.cachemount"),
    ),
    "docker builder prune": ("prune",),
    "docker builder prune -a": ("prune", "--all"),
    "docker system prune": ("system", "prune"),
    "docker system prune -a": ("system", "prune", "--all"),
}
"""What a learner types, and what runs; `docker builder` is another name of `docker buildx`."""

TIMEOUT_S: Final = 120.0


def possible(engine: Engine) -> tuple[str, ...]:
    """The commands of `COMMANDS` that reach nothing but this engine.

    In a Docker of the user's, only the builder is the kit's: there `docker system prune` would
    remove what is theirs.
    """
    mine = engine.can.keep_images
    return tuple(name for name, argv in COMMANDS.items() if mine or argv[0] == "prune")


def prune(engine: Engine, command: str) -> None:
    """Run one of `COMMANDS` without its question.

    Raises UsageError for an engine that is not fresh, or a command that would reach beyond it,
    EngineError where it fails, TimedOut.
    """
    if not engine.fresh:
        raise UsageError(
            "only a fresh engine is pruned: this one holds what other lessons built",
            "open one: with engine(fresh=True) as runner: …",
        )
    if command not in possible(engine):
        raise UsageError(
            f"{command!r} can't be run on {engine.name}",
            f"choose one of: {', '.join(possible(engine))}",
        )
    argv = COMMANDS[command]
    told(engine, (*_program(engine, argv), *argv, "--force"))


def mounts(engine: Engine) -> int:
    """How many cache mounts the engine holds."""
    listed = told(engine, (*_program(engine, ("du",)), "du", "--verbose"))
    kinds = [line.split()[-1] for line in listed.splitlines() if line.startswith("Type:")]
    return kinds.count("exec.cachemount")


def _program(engine: Engine, argv: tuple[str, ...]) -> tuple[str, ...]:
    if argv[0] in ("prune", "du"):
        return (*engine.buildx, "--builder", engine.builder)
    return engine.cli


def told(engine: Engine, argv: tuple[str, ...]) -> str:
    """What a command of this engine prints. Raises EngineError where it fails, TimedOut."""
    what = " ".join(argv[1:])
    done = child.run(argv, env=engine.child_env(), limit_s=TIMEOUT_S, what=what)
    return done.require_ok(f"{what} failed").out
