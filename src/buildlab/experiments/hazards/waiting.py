"""Two steps at once on one cache mount, by sharing mode."""

from __future__ import annotations

import re

from buildlab.bench.bench import Bench
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.experiments.programs.harbour import harbour
from buildlab.record.model import BuildRecord

MODES = ("shared", "private", "locked")
WAIT_TENTHS = 20
"""How long a step waits for the other one's mark, in tenths of a second."""


def stages(mode: str) -> str:
    """Two stages that run at once: each leaves a mark and waits a moment for the other's."""
    text = ""
    for name, other in (("one", "two"), ("two", "one")):
        text += (
            f"FROM debian:trixie-slim AS {name}\n"
            f"RUN --mount=type=cache,target=/m,id={mode},sharing={mode} \\\n"
            f"    echo began $(cut -d' ' -f1 /proc/uptime); touch /m/{name}; n=0; \\\n"
            f"    while [ ! -e /m/{other} ] && [ $n -lt {WAIT_TENTHS} ]; do \\\n"
            "        sleep 0.1; n=$((n + 1)); done; \\\n"
            "    echo sees $(ls /m); echo ended $(cut -d' ' -f1 /proc/uptime); \\\n"
            f"    mkdir /out; echo SALT > /out/{name}\n"
        )
    return f"{text}FROM scratch\nCOPY --from=one /out/ /\nCOPY --from=two /out/ /\n"


@experiment(uses=("programs/harbour",))
def mounts_at_once() -> Runs:
    """Two stages that run at once with one id, in each of `MODES`, and a step that looks later.

    Rows and facts: whether both ran at the same time ("shared: at once"), how many of the two
    saw both files, and how many of the files a later build finds.
    """
    records: dict[str, BuildRecord] = {}
    rows: list[Row] = []
    with harbour() as program:
        for mode in MODES:
            records[mode] = made = program.build_text(stages(mode), f"at once, {mode}").require_ok()
            told = [s.output for s in made.steps if s.keyword == "RUN"]
            spans = [(_number("began", text), _number("ended", text)) for text in told]
            rows.append(
                {
                    "sharing": mode,
                    # The second may see the first one's mark in the very tick in which it began.
                    "at once": max(b for b, _ in spans) <= min(e for _, e in spans),
                    "steps that see both files": sum("sees one two" in text for text in told),
                    "files that a later build sees": _later(program, mode),
                }
            )
    facts: dict[str, Fact] = {
        f"{row['sharing']}: {what}": value
        for row in rows
        for what, value in row.items()
        if what != "sharing"
    }
    return Runs(records, facts, rows=tuple(rows))


def _number(word: str, text: str) -> float:
    return float(re.findall(rf"^{word} ([\d.]+)$", text, flags=re.MULTILINE)[0])


def _later(program: Bench, mode: str) -> int:
    look = f"RUN --mount=type=cache,target=/m,id={mode},sharing={mode} ls /m; : SALT\n"
    seen = program.build_text(f"FROM debian:trixie-slim\n{look}", f"later, {mode}").require_ok()
    return len(seen.steps[-1].output.split())


def waited(runs: Runs) -> str:
    """The modes in which the two stages did not run at once."""
    return ", ".join(mode for mode in MODES if not runs.facts[f"{mode}: at once"])
