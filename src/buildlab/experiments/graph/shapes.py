"""The build graph: LLB, parallel stages, what is skipped and merged, and the legacy builder."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Runs
from buildlab.builds import build
from buildlab.builds.client.legacy import LegacyBuild, legacy_build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import engine
from buildlab.experiments.graph import llb
from buildlab.record import derive
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State, Step

HERE = Path(__file__).parent
STAGES: Final = ("base", "page", "style", "script", "seal", "stamp", "tests", "site")
EQUAL: Final = ("seal", "stamp")
"""Two stages of one text: which of the two names their one step gets is not said anywhere."""
_MAX_PROVENANCE: Final = "--attest=type=provenance,mode=max"


@contextmanager
def recipe(name: str) -> Iterator[Workspace]:
    """A copy of one of the folders beside this, unlike any before where it has a salt."""
    with workspace(HERE / name) as tree:
        if (tree.path / "salt").exists():
            tree.write("salt", secrets.token_hex(8))
        yield tree


def dockerfile(name: str) -> str:
    """The Dockerfile of a recipe, to be shown."""
    return (HERE / name / "Dockerfile").read_text()


def exported(tree: Workspace, *flags: str, title: str) -> tuple[BuildRecord, Path]:
    """A build whose result's files lie in the folder that comes with the record."""
    folder = tree.path.with_name(f".{tree.path.name}") / "exported"
    record = build(
        tree, *flags, f"--output=type=local,dest={folder}", title=title, output="none"
    ).require_ok()
    return record, folder


@experiment()
def stages() -> Runs:
    """The recipe `graph-stages`, cold: eight stages, of which one is not needed and two are equal.

    Facts: the sums and lengths in seconds, and what was skipped and merged. Rows: the LLB.
    """
    with recipe("stages") as tree:
        record, files = exported(tree, _MAX_PROVENANCE, title="the whole site")
        target = build(tree, "--target=tests", title="--target tests", output="cache").require_ok()
        rows = llb.rows(json.loads((files / llb.PROVENANCE).read_text()), record)
        seals = {(files / name).read_text() for name in EQUAL}
        tested = (files / "tested").exists()
    figures = derive.totals(record)
    path = derive.critical_path(record)
    facts: dict[str, Fact] = {
        "steps_s": figures.ran_s + figures.cached_s,
        "wall_s": record.wall_s,
        "critical_path_s": figures.critical_path_s,
        "stages of the critical path": ", ".join(dict.fromkeys(k.stage for k in path)),
        "sleeps in the Dockerfile": dockerfile("stages").count("RUN sleep"),
        "sleeps that ran": _sleeps(_runs(record)),
        "sleeps on the critical path": _sleeps(s for s in _runs(record) if s.key in path),
        "the stage that nobody needs was built": "tests" in built(record) or tested,
        "steps that two equal stages became": len([s for s in _runs(record) if s.stage in EQUAL]),
        "both drew the same random number": len(seals) == 1,
        "instructions in the Dockerfile": len(_instructions(dockerfile("stages"))),
        "operations in the LLB": len(rows),
        "stages that --target tests came to": ", ".join(built(target)),
    }
    return Runs({"the whole site": record, "--target tests": target}, facts, rows=rows)


def lengths(found: Runs) -> list[dict[str, Fact]]:
    """What `stages` measured, as bars: the sum of the steps, the wall time, the critical path."""
    names = {"all steps added up": "steps_s", "wall time": "wall_s"}
    names["critical path"] = "critical_path_s"
    return [{"of the build": name, "seconds": found.facts[fact]} for name, fact in names.items()]


def skipped(found: Runs) -> dict[str, Fact]:
    """What `stages` showed of steps that did not run."""
    names = (
        "the stage that nobody needs was built",
        "steps that two equal stages became",
        "both drew the same random number",
        "stages that --target tests came to",
    )
    return {name: found.facts[name] for name in names}


@experiment()
def legacy() -> Runs:
    """The recipe `graph-stages`, cold, by BuildKit and by the legacy builder; what that can't do.

    Facts: whether the engine still has a legacy builder, and only then what it did.
    Rows: each stage, and what both did of it.
    """
    with recipe("stages") as tree, engine() as lab:
        if not lab.can.docker_api:
            return Runs({}, {"the engine has a legacy builder": False})
        whole = legacy_build(tree, engine=lab)
        if not whole.started:
            return Runs({}, {"the engine has a legacy builder": False, "why": whole.message})
        tree.write("salt", secrets.token_hex(8))
        record = build(tree, title="BuildKit", output="cache").require_ok()
        mount = _legacy_step(tree, "RUN --mount=type=bind,target=/context ls /context")
        heredoc = _legacy_step(tree, "RUN <<EOF\necho here > /seen\nEOF\nRUN cat /seen")
    by_legacy = _legacy_states(whole)
    facts: dict[str, Fact] = {
        "the engine has a legacy builder": True,
        "stages that BuildKit left out": ", ".join(_left_out(built(record))),
        "stages that the legacy builder left out": ", ".join(_left_out(whole.stages)) or "none",
        "legacy, the second of two equal steps": by_legacy["stamp"],
        "legacy_wall_s": whole.wall_s,
        "buildkit_wall_s": record.wall_s,
        "wall_ratio, legacy to BuildKit": _ratio(whole.wall_s, record.wall_s),
        "legacy, RUN --mount was built": mount.ok,
        "legacy, RUN --mount": mount.message.partition(".")[0],
        "legacy, the step with a heredoc": "passed" if _passed(heredoc, "RUN <<") else "failed",
        "legacy, its commands were run": heredoc.ok,
    }
    by_buildkit = {s.stage: s.state.value for s in _runs(record)}
    rows = tuple(
        {
            "stage": stage,
            "BuildKit": _words(stage, by_buildkit),
            "legacy builder": by_legacy.get(stage, "not built"),
        }
        for stage in STAGES
    )
    return Runs({"BuildKit": record}, facts, rows=rows)


def ran(found: Runs) -> set[tuple[str, str]]:
    """The cells of the table of `legacy` where a stage ran: (stage, builder)."""
    return {
        (str(row["stage"]), name)
        for row in found.rows
        for name, state in row.items()
        if state == State.RAN.value
    }


def language(found: Runs) -> dict[str, Fact]:
    """What `legacy` showed of instructions that are newer than the builder; no times."""
    told = ("left out", "the engine has", "equal", "RUN --mount", "heredoc", "commands")
    return {n: v for n, v in found.facts.items() if any(word in n for word in told)}


def _words(stage: str, states: Mapping[str, str]) -> str:
    """What became of a stage. Of two equal ones the graph keeps one step, under either name."""
    first, second = EQUAL
    if stage == first:
        return states.get(first) or states.get(second, "not built")
    return "merged" if stage == second else states.get(stage, "not built")


def _left_out(names: tuple[str, ...]) -> tuple[str, ...]:
    """Stages that were not built. Equal ones are one."""
    return tuple(
        s for s in STAGES if s not in names and not (s in EQUAL and set(EQUAL) & set(names))
    )


def _legacy_states(whole: LegacyBuild) -> dict[str, str]:
    """Stage → ran, or cached where each of its steps was. A FROM is no step of work."""
    work = [s for s in whole.steps if s.done and not s.instruction.upper().startswith("FROM ")]
    names = dict.fromkeys(s.stage for s in work)
    return {
        n: "cached" if all(s.cached for s in work if s.stage == n) else State.RAN.value
        for n in names
    }


def _legacy_step(tree: Workspace, instructions: str) -> LegacyBuild:
    tree.write("Dockerfile", f"FROM debian:trixie-slim\n{instructions}\n")
    return legacy_build(tree)


def _passed(whole: LegacyBuild, instruction: str) -> bool:
    return any(s.done for s in whole.steps if s.instruction.startswith(instruction))


@experiment()
def twins() -> Runs:
    """Two small programs that import the same, compiled cold: by one step, and by two at once.

    Facts: CPU and wall seconds of compiling, and the ratios of apart to together. Rows: both ways.
    """
    records: dict[str, BuildRecord] = {}
    rows: list[dict[str, Fact]] = []
    with recipe("twins") as tree:
        for name in ("together", "apart"):
            salt = f"--build-arg=SALT={secrets.token_hex(8)}"
            record = build(tree, f"--target={name}", salt, title=name, output="cache").require_ok()
            records[name] = record
            steps = [s for s in record.steps if "go build" in s.instruction]
            busy_s = derive.measure(i for s in steps for i in s.intervals)
            rows.append(
                {
                    "way": name,
                    "go build steps": len(steps),
                    "cpu_s": round(sum(map(cpu_s, steps)), 2),
                    "steps_s": round(sum(s.duration_s for s in steps), 2),
                    "wall_s": round(busy_s, 2),
                }
            )
    together, apart = rows
    facts: dict[str, Fact] = {
        "cpu_ratio, apart to together": _ratio(apart["cpu_s"], together["cpu_s"]),
        "wall_ratio, apart to together": _ratio(apart["wall_s"], together["wall_s"]),
        "apart, the two steps ran side by side": float(apart["wall_s"]) < float(apart["steps_s"]),
    }
    return Runs(records, facts, rows=tuple(rows))


def in_words(found: Runs) -> str:
    """How the CPU time of `twins` apart compares with together."""
    ratio = float(found.facts["cpu_ratio, apart to together"])
    return "about half" if ratio < 0.75 else "about twice" if ratio > 1.5 else "about the same"


def cpu_s(step: Step) -> float:
    """CPU seconds of a step's commands, where it ends with the shell's `times`."""
    found = re.findall(r"(\d+)m([\d.]+)s (\d+)m([\d.]+)s", step.output)
    if not found:
        return 0.0
    minutes, seconds, system_minutes, system_seconds = map(float, found[-1])
    return 60 * (minutes + system_minutes) + seconds + system_seconds


def _ratio(a: Fact, b: Fact) -> float:
    return round(float(a) / float(b), 2) if float(b) else 0.0


def built(record: BuildRecord) -> tuple[str, ...]:
    """The stages that a build came to, in the Dockerfile's order."""
    return tuple(dict.fromkeys(s.stage for s in record.work if s.state is not State.NOT_REACHED))


def _runs(record: BuildRecord) -> list[Step]:
    return [s for s in record.work if s.cacheable]


def _sleeps(steps: Iterable[Step]) -> int:
    return len([s for s in steps if "sleep 1" in s.instruction])


def _instructions(text: str) -> list[str]:
    """The lines of a Dockerfile without line breaks in instructions: all but comments, blanks."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
