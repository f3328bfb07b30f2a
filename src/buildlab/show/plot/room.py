"""A room's progress as box plots: how long each lab took those who passed it."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.axes import Axes

from buildlab.labs.room import Room
from buildlab.record.style import INK
from buildlab.show.plot.canvas import axes_of, clip, styled


@styled
def room(found: Room, ax: Axes | None = None) -> Axes:
    """Draw the minutes from begin to pass, one box for each lab that somebody has passed."""
    minutes = {
        lab.title: [p.minutes for p in found.of(lab) if p.minutes is not None] for lab in found.labs
    }
    there = {title: values for title, values in minutes.items() if values}
    ax = axes_of(ax, 1.4 + 0.5 * max(len(there), 1))
    names = [f"{clip(title, 30)} ({len(values)})" for title, values in there.items()]
    if there:
        looks: dict[str, Any] = {"color": INK}
        ax.boxplot(
            list(there.values()), orientation="horizontal", tick_labels=names, medianprops=looks
        )
        ax.invert_yaxis()
    ax.set_xlabel("minutes from begin to pass")
    ax.set_title(str(found), fontsize=9, loc="left")
    return ax


def picture(found: Room, form: str) -> bytes:
    """The box plots as a file of this form: "png", "svg", "pdf". Raises ValueError for others."""
    figure = room(found).get_figure(root=True)
    out = io.BytesIO()
    if figure is not None:
        figure.savefig(out, format=form, bbox_inches="tight", dpi=160)
    return out.getvalue()
