"""Who shares a cache mount, who may write to it, and what empties it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.engine import engine, pruning
from buildlab.experiments.programs.harbour import harbour
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State

HERE = Path(__file__).parent
BASE = "FROM debian:trixie-slim\n"
FIRST = "target=/root/.cache/go-build"
IDS: Mapping[str, str] = {
    "the same target": FIRST,
    "a slash at its end": "target=/root/.cache/go-build/",
    "another target, its path as id": "target=/cache,id=/root/.cache/go-build",
    "the same target, an id of its own": "target=/root/.cache/go-build,id=second-project",
    "the same target, another uid": "target=/root/.cache/go-build,uid=65532",
}
"""Mounts of a second project; the first has a mount with only the first target."""

OWNERS: Mapping[str, str] = {
    "nothing": "",
    "uid=65532": ",uid=65532",
    "mode=0777": ",mode=0777",
}
"""What a step that runs as user 65532 says of its mount."""

FLAGS: Mapping[str, tuple[str, ...]] = {
    "a changed step": (),
    "--no-cache-filter=one": ("--no-cache-filter=one",),
    "--no-cache": ("--no-cache",),
}
"""How two stages are built again, and by which flags."""

MARKED = ("stage one", "stage two", "another build")
PRUNES = tuple(pruning.COMMANDS)
REMEDIES = ("--no-cache", "an id of its own", "docker builder prune")


@experiment(uses=("programs/harbour",))
def mount_ids() -> Runs:
    """One project writes a file to its mount; another, with other files, looks for it.

    Facts: for each of `IDS`, whether the second project finds it.
    """
    look = "".join(
        f"RUN --mount=type=cache,{mount} find {mount.split(',')[0][7:]} -name mark; : SALT\n"
        for mount in IDS.values()
    )
    with harbour() as first, harbour() as second:
        second.workspace.write("go.mod", "module example.com/second\n")
        write = f"RUN --mount=type=cache,{FIRST} touch /root/.cache/go-build/mark\n"
        one = first.build_text(BASE + write, "first project").require_ok()
        second.cache_ns = first.cache_ns
        two = second.build_text(BASE + look, "second project").require_ok()
    seen = [bool(s.output.strip()) for s in two.steps if s.keyword == "RUN"]
    facts: dict[str, Fact] = dict(zip(IDS, seen, strict=True))
    return Runs({"first project": one, "second project": two}, facts)


@experiment(uses=("programs/harbour",))
def mount_owners() -> Runs:
    """A step that runs as user 65532 compiles into a mount that each of `OWNERS` describes.

    Rows: owner and mode of the mount as the step sees it, how the step ended, what Go says.
    Facts: for each, "works" or "failed".
    """
    records: dict[str, BuildRecord] = {}
    rows: list[Row] = []
    with harbour() as program:
        for name, option in OWNERS.items():
            text = (
                "FROM golang:1.27-trixie\nWORKDIR /src\nENV GOCACHE=/cache CGO_ENABLED=0\n"
                f"COPY . .\nUSER 65532\nRUN --mount=type=cache,target=/cache{option} \\\n"
                "    stat -c 'mount %u %a' /cache; go build ./internal/port; : SALT\n"
            ).replace("; : SALT", " && : SALT")
            records[name] = made = program.build_text(text, f"mount with {name}")
            told = made.output
            owner, mode = re.findall(r"^mount (\d+) (\d+)$", told, flags=re.MULTILINE)[0]
            rows.append(
                {
                    "mount says": name,
                    "owner": owner,
                    "mode": mode,
                    "the step": "works" if made.ok else "failed",
                    "Go says": "" if made.ok else told.strip().splitlines()[-1],
                }
            )
    facts: dict[str, Fact] = {str(row["mount says"]): row["the step"] for row in rows}
    facts["mode of a mount with mode=0777"] = str(rows[-1]["mode"])
    return Runs(records, facts, rows=tuple(rows))


def _two_stages(mark: str) -> str:
    """Two stages, each with a mount of its own, that leave a mark and say whether one was there."""
    stages = "".join(
        f"FROM debian:trixie-slim AS {name}\n"
        f"RUN --mount=type=cache,target=/m,id={name} \\\n"
        f"    ls /m; touch /m/mark; mkdir /out; echo {mark} > /out/{name}\n"
        for name in ("one", "two")
    )
    return f"{stages}FROM scratch\nCOPY --from=one /out/ /\nCOPY --from=two /out/ /\n"


@experiment(uses=("programs/harbour",))
def no_cache_and_mounts() -> Runs:
    """Two stages with a mount each, built again after a mark was left in both.

    Facts: whether the mark is still there, by flag and stage; and in a mount that the build with
    --no-cache does not name.
    """
    records: dict[str, BuildRecord] = {}
    facts: dict[str, Fact] = {}
    other = f"{BASE}RUN --mount=type=cache,target=/m,id=other ls /m; touch /m/mark; : SALT\n"
    with harbour() as program:
        for name, given in FLAGS.items():
            program.build_text(_two_stages("SALT"), f"before {name}").require_ok()
            program.build_text(other, f"another build before {name}").require_ok()
            records[name] = program.build_text(_two_stages("SALT"), name, *given).require_ok()
            for stage in ("one", "two"):
                step = next(s for s in records[name].steps if s.stage == stage and s.cacheable)
                facts[f"{name}: the mount of stage {stage} is left"] = "mark" in step.output
            after = program.build_text(other, f"another build after {name}").require_ok()
            facts[f"{name}: the mount of another build is left"] = "mark" in after.output
    return Runs(records, facts)


@experiment(uses=("programs/harbour",))
def mounts_pruned() -> Runs:
    """Each way to prune, on a fresh engine that has just built a step with a mount and one without.

    Rows and facts: whether the mount and the base image are left, and whether the steps are still
    cached ("docker system prune: the mount is left"). Commands that would reach beyond the engine
    are not run.
    """
    records: dict[str, BuildRecord] = {}
    rows: list[Row] = []
    text = f"{BASE}RUN --mount=type=cache,target=/m touch /m/mark\nRUN echo SALT > /layer\n"
    with harbour() as program, engine(fresh=True) as runner:
        for command in pruning.possible(runner):
            program.build_text(text, f"before {command}").require_ok()
            pruning.prune(runner, command)
            mounts = pruning.mounts(runner)
            again = program.build(f"after {command}", "--file=run.Dockerfile")
            cached = again.ok and State.RAN not in again.states().values()
            records[command] = again
            rows.append(
                {
                    "command": command,
                    "the mount": "left" if mounts else "gone",
                    "the steps": "cached" if cached else "run again",
                    "the base image": "left" if again.ok else "gone",
                }
            )
    facts: dict[str, Fact] = {}
    for row in rows:
        facts[f"{row['command']}: the mount is left"] = row["the mount"] == "left"
        facts[f"{row['command']}: the steps are cached"] = row["the steps"] == "cached"
        facts[f"{row['command']}: the base image is left"] = row["the base image"] == "left"
    return Runs(records, facts, rows=tuple(rows))


@experiment(uses=("programs/harbour",))
def mount_copied() -> Runs:
    """COPY --from of a directory that was a mount: as published, and two other ways.

    Facts: how each build ends, and how many files the copy holds.
    """
    # COPY --from is keyed by content: without the salt a second run would count nothing, cached.
    text = (HERE / "copied.Dockerfile").read_text().rstrip() + " # SALT\n"
    ways = {
        "as published": text,
        "directory made before": text.replace("WORKDIR", "RUN mkdir -p /go/pkg/mod\nWORKDIR", 1),
        "copied out by the step": text.replace(
            "go mod download", "go mod download && cp -r /go/pkg/mod /modules"
        ).replace("COPY --from=modcache /go/pkg/mod ", "COPY --from=modcache /modules "),
    }
    records: dict[str, BuildRecord] = {}
    facts: dict[str, Fact] = {}
    with harbour() as program:
        for name, way in ways.items():
            records[name] = made = program.build_text(way, f"copy, {name}")
            facts[f"{name}: the build"] = "works" if made.ok else "failed"
            files = re.findall(r"^files: (\d+)$", made.output, flags=re.MULTILINE)
            facts[f"{name}: files are copied"] = bool(files and int(files[0]))
    why = records["as published"].failure
    rows: Row = {"way": "as published", "BuildKit says": why.message if why else ""}
    return Runs(records, facts, rows=(rows,))


def found_by(runs: Runs) -> set[tuple[str, str]]:
    """The mounts of `mount_ids` in which the second project finds the first one's file."""
    return {(name, "found") for name in IDS if runs.facts[name]}


def marks_left(runs: Runs) -> set[tuple[str, str]]:
    """The pairs of `FLAGS` and `MARKED` where `no_cache_and_mounts` found the mark again."""
    return {
        (flag, mount)
        for flag in FLAGS
        for mount in MARKED
        if runs.facts[f"{flag}: the mount of {mount} is left"]
    }


def mounts_left(runs: Runs) -> set[tuple[str, str]]:
    """The commands of `PRUNES` after which the mount was still there."""
    return {(name, "left") for name in PRUNES if runs.facts.get(f"{name}: the mount is left")}


def keeps_apart(ids: Runs, flags: Runs, pruned: Runs) -> str:
    """Which of `REMEDIES` starts from nothing and leaves the mount of others as it was."""
    harmless = {
        "--no-cache": flags.facts["--no-cache: the mount of stage one is left"],
        "an id of its own": not ids.facts["the same target, an id of its own"],
        "docker builder prune": pruned.facts["docker builder prune: the mount is left"],
    }
    return ", ".join(name for name in REMEDIES if harmless[name])
