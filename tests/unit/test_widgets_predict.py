"""Predict: marks against what ran, alike as widget and as plain function."""

from __future__ import annotations

from typing import Any

import pytest

from buildlab.errors import UsageError
from buildlab.record.steps import State, StepKey
from buildlab.show.widgets import kernel
from buildlab.show.widgets.predict import predict
from tests.unit import factory

C, X = State.CACHED, State.RAN
BASE = factory.record()


class Handle:
    """Stands in for a display handle: keeps what was shown last."""

    def __init__(self) -> None:
        self.last: Any = None

    def update(self, shown: Any) -> None:
        self.last = shown


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Handle:
    """A notebook that is none: boxes are made, and what is displayed goes to the handle."""
    made = Handle()
    monkeypatch.setattr(kernel, "in_kernel", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: made)
    return made


def verdicts(result: Any) -> dict[str, str]:
    return {str(r.key): r.verdict for r in result.rows}


def test_each_verdict() -> None:
    """Marked and ran is right, ran unmarked is missed, marked and cached is a false alarm."""
    made = factory.record("again", assets_2=C, final_1=C)
    seen = verdicts(predict(BASE, guess=["build 4", "build 6"]).check(made))
    assert seen["build 6"] == seen["build 2"] == "right"
    assert seen["build 5"] == "missed"
    assert seen["build 4"] == "false alarm"
    assert "build 1" not in seen  # FROM: nothing to predict


def test_score_counts_marks_and_non_marks() -> None:
    """The score is the share of all steps judged right, 1 where all were."""
    ran = [s.key for s in BASE.steps if s.state is X]
    assert predict(BASE, guess=ran).check(BASE).score == 1.0
    assert predict(BASE, guess=[]).check(BASE).score == pytest.approx(3 / 8)


def test_numbers_names_and_keys_mark_the_same_step() -> None:
    """A step can be given by its row, its name with or without the total, or its key."""
    guesses = (4, "build 5", "build 5/6", StepKey("build", 5))
    assert {predict(BASE, guess=[g]).marked for g in guesses} == {frozenset({StepKey("build", 5)})}


@pytest.mark.parametrize("wrong", [0, 99, -1, "build 9", StepKey("x", 1)])
def test_unknown_step_is_a_usage_error(wrong: Any) -> None:
    """A step that the build does not have is named, with the choices."""
    with pytest.raises(UsageError) as caught:
        predict(BASE, guess=[wrong])
    assert "build 2" in caught.value.hint


def test_untouched_says_that_nothing_was_predicted() -> None:
    """Restart and run all: no verdict is made up, what ran is shown all the same."""
    result = predict(BASE, edit="nothing").check(BASE)
    assert result.score is None
    assert not result.made
    assert "No prediction was made" in str(result)
    assert "ran" in result._repr_html_()


def test_new_and_vanished_steps_are_not_judged() -> None:
    """A step that only one of the two builds has gets no verdict."""
    result = predict(BASE, guess=[]).check(factory.one_stage())
    assert set(verdicts(result).values()) == {"not predicted"}
    assert result.score is None


def test_a_step_not_reached_is_not_judged_and_a_failed_one_ran() -> None:
    """After a failure: the failed step counts as run, those behind it as unknown."""
    seen = verdicts(predict(BASE, guess=["build 6"]).check(factory.failed()))
    assert seen["build 6"] == "right"
    assert seen["final 2"] == "not predicted"


def test_words_say_what_colour_says() -> None:
    """Each verdict is in the table as words."""
    html = predict(BASE, guess=["build 4"]).check(BASE)._repr_html_()
    for words in ("false alarm: it came from the cache", "missed: it ran", "right: "):
        assert words in html


def test_markup_in_an_instruction_is_shown_not_run() -> None:
    """Instructions and edits are text in the page, never markup."""
    rows = (("", 1, 1, "RUN echo '<script>x</script>'", X, (0.0, 1.0), ()),)
    steps = factory.steps(rows)
    record = type(BASE)("r", "t", (), ".", "", "", 1.0, 0, steps=steps)
    guess = predict(record, edit="<b>bold</b>", guess=[1])
    for html in (guess._repr_html_(), guess.check(record)._repr_html_()):
        assert "<script>" not in html
        assert "<b>bold" not in html


def test_recorded_result_says_so() -> None:
    """A check against a recorded build carries the recording's caption."""
    result = predict(BASE, guess=[1]).check(factory.record(recorded="recorded on a laptop"))
    assert "recorded on a laptop" in result._repr_html_()


def test_boxes_and_plain_function_give_the_same(handle: Handle) -> None:
    """Ticking boxes and passing `guess` end in the same HTML, of marks and of result."""
    asked = predict(BASE, edit="an edit")
    asked._ipython_display_()
    for name in ("build 5", "final 2"):
        asked._boxes[next(s.key for s in asked.steps if str(s.key) == name)].value = True
    plain = predict(BASE, edit="an edit", guess=["build 5", "final 2"])
    assert asked.check(BASE)._repr_html_() == plain.check(BASE)._repr_html_()
    assert handle.last.data == plain._repr_html_()


def test_untouched_boxes_settle_like_the_plain_function(handle: Handle) -> None:
    """Run all without a tick: the boxes become the static list, the result says no prediction."""
    asked = predict(BASE)
    asked._ipython_display_()
    result = asked.check(BASE)
    assert result._repr_html_() == predict(BASE).check(BASE)._repr_html_()
    assert "No step marked" in handle.last.data


def test_nothing_runs_is_a_prediction(handle: Handle) -> None:
    """The last box says that all comes from the cache: an empty guess, not a missing one."""
    asked = predict(BASE)
    asked._ipython_display_()
    asked._nothing.value = True
    assert asked.marked == frozenset()
    assert asked.check(BASE)._repr_html_() == predict(BASE, guess=[]).check(BASE)._repr_html_()


def test_boxes_can_be_checked_against_a_second_build(handle: Handle) -> None:
    """What was marked survives the first check."""
    asked = predict(BASE)
    asked._ipython_display_()
    asked._boxes[asked.steps[0].key].value = True
    assert asked.check(BASE).rows == asked.check(BASE).rows
    assert asked.marked == frozenset({asked.steps[0].key})
