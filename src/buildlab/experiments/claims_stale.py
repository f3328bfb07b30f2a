"""For the ledger: whether --no-cache gets the new bytes of a file that looks unchanged."""

from __future__ import annotations

from buildlab.bench.recipe import RECIPES
from buildlab.bench.replaying import replayable
from buildlab.bench.runs import Runs
from buildlab.builds.workspace import workspace
from buildlab.engine import engine
from buildlab.experiments.stale import FILE, NEW, OLD, Try, fresh_name, project, ship, stamped


@replayable
def no_cache() -> Runs:
    """A file is rewritten with equal size and time; then built as it is, and with --no-cache.

    Facts: "<build>: new bytes arrive". `stale.hidden_edit` tries everything else.
    """
    with engine() as lab, workspace(RECIPES / "stale") as tree:
        folder = project(tree.path, fresh_name("app"), {FILE: OLD})
        records = {"before": ship(Try(folder), "before", lab=lab).record.require_ok()}
        stamped(folder / FILE, NEW)
        facts = {}
        for name, flags in (("as it is", ()), ("--no-cache", ("--no-cache",))):
            shipped = ship(Try(folder, flags), name, lab=lab)
            records[name] = shipped.record.require_ok()
            facts[f"{name}: new bytes arrive"] = shipped.files[FILE] == NEW
    return Runs(records, facts)
