"""Data frames in the look of all tables."""

from __future__ import annotations

import pandas as pd

from buildlab.setup.doctor.model import Finding, Report, Result
from buildlab.show import tables
from buildlab.show.html import MOST_ROWS, frame_html
from buildlab.show.html.doctor import report_html
from tests.unit import factory


def test_text_left_and_numbers_right() -> None:
    """A column of numbers is set as numbers, with the same decimals all the way down."""
    html = frame_html(pd.DataFrame({"name": ["x", "y"], "wall_s": [1.5, 0.0], "misses": [2, 3]}))
    assert '<td>x</td><td class="num">1.5</td><td class="num">2</td>' in html
    assert '<td>y</td><td class="num">0.0</td><td class="num">3</td>' in html


def test_seconds_to_the_millisecond() -> None:
    """A column has the decimals that its numbers have, three at most, and no empty ones."""
    html = frame_html(pd.DataFrame({"wall_s": [1.25, 1 / 3], "cost": [22.62, None]}))
    assert '<td class="num">1.250</td><td class="num">22.62</td>' in html
    assert '<td class="num">0.333</td><td class="num"></td>' in html


def test_states_have_glyph_and_word() -> None:
    """A state looks as it does in the live view; a base image has none."""
    html = frame_html(tables.steps(factory.record()))
    assert "○</b> cached" in html
    assert "●</b> ran" in html
    assert "base image" in html


def test_a_named_index_is_a_column_and_a_numbering_is_not() -> None:
    """What names the rows is kept, what merely counts them is not."""
    named = frame_html(tables.states(factory.record()))
    assert '<th scope="col">step</th>' in named
    assert '<th scope="row">build 2</th>' in named
    assert 'scope="row"' not in frame_html(pd.DataFrame({"a": ["x"]}))


def test_absent_values_are_blank() -> None:
    """Neither None nor nan is a word for a learner."""
    html = frame_html(pd.DataFrame({"a": [None, "x"], "b": [1.0, None]}))
    assert "None" not in html
    assert "nan" not in html.lower()


def test_truth_is_said_in_words() -> None:
    """A fact is yes or no."""
    html = frame_html(tables.facts({"it ran": True, "it failed": False}))
    assert "<td>yes</td>" in html
    assert "<td>no</td>" in html


def test_a_large_frame_is_left_to_pandas() -> None:
    """The kit does not print ten thousand rows into a notebook."""
    assert "dataframe" in frame_html(pd.DataFrame({"a": range(MOST_ROWS + 1)}))


def test_markup_is_shown_not_run() -> None:
    """Cells, heads and row names are text."""
    evil = "<script>x</script>"
    frame = pd.DataFrame({evil: [evil]}, index=pd.Index([evil], name=evil))
    assert "<script>" not in frame_html(frame)


def test_the_doctor_names_each_remedy_below_its_finding() -> None:
    """A fault has a sign, its word and what to type; nothing in it is markup."""
    report = Report(
        (
            Finding("disk", Result.OK, "52 GB free"),
            Finding(
                "engine", Result.FAULT, "no <engine> answers", "sudo apt-get install docker.io"
            ),
        )
    )
    html = report_html(report)
    assert "✓</b> <span>ok" in html
    assert "✗</b> <b>fault" in html
    assert "no &lt;engine&gt; answers<br><b>→ sudo apt-get install docker.io</b>" in html


def test_a_recorded_frame_says_so() -> None:
    """A table of recorded builds carries the recording's caption."""
    html = frame_html(tables.states(factory.record(recorded="recorded on a laptop")))
    assert html.count("recorded on a laptop") == 1
