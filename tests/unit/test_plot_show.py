"""What a cell ends with: each plot with its sentence and its table."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from buildlab.record.matrix import Matrix
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State
from buildlab.show import plot
from buildlab.show.plot import Shown, show
from tests.unit import factory

A = factory.record("a", recorded="recorded on a laptop")
B = factory.record("b", build_6=State.CACHED)
MATRIX = Matrix.from_records(A, {"an edit": B})

SHOWN: dict[str, Callable[[], Shown]] = {
    "waterfall": lambda: show.waterfall(A),
    "graph": lambda: show.graph(A),
    "compare": lambda: show.compare({"first": A, "second": B}),
    "compare three": lambda: show.compare({"first": A, "second": B, "third": B}),
    "compare by step": lambda: show.compare({"first": A, "second": B}, by="step"),
    "sizes": lambda: show.sizes({"first": A, "second": B}),
    "sizes of one": lambda: show.sizes(A),
    "transfer": lambda: show.transfer({"first": A, "second": B}),
    "matrix": lambda: show.matrix(MATRIX),
}


TINY = plot.png(plot.sizes(factory.one_stage()))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rendering: its result is looked at elsewhere."""
    monkeypatch.setattr(sys.modules[Shown.__module__], "png", lambda drawn: TINY)


@pytest.mark.parametrize("name", SHOWN)
def test_every_figure_has_sentence_table_and_recording(name: str) -> None:
    """Alt text with figures in it, a table, and the recording's caption exactly once."""
    shown = SHOWN[name]()
    html = shown._repr_html_()
    assert any(c.isdigit() for c in shown.alt)
    assert "<table" in shown.table_html
    said = html.split("<figcaption>")[1].split("</figcaption>")[0]
    assert said.count("recorded on a laptop") == 1


def test_compare_uses_the_names_given() -> None:
    """The names of the mapping are in the sentence, not the titles of the records."""
    assert "second" in show.compare({"first": A, "second": B}).alt


def test_graph_says_the_critical_path() -> None:
    """Who cannot see the thick line reads the chain."""
    assert "Critical path of" in show.graph(A).alt


def test_names_are_shown_not_run() -> None:
    """A build's name is text in the page."""
    evil: dict[str, BuildRecord] = {"<script>x</script>": A, "b": B}
    for shown in (show.sizes(evil), show.compare(evil)):
        assert "<script>" not in shown._repr_html_()


def test_builds_of_two_dockerfiles_are_compared_by_what_their_steps_are() -> None:
    """What only one has is told as new, and changed no state."""
    said = show.compare({"naive": factory.one_stage(), "tuned": A}).alt
    assert "new: " in said
    assert "go.mod" not in said.partition("changed state")[2]
    assert "tuned is a recording" in said
