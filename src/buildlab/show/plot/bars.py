"""Rows of an experiment as bars: one for each row, or a group of bars for each name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from matplotlib.axes import Axes

from buildlab.record.phrases import format_bytes, format_ratio, format_s
from buildlab.record.style import INK, INTERNAL
from buildlab.show.plot.canvas import axes_of, clip, note, styled

SHADES: Final = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"),
    *("#F0E442", "#999999"),
)
PATTERNS: Final = ("", "///", "...", "xxx", "\\\\\\", "ooo", "---", "+++")
PER_UNIT: Final = {"MB": 1e6, "kB": 1e3, "GB": 1e9}


@styled
def bars(
    rows: Iterable[Mapping[str, object]],
    ax: Axes | None = None,
    *,
    label: str,
    value: str,
    unit: str,
    group: str = "",
    recorded: str = "",
) -> Axes:
    """Draw `row[value]`, in `unit`, for each row, named by `row[label]`.

    With `group`, the rows with one `row[group]` stand together under its name, and each label
    has one colour and hatch in all groups. `unit` is "s", "×", "MB", "kB", "GB", "%" or a word.
    """
    listed = [dict(row) for row in rows]
    groups = list(dict.fromkeys(str(row[group]) for row in listed)) if group else [""]
    names = list(dict.fromkeys(str(row[label]) for row in listed))
    ax = axes_of(ax, 1.1 + 0.27 * (len(listed) + 1.3 * len(groups) * bool(group)))
    longest = max((_number(row[value]) for row in listed), default=1.0) or 1.0
    y, ticks = 0.0, []
    for heading in groups:
        if group:
            ax.text(0, y, f" {clip(heading, 70)}", fontsize=9, fontweight="bold", va="center")
            y += 1
        for row in (r for r in listed if not group or str(r[group]) == heading):
            number = _number(row[value])
            ax.barh(y, number, 0.74, **_look(names.index(str(row[label])), bool(group)))
            ax.annotate(
                told(number, unit), (number, y), (5, 0), textcoords="offset points", va="center",
                fontsize=8.5,
            )  # fmt: skip
            ticks.append((y, clip(str(row[label]), 40)))
            y += 1
        y += 0.3
    ax.set_yticks([at for at, _ in ticks], [name for _, name in ticks])
    ax.set(xlim=(0, longest * 1.2), ylim=(y - 0.6, -0.7))
    measure = value.rpartition("_")[0].replace("_", " ") or value
    ax.set_xlabel(measure if measure in ("seconds", unit) else f"{measure}, {unit}")
    note(ax, recorded)
    return ax


def told(number: float, unit: str) -> str:
    """A figure with its unit, as short as it can be read."""
    if unit == "s":
        return format_s(number)
    if unit == "×":
        return format_ratio(number)
    if unit in PER_UNIT:
        return format_bytes(number * PER_UNIT[unit])
    figure = f"{number:.0f}" if float(number).is_integer() or number >= 100 else f"{number:.3g}"
    return f"{figure} {unit}".strip() if unit != "%" else f"{figure} %"


def _look(index: int, grouped: bool) -> dict[str, Any]:
    if not grouped:
        return {"facecolor": INTERNAL, "edgecolor": INK, "linewidth": 0.7}
    at = index % len(SHADES)
    return {
        "facecolor": SHADES[at],
        "hatch": PATTERNS[at],
        "edgecolor": INK,
        "linewidth": 0.7,
    }


def _number(found: object) -> float:
    return float(found) if isinstance(found, int | float) else 0.0
