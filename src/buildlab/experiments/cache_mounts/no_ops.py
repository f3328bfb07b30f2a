"""Cache mounts that do nothing, most of them without saying so."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.experiments.programs.harbour import COMPILER, compiled, harbour
from buildlab.record.model import BuildRecord

RIGHT = f"""FROM golang:1.27-trixie
WORKDIR /src
ENV CGO_ENABLED=0
COPY . .
RUN {COMPILER} \\
    go build -v ./internal/...
"""
WAYS: Mapping[str, tuple[str, str]] = {
    "as it should be": ("", ""),
    "another target": ("target=/root/.cache/go-build", "target=/root/.cache/build"),
    "another step": ("go build -v", "go vet ./internal/port\nRUN go build -v"),
    "another HOME": ("CGO_ENABLED=0", "CGO_ENABLED=0 HOME=/home/app"),
    "HOME unset": ("go build -v", "env -u HOME go build -v"),
}
"""What is replaced in a Dockerfile that is right, and by what."""

MISTAKES = tuple(WAYS)[1:]


def written(way: str) -> str:
    """The Dockerfile of one of `WAYS`."""
    return RIGHT.replace(*WAYS[way]) if WAYS[way][0] else RIGHT


@experiment(uses=("programs/harbour",))
def silent_no_op() -> Runs:
    """Build each of `WAYS` twice, with a new file that no package is made of in between.

    Rows: packages compiled by the second build, and what that means. Facts, by way: "spared",
    "compiled all again" or "failed".
    """
    records: dict[str, BuildRecord] = {}
    rows: list[Row] = []
    with harbour() as program:
        for way in WAYS:
            for time in ("first", "second"):
                program.workspace.write("notes.txt", secrets.token_hex(8))
                records[f"{way}, {time}"] = program.build_text(written(way), f"{way}, {time} build")
            second = records[f"{way}, second"]
            again = len(compiled(second.output))
            rows.append(
                {
                    "way": way,
                    "compiled_again": again,
                    "verdict": _verdict(second, again),
                    "Go says": _complaint(second),
                }
            )
    facts: dict[str, Fact] = {str(row["way"]): row["verdict"] for row in rows}
    return Runs(records, facts, rows=tuple(rows))


def _verdict(record: BuildRecord, again: int) -> str:
    if not record.ok:
        return "failed"
    return "compiled all again" if again else "spared"


def _complaint(record: BuildRecord) -> str:
    """The last line of a build that failed; "" of one that says nothing."""
    lines = record.output.strip().splitlines()
    return lines[-1] if lines and not record.ok else ""


def loud(runs: Runs) -> str:
    """The ways that made the build fail."""
    return ", ".join(way for way, verdict in runs.facts.items() if verdict == "failed")
