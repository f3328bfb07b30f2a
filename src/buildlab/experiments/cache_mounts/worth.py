"""What cache mounts are worth: none, either, both, crossed with what was edited."""

from __future__ import annotations

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.experiments.programs.harbour import (
    MOUNTS,
    compiled,
    dockerfile,
    fetched,
    harbour,
    how_many_compiled,
    how_many_fetched,
)
from buildlab.record.model import BuildRecord

EDITS = ("no change", "leaf", "core", "bump")
_ORDER = ("leaf", "no change", "core", "bump")


@experiment(uses=("programs/harbour",))
def crossed() -> Runs:
    """Each edit of `EDITS` with each of `MOUNTS`, on a machine that has built the program before.

    Rows: seconds, modules fetched and packages compiled of each build. Facts, for each pair:
    "<edit>, <mounts>: modules fetched" (none, one or all) and ": packages compiled" (none, some
    or all, the standard library's included); and "<edit>: no mounts against both, ratio".
    """
    records: dict[str, BuildRecord] = {}
    for mounts in MOUNTS:
        records |= {f"{edit}, {mounts}": made for edit, made in _edited(mounts).items()}
    rows = [_row(edit, mounts, records[f"{edit}, {mounts}"]) for edit in EDITS for mounts in MOUNTS]
    facts: dict[str, Fact] = {}
    for row in rows:
        name = f"{row['edit']}, {row['mounts']}"
        text = records[name].output
        facts[f"{name}: modules fetched"] = how_many_fetched(text)
        facts[f"{name}: packages compiled"] = how_many_compiled(text)
    for edit in EDITS:
        none, both = (records[f"{edit}, {mounts}"].wall_s for mounts in ("no mounts", "both"))
        facts[f"{edit}: no mounts against both, ratio"] = round(none / both, 2)
    return Runs(records, facts, rows=tuple(rows))


def _edited(mounts: str) -> dict[str, BuildRecord]:
    """One build after each edit. What was built before it differs by what it could spare.

    A compiler cache needs a whole build before. Without one only the download is ever spared.
    """
    made: dict[str, BuildRecord] = {}
    with harbour() as program:
        program.workspace.write("Dockerfile", dockerfile(mounts))
        before = () if "target=/root" in dockerfile(mounts) else ("--target=modules",)
        program.build(f"first build, {mounts}", *before).require_ok()
        for edit in _ORDER:
            if edit != "no change":
                program.edit(edit)
            made[edit] = program.build(f"{edit}, {mounts}").require_ok()
    return made


def _row(edit: str, mounts: str, record: BuildRecord) -> Row:
    text = record.output
    return {
        "edit": edit,
        "mounts": mounts,
        "wall_s": round(record.wall_s, 2),
        "modules_fetched": fetched(text),
        "packages_compiled": len(compiled(text)),
    }


def work(runs: Runs) -> tuple[Row, ...]:
    """What `crossed` shows, as rows without a figure: the same on every machine."""
    asked = ("modules fetched", "packages compiled")
    pairs = [f"{edit}, {mounts}" for edit in EDITS for mounts in MOUNTS]
    return tuple(
        {"build": p, **{what: runs.facts[f"{p}: {what}"] for what in asked}} for p in pairs
    )


def compiled_all(runs: Runs) -> set[tuple[str, str]]:
    """The pairs (edit, mounts) after which Go compiled every package."""
    return {
        (edit, mounts)
        for edit in EDITS
        for mounts in MOUNTS
        if runs.facts[f"{edit}, {mounts}: packages compiled"] == "all"
    }


def fewer_fetched(runs: Runs) -> str:
    """The edits after which the module cache alone spared a download; "" where none was."""
    alone = ("no mounts", "module cache")
    return ", ".join(
        edit
        for edit in EDITS
        if len({runs.facts[f"{edit}, {mounts}: modules fetched"] for mounts in alone}) > 1
    )
