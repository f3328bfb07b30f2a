"""Which step ran again after which edit: the matrix as a heat map."""

from __future__ import annotations

import re
from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from buildlab.record.matrix import Matrix
from buildlab.record.steps import State
from buildlab.record.style import COLOURS, GLYPHS, INK, STOPPED_WORD, WORDS
from buildlab.show.plot.canvas import MONO, WIDTH_IN, axes_of, clip, look, short_instruction, styled

ROW_IN: Final = 0.3
LABEL_CHARS: Final = 26
BUSY: Final = (State.RAN, State.FAILED)


@styled
def matrix(m: Matrix, ax: Axes | None = None) -> Axes:
    """Draw one row for each edit, one column for each step: filled where the step ran again.

    A step is named by its place and instruction; at the right, how many steps each edit cost.
    """
    ax = axes_of(ax, 2.4 + ROW_IN * len(m.edits), WIDTH_IN)
    for y, row in enumerate(m.cells):
        for x, state in enumerate(row):
            _cell(ax, x, y, state)
        ran = sum(state in BUSY for state in row)
        text = f"{ran} of {len(row)} ran" if ran else "all cached"
        ax.text(len(row) - 0.3, y, text, va="center", fontsize=8, color=INK if ran else "#666666")
    ax.set(xlim=(-0.5, len(m.steps) + 1.1), ylim=(len(m.edits) - 0.5, -0.5))
    ax.set_yticks(range(len(m.edits)), [clip(e, 40) for e in m.edits])
    ax.xaxis.tick_top()
    labels = [f"{key}  {_named(m.labels[key])}" for key in m.steps]
    ax.set_xticks(range(len(m.steps)), labels, rotation=38, ha="left", rotation_mode="anchor")
    ax.tick_params(axis="x", length=0, pad=2)
    for tick in ax.get_xticklabels():
        tick.set(family=MONO, fontsize=7.5)
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    _key(ax, m)
    return ax


def _named(instruction: str) -> str:
    """What the step does: there is no room to say where its caches lie."""
    return short_instruction(re.sub(r"--mount=\S+ ", "", instruction), LABEL_CHARS)


def _cell(ax: Axes, x: int, y: int, state: State) -> None:
    """A square filled with the state's colour where work was done, tinted where it was saved."""
    corner = (x - 0.47, y - 0.44)
    if state in BUSY:
        patch = look(state)
    else:
        tint = COLOURS[state] + "1F"
        patch = {"facecolor": tint, "edgecolor": "#CCCCCC", "linewidth": 0.6}
    ax.add_patch(Rectangle(corner, 0.94, 0.88, **patch))
    if state in BUSY:  # a clear disc behind the glyph: the hatch would hide it
        ax.plot(x, y, marker="o", markersize=12, color=COLOURS[state], linewidth=0)
    colour = INK if state in BUSY else COLOURS[state]
    ax.text(x, y, GLYPHS[state], ha="center", va="center", fontsize=9, color=colour)


def _key(ax: Axes, m: Matrix) -> None:
    """One line below that names the glyphs in use, and says if the builds were recorded."""
    used = [s for s in State if any(s in row for row in m.cells)]
    words = "     ".join(f"{GLYPHS[s]} {WORDS[s]}" for s in used)
    if m.stopped:
        words += f" or {STOPPED_WORD}"  # "not reached" is the last
    tail = f"     {m.recorded}" if m.recorded else ""
    ax.annotate(
        f"each row: one edit, one build     {words}{tail}",
        (0, 0),
        (0, -8),
        xycoords="axes fraction",
        textcoords="offset points",
        va="top",
        fontsize=8,
        color="#555555",
    )
