"""What waits for what: the build graph, a column for each stage, the critical path thick."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from buildlab.record.derive import critical_path, totals
from buildlab.record.model import BuildRecord
from buildlab.record.phrases import format_s
from buildlab.record.steps import State, Step, StepKey
from buildlab.record.style import BASE_WORDS, COLOURS, GLYPHS, INK, PAPER, STOPPED_WORD, WORDS
from buildlab.show.plot.canvas import (
    MONO,
    WIDTH_IN,
    axes_of,
    is_base,
    look,
    note,
    short_instruction,
    stage_words,
    styled,
)

ROW_IN: Final = 0.72
BOX_H: Final = 0.62
HALF_W: Final = 0.46
THICK: Final = 2.6
WIDE: Final = 3
"""With more columns a box has no room for its stage, which stands above the column anyway."""
Place = tuple[float, float]


@styled
def graph(record: BuildRecord, ax: Axes | None = None) -> Axes:
    """Draw the steps and their inputs: one column for each stage, inputs above what needs them.

    The thick line is the critical path: the chain of steps that no further parallelism shortens.
    """
    places = _places(record)
    stages = list(dict.fromkeys(s.stage for s in record.work))
    depth = max((y for _, y in places.values()), default=0.0)
    ax = axes_of(ax, 1.0 + ROW_IN * (depth + 1), max(5.0, min(WIDTH_IN, 3.4 * len(stages))))
    path = critical_path(record)
    steps = {s.key: s for s in record.work}
    for key, place in places.items():
        for source in steps[key].inputs:
            if source in places:
                _arrow(ax, places[source], place, _consecutive(path, source, key))
    for key, place in places.items():
        _box(ax, steps[key], place, key in path, len(stages))
    for x, stage in enumerate(stages):
        if stage:
            ax.text(x - HALF_W, -0.5, stage_words(stage), fontweight="bold", va="bottom")
    ax.set(xlim=(-0.52, len(stages) - 0.48), ylim=(depth + 0.7, -0.7))
    ax.axis("off")
    ax.set_title(record.title or "build")
    seconds = totals(record).critical_path_s
    if path and seconds > 0:
        _name_path(ax, places[path[-1]], f"critical path {format_s(seconds)}")
    note(ax, record.recorded, 2)
    return ax


def _places(record: BuildRecord) -> dict[StepKey, Place]:
    """Column by stage, row by the longest chain of inputs above the step."""
    net: nx.DiGraph[StepKey] = nx.DiGraph()
    keys = {s.key for s in record.work}
    net.add_nodes_from(s.key for s in record.work)
    net.add_edges_from((i, s.key) for s in record.work for i in s.inputs if i in keys)
    columns = {s: x for x, s in enumerate(dict.fromkeys(s.stage for s in record.work))}
    rows = {k: y for y, layer in enumerate(nx.topological_generations(net)) for k in layer}
    taken: set[Place] = set()
    places: dict[StepKey, Place] = {}
    for step in record.work:
        place = (float(columns[step.stage]), float(rows[step.key]))
        while place in taken:  # a failed build can lack inputs: one below the other then
            place = (place[0], place[1] + 1)
        taken.add(place)
        places[step.key] = place
    return places


def _consecutive(path: tuple[StepKey, ...], source: StepKey, target: StepKey) -> bool:
    return (source, target) in pairwise(path)


def _arrow(ax: Axes, source: Place, target: Place, critical: bool) -> None:
    """From the lower edge of one box to the upper edge of the next, or sideways to its flank."""
    if source[0] == target[0]:
        start, end = (source[0], source[1] + BOX_H / 2), (target[0], target[1] - BOX_H / 2)
    else:
        side = HALF_W if source[0] < target[0] else -HALF_W
        start, end = (source[0] + side, source[1]), (target[0] - side, target[1])
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=9 + 3 * critical,
            shrinkA=0,
            shrinkB=1,
            color=INK if critical else "#999999",
            linewidth=THICK if critical else 1.0,
            zorder=1,
        )
    )


def _box(ax: Axes, step: Step, place: Place, critical: bool, columns: int) -> None:
    """A white card with the state's colour and hatch at its left, three facts at its right."""
    x, y = place
    state = step.state
    base = is_base(step)
    corner = (x - HALF_W, y - BOX_H / 2)
    edge = (INK, THICK) if critical else ("#999999", 0.8)
    card = Rectangle(corner, 2 * HALF_W, BOX_H, facecolor=PAPER, edgecolor=edge[0], zorder=2)
    card.set_linewidth(edge[1])
    band: dict[str, Any] = {"facecolor": "#DDDDDD", "linewidth": 0} if base else look(state)
    ax.add_patch(card)
    ax.add_patch(Rectangle(corner, 0.055, BOX_H, zorder=2, **band))
    said = STOPPED_WORD if step.stopped else WORDS[state]
    word = BASE_WORDS if base else f"{GLYPHS[state]} {said}"
    if step.intervals and (step.stopped or state in (State.RAN, State.FAILED)):
        word += f" {format_s(step.duration_s)}"
    left = x - HALF_W + 0.08
    tint = COLOURS[state] if state is State.CACHED and not base else INK
    ax.text(left, y - 0.13, word, fontsize=8, color=tint, va="center", zorder=4)
    ax.text(
        x + HALF_W - 0.02,
        y - 0.13,
        step.place if columns <= WIDE else f"{step.key.index}/{step.total}",
        fontsize=7,
        color="#666666",
        ha="right",
        va="center",
        zorder=4,
    )
    width = {1: 52, 2: 38, 3: 35}.get(columns, max(10, 100 // columns))
    ax.text(
        left,
        y + 0.14,
        short_instruction(step.instruction, width),
        fontsize=7,
        family=MONO,
        va="center",
        zorder=4,
    )


def _name_path(ax: Axes, last: Place, text: str) -> None:
    ax.text(last[0], last[1] + BOX_H / 2 + 0.08, text, fontweight="bold", ha="center", va="top")
