"""Context against time: the numbers of the table, and labels that can be read."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from buildlab.record.model import BuildRecord
from buildlab.record.steps import Internal, Interval
from buildlab.show import plot, tables
from tests.unit import factory


def sent(megabytes: float, seconds: float, recorded: str = "") -> BuildRecord:
    """A build whose context had this size and was on its way for so long."""
    context = Internal(
        "[internal] load build context",
        "context",
        (Interval(0.0, seconds),),
        transferred_bytes=int(megabytes * 1e6),
    )
    made = factory.record(recorded=recorded)
    return replace(made, internals=(context,), wall_s=20.0)


RECORDS = {
    "no data file": sent(0.0, 0.03),
    "1 MB": sent(1, 0.04),
    "32 MB": sent(32, 0.23),
    "64 MB": sent(64, 0.36),
    "128 MB": sent(128, 1.1),
    "unchanged": sent(0.0, 0.02),
    "ignored": sent(0.0, 0.1),
}


def labels(ax: Axes) -> list[Annotation]:
    return [t for t in ax.texts if isinstance(t, Annotation)]


def boxes(ax: Axes) -> list[Bbox]:
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    return [t.get_window_extent() for t in labels(ax)]


def test_no_label_covers_another() -> None:
    """Builds that sent next to nothing lie on one spot: they share a label."""
    ax = plot.transfer(RECORDS)
    assert not [1 for a, b in combinations(boxes(ax), 2) if a.overlaps(b)]


def test_every_build_is_named_once() -> None:
    """Sharing a label loses no name."""
    said = ", ".join(t.get_text() for t in labels(plot.transfer(RECORDS)))
    assert sorted(said.split(", ")) == sorted(RECORDS)


def test_labels_stay_inside_the_figure() -> None:
    """The rightmost dot has its label to its left."""
    ax = plot.transfer(RECORDS)
    figure = ax.get_figure(root=True)
    assert figure is not None
    found = boxes(ax)
    assert all(b.x0 >= 0 and b.x1 <= figure.bbox.width for b in found)


def test_dots_are_the_rows_of_the_table() -> None:
    """Picture and table say the same figures."""
    dots = [
        (float(x), float(y)) for ln in plot.transfer(RECORDS).lines for x, y in [ln.get_xydata()[0]]
    ]
    table = tables.transfer(RECORDS)
    rows = list(zip(table["sent_mb"], table["transfer_s"], strict=True))
    assert [(round(float(x), 3), round(float(y), 3)) for x, y in dots] == rows


def test_one_build_and_none_are_drawn() -> None:
    """Nothing sent, or nothing at all, is no fault."""
    assert plot.transfer({"bare": sent(0, 0)}).lines
    assert not plot.transfer({}).lines


def test_recorded_builds_say_so() -> None:
    """A plot of recorded builds carries the recording's line."""
    drawn = plot.transfer({"a": sent(1, 1, recorded="recorded on a laptop")})
    assert "recorded on a laptop" in [t.get_text() for t in drawn.texts]
