"""What lesson 11 states, held by what was measured; the drawing is tested in tests/unit."""

from __future__ import annotations

import pytest

from buildlab.bench.evidence import measured
from buildlab.bench.runs import Runs
from buildlab.engine import Engine
from buildlab.experiments.ci import month as pipelines


@pytest.fixture(scope="module")
def sampled(lab_engine: Engine) -> Runs:
    return measured(pipelines.month_sample)


def test_the_sample_is_enough_for_a_month(sampled: Runs) -> None:
    """Each strategy was measured for each kind of commit, and each row says where."""
    month = pipelines.draw(sampled)
    assert len(month.kinds) == pipelines.COMMITS
    assert {row["measured in"] for row in sampled.rows} <= {"lesson 10", "this lesson"}
    count = sampled.facts["builds measured for this lesson"]
    assert count == sum(row["measured in"] == "this lesson" for row in sampled.rows)


def test_where_everything_is_compiled_again(sampled: Runs) -> None:
    """Mounts: on each change. A layer: on the rare ones. Carried mounts: never, by one compiler."""
    changes = ("source edit", "dependency bump", "base bump")
    expected = {("registry, max", kind) for kind in changes}
    expected |= {("dependencies in a layer", kind) for kind in changes[1:]}
    assert pipelines.compiled_all(sampled) == expected


def test_the_layer_helps_most(sampled: Runs) -> None:
    """After a source edit the layer is quicker than mounts, by more than noise."""
    assert pipelines.best_change(sampled) == "the dependencies compiled in a layer"
    assert pipelines.quickest(sampled) in ("dependencies in a layer", "mounts carried")


def test_image_sizes(sampled: Runs) -> None:
    """The image of the final stage is a small part of that of the build stage."""
    large, small = (
        float(sampled.facts[f"image, {image}: compressed_mb"])
        for image in ("single stage", "multi-stage")
    )
    assert small < large / 5


def test_the_month_costs_less_with_a_layer(sampled: Runs) -> None:
    """Drawn from the sample, the month is shorter with the layer than without a cache."""
    rows = {row["strategy"]: row for row in pipelines.cost(pipelines.draw(sampled), 0.006)}
    assert float(rows["dependencies in a layer"]["minutes"]) < float(rows["no cache"]["minutes"])
