"""Working copies, progress, hints, and the editing cell: all that needs no engine."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from buildlab.errors import RecordError, UsageError
from buildlab.labs import copies, hints, progress, reading, working
from buildlab.labs.debrief import Figures
from buildlab.labs.model import BUILDS, Lab, Report, Verdict
from buildlab.labs.toolchain import Told
from buildlab.record.steps import LogLine, State, Step, StepKey
from buildlab.show import labs as shown
from buildlab.show.widgets.workbench import Workbench, open_lab

LAB = reading.find("late_arguments")


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's working copies are."""
    monkeypatch.setenv("BUILDLAB_WORK", str(tmp_path / "work"))
    monkeypatch.delenv("BUILDLAB_REPLAY", raising=False)
    return tmp_path / "work"


def report(lab: Lab = LAB, **outcomes: str) -> Report:
    """A report in which these rules came to this, and all others hold."""
    verdicts = [Verdict(BUILDS, "It builds.", "passed", "it builds")]
    for rule in lab.rules:
        outcome = outcomes.get(rule.id.replace("-", "_"), "passed")
        facts = {"edit": "commit"} if rule.id == "commit-and-date" else {}
        verdicts.append(Verdict(rule.id, rule.says, outcome, "seen", facts))  # type: ignore[arg-type]
    return Report(lab, tuple(verdicts), {}, 1.0)


@pytest.mark.parametrize("name", ["late_arguments", "Late arguments", "1", "01", LAB.name])
def test_a_lab_has_several_names(name: str) -> None:
    """Folder, title and number."""
    assert reading.find(name).name == LAB.name


def test_the_beginning_of_a_name_is_enough_where_one_lab_has_it() -> None:
    """And several are named where it isn't."""
    assert reading.find("late").name == LAB.name
    with pytest.raises(UsageError):
        reading.find("the")


def test_the_copied_notebook_leads_to_the_task(work: Path) -> None:
    """Its links go where they went from the lab's own folder."""
    copy, _ = working.begin(LAB)
    links = re.findall(r"\]\(([^)]+)\)", copy.notebook.read_text("utf-8"))
    assert len(links) >= 2
    for link in links:
        assert (copy.notebook.parent / link).exists(), link


def test_a_kept_copy_is_not_graded(work: Path) -> None:
    """A shell that was left in it is told where to go."""
    copy, _ = working.begin(LAB)
    kept = copies.reset(LAB)[1]
    assert kept is not None
    with pytest.raises(UsageError) as caught:
        copies.here(kept)
    assert caught.value.hint == f"cd {copy.path}"


def test_a_hint_is_chosen_by_what_was_seen() -> None:
    """The condition that fits, rung by rung, the third again and again; each is counted."""
    copy, _ = working.begin(LAB)
    assert hints.next_hint(LAB, copy.digest()) is None
    progress.checked(report(commit_and_date="failed", version="failed"), copy.digest())
    given = [hints.next_hint(LAB, copy.digest()) for _ in range(4)]
    assert [g.rung for g in given if g] == [1, 2, 3, 3]
    assert {g.rule for g in given if g} == {"commit-and-date"}
    assert given[0] is not None and "COMMIT" in given[0].text
    assert progress.read().of(LAB.name).hints == 3
    copy.file.write_text("FROM scratch\n")
    again = hints.next_hint(LAB, copy.digest())
    assert again is not None and again.stale


def test_an_answer_that_does_not_build_has_a_hint_too() -> None:
    """That of its build."""
    copy, _ = working.begin(LAB)
    broken = report()
    failed = replace(broken.verdicts[0], outcome="failed", seen="exit code 7")
    progress.checked(replace(broken, verdicts=(failed, *broken.verdicts[1:])), copy.digest())
    given = hints.next_hint(LAB, copy.digest())
    assert given is not None and given.rule == BUILDS


def test_a_pass_stays_a_pass() -> None:
    """A later check that fails doesn't take it back; it is counted."""
    copy, _ = working.begin(LAB)
    progress.checked(report(), copy.digest())
    passed = progress.read().of(LAB.name).passed
    progress.checked(report(version="failed"), copy.digest())
    known = progress.read().of(LAB.name)
    assert known.passed == passed != ""
    assert (known.checks, known.state) == (2, "passed")
    assert known.minutes is not None


def test_a_damaged_progress_file_is_said_and_left(work: Path) -> None:
    """Nothing is written over it."""
    working.begin(LAB)
    path = work / progress.FILE
    path.write_text('{"labs": 3}')
    with pytest.raises(RecordError) as caught:
        progress.checked(report(), "x")
    assert str(path) in caught.value.message
    assert path.read_text() == '{"labs": 3}'


def test_an_export_holds_no_answer_and_no_path(work: Path, tmp_path: Path) -> None:
    """And no name that wasn't given."""
    copy, _ = working.begin(LAB)
    progress.checked(report(version="failed"), copy.digest())
    progress.export(tmp_path / "me.json", "")
    text = (tmp_path / "me.json").read_text()
    assert str(work) not in text
    assert copy.digest() not in text
    assert progress.read_file(tmp_path / "me.json").learner == ""


def test_a_copy_that_cannot_be_written_is_said(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With where else it could be."""
    work.parent.joinpath("file").write_text("")
    monkeypatch.setenv("BUILDLAB_WORK", str(work.parent / "file" / "work"))
    with pytest.raises(UsageError) as caught:
        copies.begin(LAB)
    assert "BUILDLAB_WORK" in f"{caught.value.message} {caught.value.hint}"


def bench() -> Workbench:
    return open_lab("late_arguments")


def test_the_editing_cell_writes_the_file_and_says_what_changed() -> None:
    """Run again it changes nothing."""
    lab = bench()
    assert "as it was" in repr(lab.answer("Dockerfile", lab.copy.file.read_text()))
    assert "1 new" in repr(lab.answer("Dockerfile", lab.copy.file.read_text() + "# mine\n"))
    assert lab.copy.file.read_text().endswith("# mine\n")
    assert "as it was" in repr(bench().answer("Dockerfile", lab.copy.file.read_text()))


def test_the_editing_cell_leaves_what_was_written_elsewhere() -> None:
    """Unless it is told otherwise; what it wrote itself it may write again, in a new kernel too."""
    lab = bench()
    lab.answer("Dockerfile", "FROM scratch\n")
    assert "1 new" in repr(bench().answer("Dockerfile", "FROM debian\n"))
    lab.copy.file.write_text("FROM written-elsewhere\n")
    with pytest.raises(UsageError) as caught:
        lab.answer("Dockerfile", "FROM scratch\n")
    assert "--over" in caught.value.hint
    assert lab.copy.file.read_text() == "FROM written-elsewhere\n"
    lab.answer("Dockerfile", "FROM scratch\n", over=True)
    assert lab.copy.file.read_text() == "FROM scratch\n"


@pytest.mark.parametrize(
    "name", ["../Dockerfile", "/etc/hosts", "cmd/signpost/main.go", "a/../../b"]
)
def test_the_editing_cell_writes_only_what_is_the_learners(name: str) -> None:
    """Nothing outside of the copy, and nothing of the program."""
    with pytest.raises(UsageError):
        bench().answer(name, "x")


def test_the_solution_opens_after_a_pass_or_by_giving_up() -> None:
    """And giving up is noted."""
    lab = bench()
    with pytest.raises(UsageError):
        lab.solution()
    assert "ARG" in repr(lab.solution(give_up=True))
    assert progress.read().of(LAB.name).state == "given up"


def test_a_report_is_shown_with_each_rule_once() -> None:
    """As HTML and as text; what fails says what was seen."""
    found = report(version="failed", label_created="not graded")
    html, text = unescape(str(shown.report_html(found))), shown.report_text(found)
    for rule in LAB.rules:
        assert rule.says in text
        assert html.count(rule.says) == 1
    assert text.count("✗") == 1
    assert 'aria-label="does not hold"' in html


def test_figures_of_a_report_come_back_from_a_file(tmp_path: Path) -> None:
    """What is kept beside a lab."""
    figures = Figures.of(report())
    assert set(figures.seen) == {BUILDS, *(r.id for r in LAB.rules)}


def step(*lines: str, state: State = State.RAN) -> Step:
    logs = tuple(LogLine(0.0, 2, f"{line}\n") for line in lines)
    return Step(StepKey("", 1), 1, "RUN x", state, logs=logs)


def test_what_go_told_is_read_off_the_log() -> None:
    """Other lines are passed over; a test's own packages are none of the program's."""
    told = Told.by(
        [
            step("buildlab: ran go build -o /x .", "buildlab: compiled example.com/a", "noise"),
            step(
                "buildlab: compiled main in /src", "buildlab: compiled a.test", "buildlab: linked"
            ),
            step("buildlab: fetched a.b/c@v1.0.0", "say buildlab: compiled no"),
        ]
    )
    assert told.packages == ("example.com/a", "main in /src")
    assert told.commands_compiled == ("/src",)
    assert told.fetched == ("a.b/c@v1.0.0",)
    assert told.of("build") == ("build -o /x .",)
    assert told.of("buil") == ()
    assert not told.clipped
