"""Questions and tables to tick: alike as widget and as plain function."""

from __future__ import annotations

from typing import Any

import pytest

from buildlab.errors import UsageError
from buildlab.show.widgets import ask, kernel, predict_cells

ROWS, COLUMNS = ("ARG", "secret mount"), ("history", "layers")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A notebook that is none: widgets are made, and what is shown later is kept here."""
    later: list[Any] = []

    class Handle:
        def update(self, thing: Any) -> None:
            later.append(thing)

    monkeypatch.setattr(kernel, "in_kernel", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: Handle())
    return later


def test_a_right_answer_and_a_wrong_one() -> None:
    """The result names both answers, and whether they agree."""
    options = ("the layer", "the file")
    right = ask("Which?", options, guess="the layer").check("the layer")
    wrong = ask("Which?", options, guess="the file").check("the layer")
    assert right.right
    assert not wrong.right
    assert "Predicted: the file. Measured: the layer." in str(wrong)


def test_without_a_prediction_the_measured_answer_is_shown() -> None:
    """Nobody is judged who did not answer: nbval and handouts run like that."""
    answer = ask("Which?", ("a", "b")).check("b")
    assert str(answer) == "Which? Measured: b. No prediction was made."
    assert "No prediction" in answer._repr_html_()


def test_an_answer_outside_the_options_is_a_mistake_of_the_lesson() -> None:
    """Neither a guess nor a measured answer may be none of the options."""
    with pytest.raises(UsageError, match="'c' is no answer"):
        ask("Which?", ("a", "b"), guess="c")
    with pytest.raises(UsageError, match="one of: a, b"):
        ask("Which?", ("a", "b")).check("c")


def test_buttons_settle_to_what_was_chosen(shown: list[Any]) -> None:
    """After the check a saved notebook shows the chosen answer, without a widget."""
    question = ask("Which?", ("a", "b"))
    question._ipython_display_()
    question._buttons.value = "b"
    answer = question.check("a")
    assert answer.predicted == "b"
    assert "☒ b" in shown[-1].data
    assert question.chosen == "b"


def test_cells_predicted_right_are_counted() -> None:
    """All cells count: those rightly left unmarked too."""
    found = {("ARG", "history")}
    result = predict_cells("Where?", ROWS, COLUMNS, guess=[("ARG", "layers")]).check(found)
    assert result.right == 2
    assert "2 of 4 predicted right" in str(result)
    assert result._repr_html_().count("not expected") == 3  # title, words, key
    assert predict_cells("Where?", ROWS, COLUMNS).check(found).predicted is None


def test_a_cell_that_the_table_lacks_is_a_mistake_of_the_lesson() -> None:
    """Rows and columns are named in the hint."""
    with pytest.raises(UsageError, match="no cell"):
        predict_cells("Where?", ROWS, COLUMNS).check({("ENV", "history")})


def test_boxes_settle_to_what_was_ticked(shown: list[Any]) -> None:
    """After the check the boxes are a table that can only be read."""
    grid = predict_cells("Where?", ROWS, COLUMNS)
    grid._ipython_display_()
    grid._boxes["ARG", "history"].value = True
    result = grid.check(())
    assert result.predicted == {("ARG", "history")}
    assert "☒" in shown[-1].data
