"""The plot of many durations: a dot each, a median for each name, a table of quantiles."""

from __future__ import annotations

from buildlab.show import plot
from buildlab.show.plot import show
from buildlab.show.plot.distribution import quantiles

ROWS = [
    {"strategy": name, "kind": "bump" if i % 10 == 0 else "edit", "wall_s": base + i % 10}
    for name, base in (("no cache", 10), ("layer", 1))
    for i in range(100)
]


def test_equal_values_are_one_dot() -> None:
    """Each name, kind and value is one dot; the numbers add up to all rows."""
    axes = plot.distribution(ROWS, label="strategy", value="wall_s", unit="s", mark="kind")
    dots = sum(len(c.get_offsets()) for c in axes.collections)
    assert dots == len({tuple(row.values()) for row in ROWS}) + 2  # one before each kind's name
    assert [t.get_text() for t in axes.get_yticklabels()] == ["no cache", "layer"]
    numbers = [int(t.get_text()) for t in axes.texts if t.get_text().isdigit()]
    assert sum(numbers) == len(ROWS)


def test_values_that_differ_are_a_dot_each() -> None:
    """Without equal values there is one dot for each row, and no number."""
    rows = [{"strategy": "layer", "wall_s": i / 7} for i in range(30)]
    axes = plot.distribution(rows, label="strategy", value="wall_s", unit="s")
    assert sum(len(c.get_offsets()) for c in axes.collections) == 30
    assert not [t for t in axes.texts if t.get_text().isdigit()]


def test_quantiles() -> None:
    """Median, 95 of 100 and largest are those of each name's own values."""
    first = quantiles(ROWS, label="strategy", value="wall_s")[0]
    assert first["strategy"] == "no cache"
    assert (first["builds"], first["median wall_s"], first["largest wall_s"]) == (100, 14.5, 19.0)
    assert first["95 % wall_s"] == 19.0


def test_sentence_and_table() -> None:
    """Who can't see the figure gets each median by name, and the table."""
    shown = show.distribution(ROWS, label="strategy", value="wall_s", unit="s")
    page = shown._repr_html_()
    assert "no cache: median" in page
    assert "layer: median" in page
    assert "largest wall_s" in page


def test_nothing_to_draw() -> None:
    """Without rows there is an empty figure that says so, no error."""
    page = show.distribution([], label="strategy", value="wall_s", unit="s")._repr_html_()
    assert "Nothing was measured" in page
