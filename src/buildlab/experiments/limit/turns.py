"""For the ledger: claims about time, judged by ratios of builds that were made in turns."""

from __future__ import annotations

import secrets
from statistics import median

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Row, Runs
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.experiments.programs import program
from buildlab.record.model import BuildRecord

ROUNDS = 3
PROGRAM = """package main

func main() {{ println("{salt}") }}
"""
MOUNT = "--mount=type=cache,target=/root/.cache/go-build "
WAYS = {"no mount": "", "compiler cache mount": MOUNT}
DOCKERFILE = """FROM golang:1.27-trixie AS build
ENV CGO_ENABLED=0 GOTOOLCHAIN=local
WORKDIR /src
COPY . .
RUN {mount}go build -o /out/program .
FROM scratch
COPY --from=build /out/ /
"""


@experiment(uses=("programs/small",))
def one_edit() -> Runs:
    """A program of nothing but Go's runtime; one line edited, without and with a compiler cache.

    Each round edits, builds both ways in turn, and builds once more with nothing changed. Facts:
    medians of the ratios within a round, and their spread. Rows: the rounds.
    """
    records: dict[str, BuildRecord] = {}
    rows: list[Row] = []
    ns = f"buildlab-{secrets.token_hex(4)}"
    with workspace(program("small")) as tree:
        for name, mount in WAYS.items():
            tree.write(f"{name}.Dockerfile", DOCKERFILE.format(mount=mount))
        _edited(tree)
        _build(tree, "compiler cache mount", "first build", ns)
        for number in range(1, ROUNDS + 1):
            _edited(tree)
            took = {}
            for way in WAYS:
                record = _build(tree, way, f"round {number}, {way}", ns)
                records[record.title], took[way] = record, record.wall_s
            last = _build(tree, "compiler cache mount", f"round {number}, nothing changed", ns)
            records[last.title], took["nothing changed"] = last, last.wall_s
            columns = {f"{n}_s".replace(" ", "_"): round(s, 2) for n, s in took.items()}
            rows.append({"round": number, **columns})
    return Runs(records, _ratios(rows), rows=tuple(rows))


def _ratios(rows: list[Row]) -> dict[str, float | int]:
    without = [float(r["no_mount_s"]) / float(r["compiler_cache_mount_s"]) for r in rows]
    instant = [float(r["compiler_cache_mount_s"]) / float(r["nothing_changed_s"]) for r in rows]
    return {
        "rounds": len(rows),
        "one edit, no mount to compiler cache mount, ratio": round(median(without), 2),
        "the smallest of these ratios": round(min(without), 2),
        "one edit with the mount to nothing changed, ratio": round(median(instant), 2),
    }


def _edited(tree: Workspace) -> None:
    tree.write("main.go", PROGRAM.format(salt=secrets.token_hex(8)))


def _build(tree: Workspace, way: str, title: str, cache_ns: str) -> BuildRecord:
    return build(
        tree, f"--file={way}.Dockerfile", title=title, output="cache", cache_ns=cache_ns
    ).require_ok()
