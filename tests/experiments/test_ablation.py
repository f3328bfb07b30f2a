"""What lesson 17 states of the tuned Dockerfile's lines, held by real builds."""

from __future__ import annotations

import pytest

from buildlab.bench.evidence import measured
from buildlab.bench.runs import Row, Runs
from buildlab.engine import Engine
from buildlab.errors import UsageError
from buildlab.experiments.limit import ablated, ablating


@pytest.fixture(scope="module")
def runs(lab_engine: Engine) -> Runs:
    """Every line taken away once."""
    return measured(ablating.ablation)


def test_what_lasts_is_so(runs: Runs) -> None:
    """All statements of the lesson hold, but that cgo's program would start on a static base."""
    said = ablated.lasting(runs)
    assert {name for name, holds in said.items() if not holds} == {
        "without CGO_ENABLED=0 the program starts"
    }


def test_every_line_is_taken_away_once(runs: Runs) -> None:
    """There is a row for the whole and for each ablation, and each names lines of the file."""
    names = [a.name for a in ablating.ABLATIONS]
    assert [row["without"] for row in runs.rows] == [ablating.WHOLE, *names]
    lines = {row["what"]: row["lines"] for row in ablated.annotated(runs)}
    assert lines.pop(".dockerignore") == "beside the file"
    assert all(lines.values())


def test_a_line_that_is_gone_is_a_fault() -> None:
    """An ablation that would change nothing names the text that it looked for."""
    with pytest.raises(UsageError, match="has no 'FROM nowhere"):
        ablating._without("FROM nowhere\n")(ablating.tuned())


ROW: Row = {
    "without": "x",
    "one_line_times": 1.1,
    "image_times": 1.0,
    "steps after README": 0,
    "steps after version": 1,
    "starts": True,
}


def test_worth_is_told_in_words() -> None:
    """Small differences are left out; a program that does not start comes first."""
    assert ablated.worth(ROW, ROW) == "nothing that these edits show"
    worse = {**ROW, "one_line_times": 8.0, "steps after version": 3, "starts": False}
    assert ablated.worth(worse, ROW) == (
        "the program does not start; one changed line takes 8.0× as long; "
        "a new version runs 2 steps more"
    )
