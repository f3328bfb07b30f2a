"""An experiment that fails: it names the step, keeps its evidence, and the next one works."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildlab.bench.edits import Edit, swapped
from buildlab.bench.evidence import find
from buildlab.bench.sample import recipe
from buildlab.engine import Engine
from buildlab.errors import BuildFailed
from buildlab.experiments.cache_mounts import places
from buildlab.experiments.hazards import trust
from buildlab.experiments.layer_cache import invalidation
from buildlab.experiments.programs import harbour
from buildlab.record.steps import State


def kept(fault: BuildFailed) -> Path:
    """The workspace that the fault's note names."""
    notes = [n for n in fault.__notes__ if "workspace is kept" in n]
    assert len(notes) == 1, fault.__notes__
    return Path(notes[0].rpartition(": ")[2])


def test_a_broken_edit_names_its_step_and_keeps_the_workspace(lab_engine: Engine) -> None:
    """The message holds the Dockerfile's line; the folder still has what was built."""
    broken = Edit("broken", swapped(invalidation.RULES, "RUN date", "RUN no-such-tool"))
    with (
        pytest.raises(BuildFailed, match=r"(?s)broken.*RUN no-such-tool") as caught,
        recipe(invalidation.HERE / invalidation.RULES, [broken]) as made,
    ):
        made.run("broken")
    folder = kept(caught.value)
    assert (folder / invalidation.RULES).is_file()


def test_a_failed_experiment_leaves_no_result_and_the_next_one_works(
    lab_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What failed is not kept as evidence; run again, it measures."""
    look = places.where_go_writes
    before = find(look)
    with monkeypatch.context() as patched:
        other = trust.STALE  # another program's folder
        patched.setattr(harbour, "program", lambda _: other)
        with pytest.raises(BuildFailed):
            look()
    after = find(look)
    assert (after and after.measured_at) == (before and before.measured_at)
    assert all(State.FAILED not in r.states().values() for r in look().records.values())
