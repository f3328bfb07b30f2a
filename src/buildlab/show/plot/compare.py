"""Builds side by side: where the time of each went, or what each step cost in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, Literal

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from buildlab.record.compare import merged
from buildlab.record.model import BuildRecord
from buildlab.record.phrases import format_ratio, format_s
from buildlab.record.recorded import where_recorded
from buildlab.record.steps import Interval, State, Step
from buildlab.record.style import COLOURS, GLYPHS, STOPPED_WORD, WORDS
from buildlab.show.plot.canvas import (
    MONO,
    axes_of,
    clip,
    look,
    note,
    short_instruction,
    styled,
)

KINDS: Final = ("steps", "export", "context", "other")
"""What the wall time of a build went into; where two overlap, the one named first counts."""

KIND_WORDS: Final = {
    "steps": "steps that ran",
    "export": "export",
    "context": "sending the context",
    "other": "other",
}
KIND_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "steps": look("ran"),
    "export": {"facecolor": "#4D4D4D", "edgecolor": "white", "linewidth": 0.7},
    "context": {"facecolor": "#8F8F8F", "edgecolor": "white", "linewidth": 0.7},
    "other": {"facecolor": "#D0D0D0", "edgecolor": "white", "linewidth": 0.7},
}


@styled
def compare(
    records: Mapping[str, BuildRecord],
    ax: Axes | None = None,
    *,
    by: Literal["kind", "step"] = "kind",
) -> Axes:
    """Draw one bar for each build, as long as its wall time, split by what the time went into.

    With `by="step"`: a group for each step and in it a bar for each build, as long as the step
    worked. Steps meet by what they are: see `buildlab.record.compare.alignment`.
    """
    drawn = _by_step(records, ax) if by == "step" else _by_kind(records, ax)
    note(drawn, where_recorded(records.values()))
    return drawn


def split_wall(record: BuildRecord) -> dict[str, float]:
    """Seconds of the wall time for each of `KINDS`; they add up to the wall time.

    An instant in which several things were at work counts once, for the first of `KINDS`.
    """
    spans: dict[str, list[Interval]] = {
        "steps": [i for s in record.steps if _missed(s) for i in s.intervals],
        "export": _spans(record, "export", "cache export"),
        "context": _spans(record, "context", "remote context"),
    }
    marks = sorted({t for group in spans.values() for i in group for t in i})
    shares = dict.fromkeys(KINDS, 0.0)
    for start, end in pairwise(marks):
        for kind, group in spans.items():
            if any(i.start_s <= start and i.end_s >= end for i in group):
                shares[kind] += end - start
                break
    shares["other"] = max(0.0, record.wall_s - sum(shares.values()))
    return shares


def _missed(step: Step) -> bool:
    return step.cacheable and step.state is not State.CACHED


def _spans(record: BuildRecord, *kinds: str) -> list[Interval]:
    return [i for n in record.internals if n.kind in kinds for i in n.intervals]


def _by_kind(records: Mapping[str, BuildRecord], ax: Axes | None) -> Axes:
    ax = axes_of(ax, 1.35 + 0.5 * len(records))
    longest = max((r.wall_s for r in records.values()), default=1.0) or 1.0
    first = next(iter(records.values()), None)
    named: set[str] = set()
    for y, record in enumerate(records.values()):
        left = 0.0
        for kind, seconds in split_wall(record).items():
            ax.barh(y, seconds, 0.62, left, **KIND_LOOKS[kind])
            if kind not in named and seconds > 0.16 * longest:
                named.add(kind)
                _name_kind(ax, left + seconds / 2, y, KIND_WORDS[kind], kind)
            left += seconds
        ratio = f"  ({ratio_words(record, first)})" if first and record is not first else ""
        _beside(ax, left, y, f"{format_s(record.wall_s)}{ratio}")
    seen = {k for r in records.values() for k, s in split_wall(r).items() if s > longest / 200}
    _key(ax, [k for k in KINDS if k in seen - named])
    ax.set(xlim=(0, longest * 1.28), ylim=(len(records) - 0.4, -0.6))
    ax.set_yticks(range(len(records)), [clip(n, 34) for n in records])
    ax.set_xlabel("wall time of the build, seconds")
    ax.set_title("Where the time went")
    return ax


def ratio_words(record: BuildRecord, first: BuildRecord) -> str:
    """How this build's wall time compares with the first one's, in words of multiplication."""
    if not record.wall_s or not first.wall_s:
        return "–"
    times = first.wall_s / record.wall_s
    if 0.95 < times < 1.05:
        return "about the same"
    return f"{format_ratio(times)} as fast" if times > 1 else f"{format_ratio(1 / times)} as long"


def _name_kind(ax: Axes, x: float, y: float, text: str, kind: str) -> None:
    dark = kind == "export"
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5} if kind == "steps" else None
    colour = "white" if dark else "#222222"
    ax.text(x, y, text, ha="center", va="center", fontsize=8, color=colour, bbox=box)


def _beside(ax: Axes, x: float, y: float, text: str, size: float = 8.5) -> None:
    ax.annotate(text, (x, y), (5, 0), textcoords="offset points", va="center", fontsize=size)


def _key(ax: Axes, kinds: Sequence[str]) -> None:
    """Swatches above the bars, only for kinds whose bars are too short to be written on."""
    if kinds:
        ax.legend(
            handles=[Patch(label=KIND_WORDS[k], **KIND_LOOKS[k]) for k in kinds],
            loc="lower right",
            bbox_to_anchor=(1.0, 0.98),
            ncols=len(kinds),
            frameon=False,
            fontsize=8,
            handlelength=0.9,
            columnspacing=1.4,
        )


def _by_step(records: Mapping[str, BuildRecord], ax: Axes | None) -> Axes:
    """Steps that were cached everywhere are left out: they would be empty groups."""
    found = [
        list(zip(records, row, strict=True))
        for row in merged([[s for s in r.steps if s.cacheable] for r in records.values()])
        if any(s is not None and s.duration_s > 0 and _timed(s) for s in row)
    ]
    rows = sum(len(group) + 1.4 for group in found)
    ax = axes_of(ax, 1.2 + 0.22 * rows)
    y = 0.0
    names: list[tuple[float, str]] = []
    longest = max((s.duration_s for g in found for _, s in g if s and _timed(s)), default=1.0)
    for group in found:
        shown = next(s for _, s in group if s is not None)
        places = dict.fromkeys(str(s.key) for _, s in group if s is not None)
        name = f"{' → '.join(places)}  {short_instruction(shown.instruction, 70)}"
        ax.text(0, y, name, family=MONO, fontsize=8, va="center", ha="left", fontweight="bold")
        for name, step in group:
            y += 1
            names.append((y, name))
            _step_bar(ax, y, step)
        y += 1.4
    ax.set(xlim=(0, longest * 1.2), ylim=(y - 0.6, -0.8))
    ax.set_yticks([y for y, _ in names], [clip(n, 34) for _, n in names])
    ax.set_xlabel("seconds that the step worked")
    ax.set_title("What each step cost")
    if not found:
        ax.set(xlim=(0, 1), ylim=(1, -1), xticks=[])
        _beside(ax, 0, 0, "no step worked in any of these builds")
    return ax


def _timed(step: Step) -> bool:
    """Whether its time is work: finding a step in the cache takes some, and is none."""
    return step.stopped or step.state in (State.RAN, State.FAILED)


def _step_bar(ax: Axes, y: float, step: Step | None) -> None:
    if step is None:
        _beside(ax, 0, y, "no such step", 8)
        return
    state = step.state
    timed = _timed(step)
    if timed:
        ax.barh(y, step.duration_s, 0.72, **look(state))
    seconds = f" {format_s(step.duration_s)}" if timed else ""
    ax.annotate(
        f"{GLYPHS[state]} {STOPPED_WORD if step.stopped else WORDS[state]}{seconds}",
        (step.duration_s if timed else 0, y),
        (5, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color=COLOURS[state] if state is State.CACHED else "#222222",
    )
