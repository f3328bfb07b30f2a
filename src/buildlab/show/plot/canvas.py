"""What every plot shares: the style by context, a canvas without pyplot, short labels."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from buildlab.record import phrases
from buildlab.record.steps import State, Step
from buildlab.record.style import COLOURS, HATCHES, INK

SHEET: Final = Path(__file__).with_name("buildlab.mplstyle")
MONO: Final = "DejaVu Sans Mono"
WIDTH_IN: Final = 9.0

P = ParamSpec("P")
R = TypeVar("R")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run `draw` under the style sheet; the caller's own matplotlib settings stay as they are."""

    @functools.wraps(draw)
    def under_style(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.style.context(SHEET):
            return draw(*args, **kwargs)

    return under_style


def axes_of(ax: Axes | None, height_in: float, width_in: float = WIDTH_IN) -> Axes:
    """`ax` itself, or new axes on a figure that pyplot knows nothing of.

    Without pyplot nothing is shown twice in a notebook, and nothing needs closing.
    """
    if ax is not None:
        return ax
    figure = Figure(figsize=(width_in, height_in))
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def look(phase: str, **more: Any) -> dict[str, Any]:
    """The keyword arguments of a matplotlib patch that stands for a step in this state."""
    return {
        "facecolor": COLOURS[phase],
        "hatch": HATCHES[phase],
        "edgecolor": (*to_rgb(INK), 0.6),  # the hatch too: seen in print, quiet on screen
        "linewidth": 0.7,
        **more,
    }


def clip(line: str, width: int) -> str:
    """At most `width` characters, with an ellipsis where something was cut."""
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def short_instruction(instruction: str, width: int) -> str:
    """The instruction on one line, its `--mount` options shortened, clipped."""
    line = phrases.short_instruction(instruction, len(instruction) + 1)
    return clip(re.sub(r"(--mount=\S+ )+", "--mount… ", line), width)


def is_base(step: Step) -> bool:
    """Whether this is a FROM that worked: its state says nothing of the build cache."""
    return not step.cacheable and step.state in (State.CACHED, State.RAN)


def stage_words(stage: str) -> str:
    """A stage's heading: "stage build", and "stage-1" for one that BuildKit had to number."""
    return stage if stage.startswith("stage-") else f"stage {stage}"


def note(ax: Axes, line: str, below_pt: float = 34) -> None:
    """A small line at the figure's lower right, this many points below the data."""
    if line:
        ax.annotate(
            line,
            (1, 0),
            (0, -below_pt),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=8,
            style="italic",
            color="#555555",
        )
