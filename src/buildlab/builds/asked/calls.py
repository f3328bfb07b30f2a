"""What `docker buildx build` does beside building (`--check`, `--call`): docker's, unchanged."""

from __future__ import annotations

from collections.abc import Sequence

from buildlab import replay
from buildlab.builds.asked.command import named_contexts
from buildlab.builds.asked.preparing import run_context, time_limit
from buildlab.builds.asked.source import locate
from buildlab.builds.client import process
from buildlab.builds.run import TIMEOUT_S
from buildlab.engine import current
from buildlab.engine.model import Engine
from buildlab.errors import EngineError, UsageError
from buildlab.record.flags import of_help

_HELP_LIMIT_S = 20.0


def call(context: str, *flags: str, timeout_s: float = TIMEOUT_S) -> int:
    """Run `docker buildx build` with these flags on this process's own streams; its exit code.

    The context is given as to a build, so that no old file is checked. Raises UsageError,
    EngineError, TimedOut.
    """
    time_limit(timeout_s)
    if replay.active():
        raise UsageError(
            "recorded builds are shown, and docker is not asked", "unset BUILDLAB_REPLAY"
        )
    source = locate(context, flags, calls=True)
    engine = current()
    where, _ = run_context(source)
    argv = (*engine.buildx, "build", *named_contexts(engine, source), *source.flags, "--", where)
    return process.hand_over(argv, engine.child_env(), timeout_s=timeout_s)


def flags_of(engine: Engine) -> dict[str, bool]:
    """The flags of this engine's own buildx, as `flags.TABLE`; {} where it can't be asked."""
    try:
        code, said = _help(engine)
    except EngineError:
        return {}
    return {} if code else of_help(said)


def refuse_unknown(engine: Engine, names: Sequence[str]) -> None:
    """Let docker say what it thinks of flags that its help doesn't name.

    Raises UsageError with docker's own words where it knows none of them.
    """
    code, said = _help(engine, *names)
    if code:
        words = (said.strip().splitlines() or ["it takes none of these flags"])[0]
        raise UsageError(
            f"docker buildx build: {words.removeprefix('ERROR: ')}",
            'look at its flags: eval "$(buildlab env)"; docker buildx build --help',
        )


def _help(engine: Engine, *names: str) -> tuple[int, str]:
    """Exit code and text of `docker buildx build --help` with these flags."""
    lines: list[str] = []
    outcome = process.run(
        # The reader has one pipe: both of the client's streams go through it.
        ("/bin/sh", "-c", 'exec "$@" 1>&2', "sh", *engine.buildx, "build", "--help", *names),
        engine.child_env(),
        feed=lambda line: lines.append(line.decode("utf-8", "replace")),
        tick=lambda: None,
        timeout_s=_HELP_LIMIT_S,
    )
    return outcome.exit_code, "\n".join(lines)
