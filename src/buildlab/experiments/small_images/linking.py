"""How a Go program is linked: with C or without, stripped or not, and what that takes from it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from buildlab.artifact import container
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.builds import build
from buildlab.builds.asked.command import tag
from buildlab.builds.workspace import workspace
from buildlab.engine import engine
from buildlab.record.model import BuildRecord

HERE = Path(__file__).parent
FOLDER = HERE / "images/linking"
MB = 1_000_000

STARTS: Mapping[str, tuple[str, ...]] = {
    "hello-cgo": (),
    "probe-cgo": ("lookup",),
    "probe": ("lookup",),
}
TRACES = ("probe", "probe-stripped", "probe-trimmed")
ZONES = ("probe", "probe-zones")


@experiment()
def linked() -> Runs:
    """One small program linked in several ways, each way run on scratch.

    Rows: size and symbols of each program. Facts: which start on scratch, what a panic's trace
    still shows, and whether time zones can be had from inside the program.
    """
    facts: dict[str, Fact] = {}
    salt = f"--build-arg=SALT={secrets.token_hex(4)}"
    with engine() as lab, workspace(FOLDER) as tree:
        record = build(tree, salt, title="linking", engine=lab).require_ok()
        ref = tag("linking", lab.session)

        def run(program: str, *argv: str) -> container.Ran:
            return container.run(lab, ref, *argv, entrypoint=[f"/{program}"])

        for program, argv in STARTS.items():
            ran = run(program, *argv)
            facts[f"{program} starts on scratch"] = ran.ok
            if not ran.ok:
                facts[f"{program}, said"] = ran.output.splitlines()[-1]
        for program in TRACES:
            facts |= _trace(program, run(program, "panic").output)
        for program in ZONES:
            facts[f"{program} knows Asia/Kolkata on scratch"] = run(program, "zone").ok
    rows = _measured(record)
    size = {str(row["program"]): float(row["size_mb"]) for row in rows}
    symbols = {str(row["program"]): int(row["symbols"]) for row in rows}
    facts["-s -w leaves a symbol table"] = symbols["probe-stripped"] > 0
    facts["share that -s -w takes off"] = round(1 - size["probe-stripped"] / size["probe"], 2)
    facts["share that -trimpath takes off"] = round(
        1 - size["probe-trimmed"] / size["probe-stripped"], 2
    )
    return Runs({"linking": record}, facts, rows=rows)


def _trace(program: str, output: str) -> dict[str, Fact]:
    """What the trace of a panic names."""
    place = next((line.strip() for line in output.splitlines() if "main.go:" in line), "")
    return {
        f"{program}: the trace has function names": "main.fail" in output,
        f"{program}: the trace has file and line": bool(place),
        f"{program}: the trace has the build's directory": place.startswith("/src/"),
        f"{program}, trace": place.split(" ")[0],
    }


def _measured(record: BuildRecord) -> tuple[Row, ...]:
    """What the last RUN printed of each program: its name, bytes, symbols."""
    words = [line.split() for line in record.output.splitlines()]
    return tuple(
        {"program": w[0], "size_mb": round(int(w[1]) / MB, 2), "symbols": int(w[2])}
        for w in words
        if len(w) == 3 and w[1].isdigit() and w[2].isdigit()
    )


def starting(runs: Runs) -> set[tuple[str, str]]:
    """The programs that start on scratch, as cells of one column."""
    return {(p, "starts") for p in STARTS if runs.facts[f"{p} starts on scratch"]}


def traces(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """The facts about what the trace of a panic shows."""
    return {name: fact for name, fact in facts.items() if ": the trace has " in name}
