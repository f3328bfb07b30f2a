"""Order of instructions and build context: stray files, transfer, COPY by folder, their worth."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

from buildlab.bench.bench import Bench
from buildlab.bench.edits import Edit, written
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Runs
from buildlab.bench.sample import NOTHING_IGNORED, recipe, sample_app, sample_file
from buildlab.builds import build
from buildlab.builds.workspace import workspace
from buildlab.experiments.programs.harbour import dockerfile, harbour
from buildlab.record.model import BuildRecord

HERE = Path(__file__).parent
STRAYS: tuple[Edit, ...] = (
    Edit("git commit", written(".git/COMMIT_EDITMSG", "another commit\n")),
    Edit("editor swap file", written("cmd/server/.main.go.swp", "swap\n")),
    Edit("desktop file", written(".DS_Store", "icon positions\n")),
    Edit("log file", written("server.log", "listening\n")),
    Edit("test file", written("internal/humanize/more_test.go", "package humanize\n")),
    Edit("README", written("README.md", "# Another title\n")),
    Edit("source file", written("internal/humanize/more.go", "package humanize\n")),
)
MEGABYTE = 1_000_000
SIZES_MB = (1, 32, 64, 128)


SPLIT: tuple[Edit, ...] = (
    Edit("edit in cmd", written("cmd/server/more.go", "package main\n")),
    Edit("edit in internal", written("internal/humanize/more.go", "package humanize\n")),
)


def strays(*, ignored: bool) -> AbstractContextManager[Bench]:
    """Files that no program is made of, without or with the service's .dockerignore."""
    return recipe(
        HERE / "strays.Dockerfile", STRAYS, ignore=ignore_file() if ignored else NOTHING_IGNORED
    )


def split_copy() -> AbstractContextManager[Bench]:
    """cmd/ and internal/, copied by instructions of their own."""
    return recipe(HERE / "split.Dockerfile", SPLIT)


@experiment(uses=("programs/harbour", "sample"))
def transfer() -> Runs:
    """One more file in the context, of each of `SIZES_MB`; sent, sent again unchanged, ignored.

    Facts: `sent_<n>_mb_bytes` for each size, `again_bytes` for the last size unchanged,
    `not_copied_bytes` where a new file of that size is named by no COPY, and `ignored_bytes`
    where it is ignored. The file's bytes are random: nothing compresses them.
    """
    records: dict[str, BuildRecord] = {}
    facts: dict[str, str | int | float | bool] = {}

    def send(title: str, fact: str) -> None:
        records[title] = build(
            tree, "--file=transfer.Dockerfile", title=title, output="cache"
        ).require_ok()
        facts[fact] = records[title].context_bytes

    with workspace(sample_app()) as tree:
        tree.write("transfer.Dockerfile", "FROM scratch\nCOPY . /context\n")
        tree.write("transfer.Dockerfile.dockerignore", NOTHING_IGNORED)
        send("no data file", "bare_bytes")
        for size_mb in SIZES_MB:
            tree.write("data.bin", os.urandom(size_mb * MEGABYTE))
            send(f"{size_mb} MB", f"sent_{size_mb}_mb_bytes")
        send("unchanged", "again_bytes")
        tree.write("data.bin", os.urandom(SIZES_MB[-1] * MEGABYTE))
        tree.write("transfer.Dockerfile", "FROM scratch\nCOPY go.mod go.sum /\n")
        send("not copied", "not_copied_bytes")
        tree.write("transfer.Dockerfile", "FROM scratch\nCOPY . /context\n")
        tree.write("transfer.Dockerfile.dockerignore", "data.bin\n")
        send("ignored", "ignored_bytes")
    return Runs(records, facts)


def sent_only_what_is_new(sent: Runs) -> dict[str, bool]:
    """What `transfer` shows, as facts without a figure."""
    last = int(sent.facts[f"sent_{SIZES_MB[-1]}_mb_bytes"])
    return {
        "a new file is sent whole": last >= SIZES_MB[-1] * MEGABYTE,
        "an unchanged file is sent again": int(sent.facts["again_bytes"]) >= MEGABYTE,
        "a file that no COPY names is sent": int(sent.facts["not_copied_bytes"]) >= MEGABYTE,
        "an ignored file is sent": int(sent.facts["ignored_bytes"]) >= MEGABYTE,
    }


def ignore_file() -> str:
    """The service's .dockerignore."""
    return sample_file(".dockerignore").read_text()


NAIVE = """FROM golang:1.27-trixie
WORKDIR /src
ENV CGO_ENABLED=0
COPY . .
RUN go build -v -o /out/harbour .
"""


@experiment(uses=("programs/harbour", "sample"))
def worth() -> Runs:
    """One source edit in three Dockerfiles of a small program, each as warm as a build leaves it.

    What is warm differs: naive has nothing that the edit spares, so it needs no build before;
    dependencies first has its download; cache mounts have what was compiled.
    """
    texts = {
        "naive": NAIVE,
        "dependencies first": dockerfile("no mounts"),
        "cache mounts": dockerfile("both"),
    }
    records: dict[str, BuildRecord] = {}
    with harbour() as program:
        first, mounted = list(texts)[1:]
        for name, flags in ((first, ("--target=modules",)), (mounted, ())):
            program.build_text(texts[name], f"{name}, before the edit", *flags).require_ok()
        program.edit("leaf")
        for name, text in texts.items():
            records[name] = program.build_text(text, f"{name}, one edit").require_ok()
    return Runs(records)
