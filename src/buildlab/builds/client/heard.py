"""A client that is run for what it prints, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from buildlab.builds.client import process
from buildlab.errors import Interrupted, TimedOut

LONGER = "give a longer time limit: timeout_s=…"


def hear(
    argv: Sequence[str], env: Mapping[str, str], lines: list[str], *, timeout_s: float
) -> process.Outcome:
    """Run it; `lines` gets what it prints, as it comes, without colours."""
    return process.run(
        # The reader has one pipe: both of the client's streams go through it, in their order.
        ("/bin/sh", "-c", 'exec "$@" 1>&2', "sh", *argv),
        {**env, "NO_COLOR": "1"},
        feed=lambda line: lines.append(line.decode("utf-8", "replace")),
        tick=lambda: None,
        timeout_s=timeout_s,
    )


def require_end(outcome: process.Outcome, stopped: str, hint: str = LONGER) -> process.Outcome:
    """Itself, where the client ended by itself. Raises Interrupted; TimedOut, telling what was
    `stopped`."""
    if outcome.interrupted:
        raise Interrupted("interrupted: the docker client was ended")
    if outcome.timed_out:
        raise TimedOut(stopped, hint)
    return outcome
