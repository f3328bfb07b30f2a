"""Where Go really writes, what is inside a mount, what a fresh machine has of it."""

from __future__ import annotations

import re
from pathlib import Path

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.engine import engine
from buildlab.experiments.programs.harbour import (
    COMPILER,
    MODULES,
    compiled,
    fetched,
    harbour,
    how_many_compiled,
    how_many_fetched,
)
from buildlab.record.model import BuildRecord
from buildlab.record.steps import Step

HERE = Path(__file__).parent
MB = 1_000_000
KIB = 1024

_CACHES = {"/go/pkg/mod": "module cache", "/root/.cache/go-build": "compiler cache"}
_FILL = f"""FROM golang:1.27-trixie
WORKDIR /src
ENV CGO_ENABLED=0
COPY . .
RUN {MODULES} go mod download
RUN {MODULES} {COMPILER} go build ./internal/...
"""


def recipe(name: str) -> str:
    """The text of a Dockerfile of these experiments: places, look or article."""
    return (HERE / f"{name}.Dockerfile").read_text()


@experiment(uses=("programs/harbour",))
def where_go_writes() -> Runs:
    """Run `go mod download` and `go build` without any mount, and see which files are new.

    Rows: one for each command and place. Facts: GOMODCACHE and GOCACHE, and whether a command
    writes to each ("go mod download writes to GOCACHE").
    """
    with harbour() as program:
        record = program.build_text(recipe("places"), "where Go writes").require_ok()
    asked = re.findall(r"^/\S+$", record.output, flags=re.MULTILINE)
    facts: dict[str, Fact] = {"GOMODCACHE": asked[0], "GOCACHE": asked[1]}
    rows: list[Row] = []
    for step in record.steps:
        if not step.instruction.startswith("RUN where "):
            continue
        command = " ".join(step.instruction.split()[2:5]).removesuffix(" ./internal/...")
        found = re.findall(r"^wrote (\d+) (\d+) (\S+)$", step.output, flags=re.MULTILINE)
        for files, size, place in sorted(found, key=lambda told: told[2]):
            rows.append(
                {
                    "command": command,
                    "place": place,
                    "files": int(files),
                    "size_mb": round(int(size) / MB, 3),
                }
            )
        for name in ("GOMODCACHE", "GOCACHE"):
            facts[f"{command} writes to {name}"] = any(
                place.startswith(str(facts[name])) for _, _, place in found
            )
    return Runs({"where Go writes": record}, facts, rows=tuple(rows))


def who_writes_where(writes: Runs) -> dict[str, Fact]:
    """What `where_go_writes` found, without the paths."""
    return {name: value for name, value in writes.facts.items() if " writes to " in name}


def download_writes_to(writes: Runs) -> str:
    """What `where_go_writes` found of `go mod download`, in words."""
    names = [n for n in ("GOMODCACHE", "GOCACHE") if writes.facts[f"go mod download writes to {n}"]]
    return f"{names[0]} only" if len(names) == 1 else "both"


@experiment(uses=("programs/harbour",))
def inside_mounts() -> Runs:
    """Fill both mounts, then look into them from another image: with the mounts, and without.

    Rows: files and size of each mount. Facts: whether files are there ("with the mounts, the
    module cache is there", "without the mounts, …").
    """
    with harbour() as program:
        filled = program.build_text(_FILL, "fill the mounts").require_ok()
        looked = program.build_text(recipe("look"), "look inside").require_ok()
    looks = [_look(step) for step in looked.steps if "look" in step.instruction.split()[-2:]]
    facts: dict[str, Fact] = {}
    for name, rows in zip(("with the mounts", "without the mounts"), looks[-2:], strict=True):
        for row in rows:
            facts[f"{name}, the {row['mount']} is there"] = int(row["files"]) > 0
    return Runs({"fill": filled, "look": looked}, facts, rows=tuple(looks[-2]))


def _look(step: Step) -> list[Row]:
    told = re.findall(r"^(/\S+): (\d+) files, (\d*) KiB$", step.output, flags=re.MULTILINE)
    return [
        {
            "mount": _CACHES[place],
            "files": int(files),
            "size_mb": round(int(size or 0) * KIB / MB, 3),
        }
        for place, files, size in told
    ]


@experiment(uses=("programs/harbour",))
def mounts_on_a_fresh_machine() -> Runs:
    """One edit on the machine that built before, and on a fresh one given its exported cache.

    Facts, for "here" and "fresh machine": the state of the download step, and how many modules
    the compile step fetched and packages it compiled (none, one, some or all).
    """
    records: dict[str, BuildRecord] = {}
    with harbour() as program:
        exported = program.workspace.path / "exported"
        program.build("first build", f"--cache-to=type=local,dest={exported},mode=max").require_ok()
        program.edit("leaf")
        records["here"] = program.build("one edit, here").require_ok()
        with engine(fresh=True):
            records["fresh machine"] = program.build(
                "one edit, fresh machine", f"--cache-from=type=local,src={exported}"
            ).require_ok()
    facts: dict[str, Fact] = {}
    for name, record in records.items():
        text = record.steps[-1].output
        download = next(s for s in record.steps if "go mod download" in s.instruction)
        facts[f"{name}: download step"] = download.state.value
        facts[f"{name}: modules fetched by the compile step"] = how_many_fetched(text)
        facts[f"{name}: packages compiled"] = how_many_compiled(text)
    return Runs(records, facts)


def fresh_compiles(runs: Runs) -> str:
    """What Go compiled on the fresh machine, in words."""
    found = str(runs.facts["fresh machine: packages compiled"])
    return {"none": "nothing", "some": "what the edit reaches", "all": "everything"}[found]


@experiment(uses=("programs/harbour",))
def as_published() -> Runs:
    """The mounts as an article writes them, all on the download step, and one edit.

    Facts: modules fetched by the download step and again by the compile step; packages compiled.
    """
    text = recipe("article")
    with harbour() as program:
        above = program.build_text(text.partition("COPY . .")[0], "as published, above the source")
        program.edit("leaf")
        record = program.build_text(text, "as published, one edit").require_ok()
    compile_step = record.steps[-1].output
    facts: dict[str, Fact] = {
        "download step: modules fetched": how_many_fetched(above.require_ok().output),
        "compile step: modules fetched": how_many_fetched(compile_step),
        "compile step: packages compiled": how_many_compiled(compile_step),
        "compile step: cache mounts": len(record.steps[-1].cache_mounts),
    }
    rows: Row = {
        "step": "go build",
        "modules_fetched": fetched(compile_step),
        "packages_compiled": len(compiled(compile_step)),
    }
    return Runs({"above": above, "one edit": record}, facts, rows=(rows,))
