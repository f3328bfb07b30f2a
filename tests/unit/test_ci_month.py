"""The month of lesson 11: drawn from what was measured, the same for the same seed."""

from __future__ import annotations

import pytest

from buildlab.bench.runs import Runs
from buildlab.errors import UsageError
from buildlab.experiments.ci import month as pipelines

WALLS = {"no cache": 10.0, "registry, max": 9.0, "dependencies in a layer": 2.0}


def sampled(without: str = "") -> Runs:
    rows = [
        {"strategy": name, "kind": kind, "wall_s": WALLS.get(name, 3.0), "measured in": "a test"}
        for name in pipelines.STRATEGIES
        for kind in pipelines.HISTORY
        if kind != without and (name != "no cache" or kind == pipelines.KIND)
    ]
    images = {"single stage": 62.0, "multi-stage": 15.5}
    facts = {f"image, {name}: compressed_mb": size for name, size in images.items()}
    return Runs({}, facts, rows=tuple(rows))


def test_same_seed_same_month() -> None:
    """A seed names a month: the same commits and durations each time."""
    assert pipelines.draw(sampled()) == pipelines.draw(sampled())
    assert pipelines.draw(sampled()).kinds != pipelines.draw(sampled(), seed=12).kinds


def test_every_strategy_builds_the_same_commits() -> None:
    """Each commit is built under each strategy, and takes a duration measured for its kind."""
    month = pipelines.draw(sampled(), commits=50)
    assert len(month.rows) == 50 * len(pipelines.STRATEGIES)
    assert set(month.seconds["registry, max"]) == {9.0}
    assert sum(int(row["commits"]) for row in month.history()) == 50


def test_history_is_mostly_source_edits() -> None:
    """The shares add up to one, and the month has more source edits than all else."""
    assert sum(pipelines.HISTORY.values()) == pytest.approx(1)
    kinds = pipelines.draw(sampled()).kinds
    assert kinds.count(pipelines.KIND) > len(kinds) / 2


def test_several_measured_builds_make_a_distribution() -> None:
    """Where a pair was measured more than once, both durations are drawn."""
    twice = {
        "strategy": "registry, max",
        "kind": pipelines.KIND,
        "wall_s": 8.0,
        "measured in": "it",
    }
    runs = sampled()
    month = pipelines.draw(Runs({}, runs.facts, rows=(*runs.rows, twice)))
    assert set(month.seconds["registry, max"]) == {8.0, 9.0}


@pytest.mark.parametrize("kind", ["dependency bump", "base bump"])
def test_a_kind_that_was_not_measured(kind: str) -> None:
    """A month can't be drawn from a sample that lacks a kind of commit; the error names it."""
    with pytest.raises(UsageError, match=kind):
        pipelines.draw(sampled(without=kind))


def test_no_month_without_commits() -> None:
    """A month has a commit."""
    with pytest.raises(UsageError):
        pipelines.draw(sampled(), commits=0)


def test_cost_by_second_and_by_started_minute() -> None:
    """60 builds of 10 s are 10 minutes, and 60 started ones."""
    month = pipelines.draw(sampled(), commits=60)
    bare = pipelines.cost(month, price_per_minute=0.5)[0]
    assert (bare["minutes"], bare["started minutes"]) == (10.0, 60)
    assert (bare["cost by second"], bare["cost by started minute"]) == (5.0, 30.0)


def test_cost_at_the_learners_own_duration() -> None:
    """Every duration is stretched so that the build without cache takes the minutes given."""
    rows = pipelines.cost(pipelines.draw(sampled(), commits=60), 0.5, no_cache_minutes=5)
    assert rows[0]["minutes"] == 300.0
    assert rows[2]["strategy"] == "dependencies in a layer"
    assert rows[2]["minutes"] == pytest.approx(300.0 * 2 / 10, abs=0.1)


@pytest.mark.parametrize(("price", "minutes"), [(-1, None), (1, 0), (1, -3), (1, float("nan"))])
def test_cost_of_nonsense(price: float, minutes: float | None) -> None:
    """A negative price or a build that takes no time is an error that says what to give."""
    with pytest.raises(UsageError, match="price"):
        pipelines.cost(pipelines.draw(sampled(), commits=2), price, minutes)


def test_published_figures_are_marked() -> None:
    """The articles' figures stand beside ours, each row with its origin."""
    rows = pipelines.beside_published(sampled())
    assert {row["origin"] for row in rows} == {"published", "measured here"}
    by_change = {row["change"]: row for row in rows if row["origin"] == "measured here"}
    assert by_change["dependencies in a layer"]["ratio"] == 5.0
    assert by_change["multi-stage"]["ratio"] == 4.0
