"""Each lab, proven: what fails, what passes, and why; by real builds."""

from __future__ import annotations

import pytest

from buildlab.labs import hints, working
from buildlab.labs.grading import check
from buildlab.labs.model import BUILDS, Report
from buildlab.labs.progress import Decided
from tests.labs.answers import Answer, answers, rewritten


def named(found: Answer) -> str:
    return found.id


def told(report: Report) -> str:
    return "\n".join(f"{v.outcome} {v.id}: {v.seen} {dict(v.facts)}" for v in report.verdicts)


@pytest.mark.parametrize("start", answers("start"), ids=named)
def test_the_start_fails_for_its_reasons_and_no_others(start: Answer) -> None:
    """It fails the rules that lab.toml names; all others hold, unless it doesn't even build."""
    report = start.graded()
    assert set(report.failed) == start.fails, told(report)
    ungraded = [v.id for v in report.verdicts if v.outcome == "not graded"]
    assert not ungraded or BUILDS in start.fails, told(report)


@pytest.mark.parametrize("solution", answers("solution"), ids=named)
def test_the_solution_passes_twice(solution: Answer) -> None:
    """The second time on a cache that has seen it, and a Dockerfile in other words.

    Comments between its instructions, and other letters, change no verdict.
    """
    lab = solution.lab
    with working.overlaid(lab, lab.solution) as folder:
        first = check(lab, folder)
        assert first.passed, told(first)
        path = folder / "Dockerfile"
        if (lab.solution / "Dockerfile").is_file():
            path.write_text(rewritten(path.read_text("utf-8")), "utf-8")
        second = check(lab, folder)
        assert second.passed, told(second)


@pytest.mark.parametrize("right", answers("right"), ids=named)
def test_answers_that_are_right_in_another_way_pass(right: Answer) -> None:
    """Other stages, bases and mounts: behaviour is graded, not text."""
    report = right.graded()
    assert report.passed, told(report)


@pytest.mark.parametrize("wrong", answers("wrong"), ids=named)
def test_a_wrong_answer_meets_its_rule_and_its_hint(wrong: Answer) -> None:
    """It fails each rule that lab.toml names for it; the hint is the one for it."""
    expected = wrong.lab.wrong[wrong.folder.partition("/")[2]]
    report = wrong.graded(expected.fails)
    assert set(report.failed) == wrong.fails, told(report)
    verdict = next(v for v in report.verdicts if v.id == expected.fails[0])
    if verdict.id == "builds":
        return
    decided = Decided(verdict.id, verdict.outcome, verdict.seen, verdict.facts)
    _, hint = hints.of_rule(wrong.lab, decided)
    assert expected.hint in " ".join(hint.rungs), told(report)
