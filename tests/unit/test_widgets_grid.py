"""Predict several edits at once: boxes and plain function alike, verdicts in signs and words."""

from __future__ import annotations

import re
from typing import Any

import pytest

from buildlab.errors import UsageError
from buildlab.record.steps import State
from buildlab.show.widgets import kernel
from buildlab.show.widgets.grid import predict_edits
from tests.unit import factory

C = State.CACHED
BASE = factory.record()
EDITS = ("one", "other")
RECORDS = {
    "one": factory.record("one", assets_2=C, final_1=C),  # ran: build 5, build 6, final 2
    "other": factory.failed(),
}


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


def row(html: str, edit: str) -> list[str]:
    """The cells of an edit's row."""
    line = re.search(rf'<tr><th scope="row">{re.escape(edit)}</th>(.*?)</tr>', html)
    assert line is not None
    return re.findall(r"<td.*?</td>", line.group(1))


def test_boxes_and_plain_function_give_the_same(handle: Handle) -> None:
    """Ticked boxes and a mapping of marks end in the same HTML, of marks and of result."""
    asked = predict_edits(BASE, EDITS)
    asked._ipython_display_()
    for edit, number in (("one", 4), ("one", 5), ("other", 1)):
        asked._boxes[edit, asked.steps[number - 1].key].value = True
    plain = predict_edits(BASE, {"one": [4, 5], "other": [1]})
    assert asked.check(RECORDS)._repr_html_() == plain.check(RECORDS)._repr_html_()
    assert handle.last.data == plain._repr_html_()
    assert asked.marked == plain.marked


def test_untouched_boxes_settle_and_judge_nothing(handle: Handle) -> None:
    """Run all without a tick: what ran is shown, and that no prediction was made."""
    asked = predict_edits(BASE, EDITS)
    asked._ipython_display_()
    html = asked.check(RECORDS)._repr_html_()
    assert html == predict_edits(BASE, EDITS).check(RECORDS)._repr_html_()
    assert "No step marked" in handle.last.data
    assert "No prediction was made" in html
    assert "predicted right" not in html
    assert "3 of 8 ran" in html


def test_a_row_without_a_mark_predicts_that_nothing_runs() -> None:
    """Once anything is marked, an empty row is a prediction like the others."""
    result = predict_edits(BASE, {"one": [], "other": [1]}).check(RECORDS)
    assert result.made
    assert [r.missed for r in result.results] == [3, 3]


def test_an_edit_without_its_build_is_a_usage_error() -> None:
    """The edit that was not built is named, with what to do."""
    with pytest.raises(UsageError, match="other") as caught:
        predict_edits(BASE, EDITS).check({"one": BASE})
    assert caught.value.hint


def test_each_verdict_has_sign_words_and_paint() -> None:
    """Right, missed and false alarm: a sign for the eye, words for the ear, a class for both."""
    html = predict_edits(BASE, {"one": [3, 4], "other": []}).check(RECORDS)._repr_html_()
    cells = row(html, "one")
    for number, kind, sign, words in (
        (3, "cached false-alarm", "?", "false alarm: it came from the cache"),
        (4, "ran right", "✓", "right: it ran"),
        (5, "ran missed", "!", "missed: it ran"),
    ):
        cell = cells[number - 1]
        assert f'class="{kind}"' in cell
        assert f"<b>{sign}</b>" in cell
        assert f'<span class="sr">{words}</span>' in cell
    assert "ran unexpectedly" in html
    assert "cached unexpectedly" in html


def test_what_was_not_reached_is_not_judged() -> None:
    """Behind a failed step there is no verdict, and no sign of one."""
    cells = row(
        predict_edits(BASE, {"one": [], "other": [8]}).check(RECORDS)._repr_html_(), "other"
    )
    assert "not-reached" in cells[7]
    assert "<b>" not in cells[7]


def test_a_step_that_a_build_lacks_leaves_its_column_empty() -> None:
    """A build of fewer steps keeps the columns of the others in their place."""
    records = {"one": RECORDS["one"], "other": factory.one_stage()}
    html = predict_edits(BASE, EDITS).check(records)._repr_html_()
    heads = html.count('<th scope="col">')
    assert {len(row(html, edit)) for edit in EDITS} == {heads + 1}  # and how many ran
    assert "no such step" in html


def test_the_instructions_are_the_baselines() -> None:
    """An edit that changes a RUN does not change the text that the column is headed by."""
    html = predict_edits(BASE, EDITS).check(RECORDS)._repr_html_()
    assert html.count("<li>") == 8


def test_markup_is_shown_not_run() -> None:
    """Names of edits are text in the page, asked and judged."""
    name = "<script>x</script>"
    guess = predict_edits(BASE, {name: [1]})
    for html in (guess._repr_html_(), guess.check({name: BASE})._repr_html_()):
        assert "<script>" not in html


def test_recorded_builds_say_so() -> None:
    """A check against recorded builds carries the recording's caption."""
    records = dict.fromkeys(EDITS, factory.record(recorded="recorded on a laptop"))
    assert "recorded on a laptop" in predict_edits(BASE, EDITS).check(records)._repr_html_()
