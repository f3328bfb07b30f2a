"""Context sent against the time that took: one dot for each build."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from matplotlib.axes import Axes

from buildlab.record import derive
from buildlab.record.model import BuildRecord
from buildlab.record.recorded import where_recorded
from buildlab.record.style import INK, INTERNAL
from buildlab.show.plot.canvas import axes_of, note, styled

BYTES_PER_MB: Final = 1e6
NEAR: Final = (0.06, 0.12)
"""Dots closer than this share of the width and of the height have one label together."""


@styled
def transfer(records: Mapping[str, BuildRecord], ax: Axes | None = None) -> Axes:
    """Megabytes of context sent (across) and seconds that the transfer took (up), by name."""
    ax = axes_of(ax, 3.2)
    points = {
        name: (r.context_bytes / BYTES_PER_MB, derive.totals(r).transfer_s)
        for name, r in records.items()
    }
    right = max((x for x, _ in points.values()), default=0.0) or 1.0
    top = max((y for _, y in points.values()), default=0.0) or 1.0
    for x, y in points.values():
        ax.plot(x, y, "o", color=INTERNAL, markeredgecolor=INK, markersize=7)
    for names, x, y in _together(points, NEAR[0] * right, NEAR[1] * top):
        left = x > 0.7 * right
        ax.annotate(
            ", ".join(names),
            (x, y),
            (-9 if left else 9, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=8.5,
        )
    ax.set(
        xlabel="context sent, MB",
        ylabel="time that sending took, s",
        xlim=(-0.03 * right, 1.06 * right),
        ylim=(-0.06 * top, 1.12 * top),
    )
    ax.grid(visible=True, axis="y")
    note(ax, where_recorded(records.values()))
    return ax


def _together(
    points: Mapping[str, tuple[float, float]], near_x: float, near_y: float
) -> list[tuple[list[str], float, float]]:
    """The names by dot: those of dots that are too near for labels of their own share one.

    It stands beside the rightmost of its dots, halfway between the lowest and the highest.
    """
    groups: list[list[str]] = []
    for name in sorted(points, key=lambda n: points[n]):
        for group in groups:
            if all(_near(points[name], points[n], near_x, near_y) for n in group):
                group.append(name)
                break
        else:
            groups.append([name])
    found = []
    for group in groups:
        xs, ys = zip(*(points[n] for n in group), strict=True)
        found.append(([n for n in points if n in group], max(xs), (min(ys) + max(ys)) / 2))
    return found


def _near(a: tuple[float, float], b: tuple[float, float], near_x: float, near_y: float) -> bool:
    return abs(a[0] - b[0]) < near_x and abs(a[1] - b[1]) < near_y
