"""Each lab, proven: what fails, what passes, and why; by real builds."""

from __future__ import annotations

import pytest

from buildlab.labs import hints, working
from buildlab.labs.grading import check
from buildlab.labs.model import BUILDS, Report
from buildlab.labs.progress import Decided
from tests.labs.answers import LABS, Answer, answers, rewritten


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
    """On a cold cache and on one that has seen it."""
    for _ in range(2):
        report = solution.graded()
        assert report.passed, told(report)


@pytest.mark.parametrize("right", answers("right"), ids=named)
def test_answers_that_are_right_in_another_way_pass(right: Answer) -> None:
    """Other stages, bases and mounts: behaviour is graded, not text."""
    report = right.graded()
    assert report.passed, told(report)


@pytest.mark.parametrize("wrong", answers("wrong"), ids=named)
def test_a_wrong_answer_meets_its_rule_and_its_hint(wrong: Answer) -> None:
    """It fails the rules that lab.toml names, and no others; the hint is the one for it."""
    report = wrong.graded()
    expected = wrong.lab.wrong[wrong.folder.partition("/")[2]]
    assert set(report.failed) == wrong.fails, told(report)
    verdict = next(v for v in report.verdicts if v.id == expected.fails[0])
    if verdict.id == "builds":
        return
    decided = Decided(verdict.id, verdict.outcome, verdict.seen, verdict.facts)
    _, hint = hints.of_rule(wrong.lab, decided)
    assert expected.hint in " ".join(hint.rungs), told(report)


DOCKERFILES = [lab for lab in LABS if (lab.solution / "Dockerfile").is_file()]


@pytest.mark.parametrize("lab", DOCKERFILES, ids=lambda lab: lab.name)
def test_comments_and_formatting_change_no_verdict(lab: object) -> None:
    """The solution with comments between its instructions, in other letters, passes as well."""
    found = next(one for one in LABS if one is lab)
    with working.overlaid(found, found.solution) as folder:
        path = folder / "Dockerfile"
        path.write_text(rewritten(path.read_text("utf-8")), "utf-8")
        report = check(found, folder)
    assert report.passed, told(report)
