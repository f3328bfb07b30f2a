"""For the ledger: whether --no-cache gets the new bytes of a file that looks unchanged."""

from __future__ import annotations

from pathlib import Path

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Runs
from buildlab.builds.workspace import workspace
from buildlab.engine import engine
from buildlab.experiments.stale.unseen import (
    FILE,
    NEW,
    OLD,
    Try,
    fresh_name,
    project,
    ship,
    stamped,
)

HERE = Path(__file__).parent


@experiment()
def no_cache() -> Runs:
    """A file is rewritten with equal size and time; then built as it is, and with --no-cache.

    Facts: "<build>: new bytes arrive". `stale.hidden_edit` tries everything else.
    """
    with engine() as lab, workspace(HERE / "program") as tree:
        folder = project(tree.path, fresh_name("app"), {FILE: OLD})
        records = {"before": ship(Try(folder), "before", lab=lab).record.require_ok()}
        stamped(folder / FILE, NEW)
        facts = {}
        for name, flags in (("as it is", ()), ("--no-cache", ("--no-cache",))):
            shipped = ship(Try(folder, flags), name, lab=lab)
            records[name] = shipped.record.require_ok()
            facts[f"{name}: new bytes arrive"] = shipped.files[FILE] == NEW
    return Runs(records, facts)
