"""Ask one question with a few answers, and compare with what was measured.

    guess = ask("Which is larger?", ("the layer", "the file"))
    guess                        # buttons, one answer
    guess.check("the layer")     # the measured answer beside the predicted one

The same as a plain function: `ask("Which is larger?", …, guess="the file").check("the layer")`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from buildlab.errors import UsageError
from buildlab.show.html.page import render, styled
from buildlab.show.widgets.asked import Asked


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer predicted ("" where none was) and the answer measured."""

    question: str
    predicted: str
    measured: str
    recorded: str = ""

    @property
    def right(self) -> bool:
        return self.predicted == self.measured

    def __str__(self) -> str:
        if not self.predicted:
            return f"{self.question} Measured: {self.measured}. No prediction was made."
        if self.right:
            return f"{self.question} Predicted and measured: {self.measured}."
        return f"{self.question} Predicted: {self.predicted}. Measured: {self.measured}."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return styled(render("answer", answer=self))


class Question(Asked):
    """One question, its options, and the one that is chosen. Made by `ask`."""

    def __init__(self, question: str, options: Sequence[str], guess: str | None) -> None:
        self.question = question
        self.options = tuple(options)
        if guess is not None:
            self._known(guess)
        self._given = guess
        self._buttons: Any = None

    def _known(self, option: str) -> None:
        if option not in self.options:
            raise UsageError(
                f"{option!r} is no answer to {self.question!r}",
                f"one of: {', '.join(self.options)}",
            )

    @property
    def chosen(self) -> str | None:
        """The answer chosen, read now; None while none was."""
        if self._given is not None or self._buttons is None:
            return self._given
        value: str | None = self._buttons.value
        return value

    @property
    def given(self) -> bool:
        return self._given is not None

    def check(self, measured: str, recorded: str = "") -> Answer:
        """Compare with the measured answer. Raises UsageError where it is none of the options."""
        self._known(measured)
        answer = Answer(self.question, self.chosen or "", measured, recorded)
        self._settle()
        return answer

    def _fix(self) -> None:
        self._given = self.chosen

    def _make_boxes(self) -> Any:
        import ipywidgets as widgets

        self._buttons = widgets.RadioButtons(
            options=list(self.options),
            value=None,
            layout=widgets.Layout(width="auto"),
        )
        return widgets.VBox([widgets.HTML(self._html(())), self._buttons])

    def _repr_html_(self) -> str:
        return self._html(self.options)

    def _html(self, options: Sequence[str]) -> str:
        asked = render("question", question=self.question, options=options, chosen=self.chosen)
        return styled(asked)

    def __repr__(self) -> str:
        return f"{self.question} {self.chosen or ' / '.join(self.options)}"


def ask(question: str, options: Sequence[str], *, guess: str | None = None) -> Question:
    """Ask for one of `options`; then `.check(measured)`. With `guess` nothing is asked.

    Raises UsageError where `guess` is none of the options.
    """
    return Question(question, options, guess)
