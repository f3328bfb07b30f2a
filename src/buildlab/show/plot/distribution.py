"""Many durations by name: a dot for each, and a larger one where several are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Final

from matplotlib.axes import Axes

from buildlab.record.style import INK
from buildlab.show.plot.bars import SHADES, told
from buildlab.show.plot.canvas import axes_of, clip, note, styled

MARKERS: Final = ("o", "s", "^", "D", "v", "P")
_GOLDEN: Final = 0.6180339887498949
"""Multiples of it, without their whole part, are spread evenly: dots beside each other."""


@styled
def distribution(
    rows: Iterable[Mapping[str, object]],
    ax: Axes | None = None,
    *,
    label: str,
    value: str,
    unit: str,
    mark: str = "",
    recorded: str = "",
) -> Axes:
    """Draw each `row[value]`, in `unit`, in the lane of `row[label]`; a line at the median.

    Equal values are one dot, whose area says how many. With `mark`, what `row[mark]` says has a
    colour and a shape of its own, named above; a number says how many of it a lane has.
    """
    listed = [dict(row) for row in rows]
    names = list(dict.fromkeys(str(row[label]) for row in listed))
    marks = list(dict.fromkeys(str(row[mark]) for row in listed)) if mark else [""]
    ax = axes_of(ax, 1.4 + 0.85 * len(names))
    for y, name in enumerate(names):
        own = [row for row in listed if str(row[label]) == name]
        for at, kind in enumerate(marks):
            found = [number(r[value]) for r in own if not mark or str(r[mark]) == kind]
            _dots(ax, found, y, at, len(marks))
        middle = median(number(row[value]) for row in own)
        ax.plot([middle, middle], [y - 0.4, y + 0.4], color=INK, linewidth=1.6)
        ax.annotate(
            f"median {told(middle, unit)}", (middle, y - 0.4), (3, 1),
            textcoords="offset points", fontsize=8, va="bottom",
        )  # fmt: skip
    for at, kind in enumerate(marks if mark else ()):
        ax.scatter(
            [0.01 + at * 0.24], [1.05], s=22, transform=ax.transAxes, clip_on=False,
            marker=MARKERS[at % len(MARKERS)], color=SHADES[at % len(SHADES)],
        )  # fmt: skip
        ax.text(0.025 + at * 0.24, 1.05, clip(kind, 26), transform=ax.transAxes, fontsize=8.5,
                va="center")  # fmt: skip
    ax.set_yticks(range(len(names)), [clip(name, 34) for name in names])
    longest = max((number(row[value]) for row in listed), default=1.0) or 1.0
    ax.set(xlim=(0, longest * 1.15), ylim=(len(names) - 0.45, -0.65))
    ax.set_xlabel(f"{value.rpartition('_')[0].replace('_', ' ') or value}, {unit}")
    note(ax, recorded)
    return ax


def _dots(ax: Axes, found: list[float], lane: int, at: int, of: int) -> None:
    """The values of one name and kind: spread in height by kind, or by chance if all differ."""
    counts = Counter(found)
    together = len(counts) < len(found)
    middle = lane + (0.62 * (at + 0.5) / of - 0.31)
    heights = [
        middle if together or of > 1 else lane + 0.6 * ((i * _GOLDEN) % 1 - 0.5)
        for i in range(len(counts))
    ]
    ax.scatter(
        list(counts),
        heights,
        s=[max(14.0, min(360.0, 2.2 * count)) if together else 12.0 for count in counts.values()],
        marker=MARKERS[at % len(MARKERS)],
        color=SHADES[at % len(SHADES)],
        alpha=0.75,
        linewidths=0,
    )
    if together:  # one number for all: those of neighbours would cover each other
        first = min(counts)
        ax.annotate(
            f"{len(found)}", (first, middle), (-8 - min(12.0, counts[first] ** 0.5 * 0.7), 0),
            textcoords="offset points", fontsize=7.5, ha="right", va="center", color=INK,
        )  # fmt: skip


def quantiles(
    rows: Iterable[Mapping[str, object]], *, label: str, value: str
) -> list[dict[str, object]]:
    """For each name: how many, the median, what 95 of 100 stay below, the largest."""
    by_name: dict[str, list[float]] = {}
    for row in rows:
        by_name.setdefault(str(row[label]), []).append(number(row[value]))
    return [
        {
            label: name,
            "builds": len(found),
            f"median {value}": round(median(found), 3),
            f"95 % {value}": round(sorted(found)[max(0, -(-len(found) * 95 // 100) - 1)], 3),
            f"largest {value}": round(max(found), 3),
        }
        for name, found in by_name.items()
    ]


def number(found: object) -> float:
    return float(found) if isinstance(found, int | float) else 0.0
