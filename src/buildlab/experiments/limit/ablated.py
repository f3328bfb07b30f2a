"""What the ablation of the tuned Dockerfile says: in words, as marks, as facts."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final

from buildlab.bench.runs import Row, Runs
from buildlab.experiments.limit.ablating import ABLATIONS, WHOLE, tuned
from buildlab.record.phrases import format_ratio

NAMES: Final = tuple(a.name for a in ABLATIONS)
CANDIDATES: Final = (
    *("compiler cache mount", "module cache mount", "source bound, not copied", "-s -w"),
    "another one",
)
KINDS: Final = ("README edit", "new version", "image size", "starts")
NOTABLE: Final = 1.25
"""A ratio nearer to 1 is within the noise of two rounds."""
LARGER: Final = 1.05
"""Sizes have no noise; a few bytes more are not worth a mark."""


def dearest(runs: Runs) -> str:
    """The line without which one changed line takes longest, in the words of `CANDIDATES`."""
    times = {str(row["without"]): float(row["one_line_times"]) for row in runs.rows}
    name = max(times, key=lambda one: times[one])
    return name if name in CANDIDATES else CANDIDATES[-1]


def worse(runs: Runs) -> set[tuple[str, str]]:
    """The cells (what was taken away, one of `KINDS`) in which it is worse than the whole."""
    whole = _by_name(runs)[WHOLE]
    found = set()
    for name, row in _by_name(runs).items():
        marks = (
            int(row["steps after README"]) > int(whole["steps after README"]),
            int(row["steps after version"]) > int(whole["steps after version"]),
            float(row["image_times"]) > LARGER,
            not row["starts"],
        )
        found |= {(name, kind) for kind, mark in zip(KINDS, marks, strict=True) if mark}
    return found


def broken(runs: Runs) -> str:
    """The first line without which the program does not start, "" where there is none."""
    return next((str(row["without"]) for row in runs.rows if not row["starts"]), "")


def share(part: int, whole: int) -> str:
    """How many of a whole, in words."""
    if part == whole:
        return "all"
    return "most" if part * 2 >= whole else "fewer than half"


def _by_name(runs: Runs) -> dict[str, Row]:
    return {str(row["without"]): row for row in runs.rows}


def worth(row: Row, whole: Row) -> str:
    """What taking the line away cost, in words; small differences are not told."""
    told = [] if row["starts"] else ["the program does not start"]
    for column, what in (
        ("one_line_times", "one changed line takes {} as long"),
        ("image_times", "the image is {} as large"),
    ):
        if float(row[column]) >= NOTABLE:
            told.append(what.format(format_ratio(float(row[column]))))
    for column, what in (
        ("steps after README", "a README edit runs {} more"),
        ("steps after version", "a new version runs {} more"),
    ):
        if (more := int(row[column]) - int(whole[column])) > 0:
            told.append(what.format(f"{more} step{'s' * (more > 1)}"))
    return "; ".join(told) or "nothing that these edits show"


def annotated(runs: Runs) -> tuple[Row, ...]:
    """The tuned Dockerfile's lines that were taken away, and what each was worth.

    Rows: lines (their numbers), text, without it, lesson.
    """
    text = tuned()
    measured = _by_name(runs)
    rows: list[Row] = []
    for one in ABLATIONS:
        if one.name not in measured:
            continue
        lines = _lines(text, one.cut(text))
        rows.append(
            {
                "lines": ", ".join(map(str, lines)) or "beside the file",
                "what": one.name,
                "without it": worth(measured[one.name], measured[WHOLE]),
                "lesson": one.lesson,
            }
        )
    return tuple(rows)


def _lines(text: str, cut: str) -> list[int]:
    """The lines of `text` that `cut` lacks or has otherwise, from 1."""
    matcher = SequenceMatcher(None, text.splitlines(), cut.splitlines(), autojunk=False)
    return [
        n + 1
        for kind, start, end, _, _ in matcher.get_opcodes()
        if kind in ("delete", "replace")
        for n in range(start, end)
    ]


def lasting(runs: Runs) -> dict[str, bool]:
    """What the ablation shows on any machine: facts, and ratios with a wide margin."""
    by_name = _by_name(runs)
    times = {name: float(row["one_line_times"]) for name, row in by_name.items()}
    after_readme = {name for name, row in by_name.items() if int(row["steps after README"])}
    early, whole = by_name["ARG VERSION late"], by_name[WHOLE]
    return {
        "no line is worth more for one edit than the compiler cache": max(
            times, key=lambda name: times[name]
        )
        == "compiler cache mount",
        "without it one edit takes more than twice as long": times["compiler cache mount"] > 2,
        "without .dockerignore a README edit runs steps": ".dockerignore" in after_readme,
        "with any other line gone it runs none": after_readme <= {".dockerignore"},
        "an early ARG makes a new version run more": int(early["steps after version"])
        > int(whole["steps after version"]),
        "without CGO_ENABLED=0 the program starts": bool(by_name["CGO_ENABLED=0"]["starts"]),
        "-s -w makes the image smaller": float(by_name["-s -w"]["image_times"]) > LARGER,
        "a small base makes the image several times smaller": float(
            by_name["a small base"]["image_times"]
        )
        > 4,
    }
