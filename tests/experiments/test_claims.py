"""Experiments that only the ledger has: what happens to their builds where a claim needs it."""

from __future__ import annotations

from buildlab.bench.evidence import measured
from buildlab.engine import Engine
from buildlab.experiments.cache_mounts import steps
from buildlab.experiments.go import compiling
from buildlab.experiments.layer_cache import keys
from buildlab.experiments.limit import turns


def test_every_edit_was_built_against_the_same_baseline(lab_engine: Engine) -> None:
    """An edit of nothing runs nothing, in the tree with an ignore file and in the one without."""
    facts = measured(keys.edits).facts
    for step in keys.STEPS:
        assert facts[f"nothing: {step} ran"] is False
        assert facts[f"README, ignored: {step} ran"] is False
    assert facts["source file: program step ran"] is True


def test_ratios_are_medians_of_rounds(lab_engine: Engine) -> None:
    """A ratio of times rests on several rounds, and lies between the rounds' own ratios."""
    runs = measured(turns.one_edit)
    ratios = [float(r["no_mount_s"]) / float(r["compiler_cache_mount_s"]) for r in runs.rows]
    middle = float(runs.facts["one edit, no mount to compiler cache mount, ratio"])
    assert len(ratios) == turns.ROUNDS >= 3
    assert min(ratios) - 0.01 <= middle <= max(ratios) + 0.01


def test_go_said_all_that_was_asked(lab_engine: Engine) -> None:
    """No fact of the Go program is empty: its steps ran, and were not cached."""
    facts = measured(compiling.toolchain).facts
    assert all(value != "" for value in facts.values())
    assert facts["packages compiled by a cold build"] != 0


def test_mount_experiments_really_saw_their_markers(lab_engine: Engine) -> None:
    """Where a later build finds nothing, it is not for a marker that was never written."""
    facts = measured(steps.caches).facts
    assert facts["a later build finds what the mount held"] is True
    assert measured(steps.secret_mounts).facts["the step reads the secret as a file"] is True
