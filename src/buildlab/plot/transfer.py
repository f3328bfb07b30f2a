"""Context sent against the time that took: one dot for each build."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes

from buildlab.plot.canvas import axes_of, note, recorded_note, styled
from buildlab.record import BuildRecord
from buildlab.style import COLOURS, INK

BYTES_PER_MB = 1e6


@styled
def transfer(records: Mapping[str, BuildRecord], ax: Axes | None = None) -> Axes:
    """Megabytes of context sent (across) and seconds that the transfer took (up), by name."""
    ax = axes_of(ax, 3.2)
    points = {name: (r.context_bytes / BYTES_PER_MB, seconds(r)) for name, r in records.items()}
    right = max((x for x, _ in points.values()), default=0)
    for name, (x, y) in points.items():
        ax.plot(x, y, "o", color=COLOURS["ran"], markeredgecolor=INK, markersize=7)
        left = x > right / 2
        ax.annotate(
            name,
            (x, y),
            (-8 if left else 8, 5),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=8.5,
        )
    ax.set(xlabel="context sent, MB", ylabel="transfer, s", ylim=(0, None))
    note(ax, recorded_note(*records.values()))
    return ax


def seconds(record: BuildRecord) -> float:
    """How long the build's context was on its way, in seconds."""
    return sum(i.duration_s for i in record.internals if i.kind == "context")
