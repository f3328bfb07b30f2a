"""A data frame in the look of all other tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from buildlab.record.steps import State
from buildlab.show.html.look import Look, look
from buildlab.show.html.page import render, styled

if TYPE_CHECKING:
    from pandas import DataFrame

DENSE: Final = 8
"""More columns than this are set closer together."""
LONG: Final = 64
"""From so many characters on, the text of a cell may wrap."""
MOST_ROWS, MOST_COLUMNS = 60, 24
"""A data frame beyond this is not one of ours: pandas shows it, with what it leaves out."""
_YES_NO = {"True": "yes", "False": "no"}
_STATES = frozenset(s.value for s in State)


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, and as what: "num", "code", "long" or plain text; or a state."""

    text: str
    kind: str = ""
    look: Look | None = None


def frame_html(frame: DataFrame) -> str:
    """A data frame in the look of all other tables; says where its builds were recorded."""
    rows, columns = frame.shape
    levels = frame.index.nlevels, frame.columns.nlevels
    if rows > MOST_ROWS or columns > MOST_COLUMNS or levels != (1, 1):
        return str(frame._repr_html_())  # type: ignore[operator]  # pandas-stubs hide it
    return styled(frame_table(frame, frame.attrs.get("recorded", "")))


def frame_table(frame: DataFrame, recorded: str = "") -> Markup:
    """The same for a frame of any size, to stand in another output."""
    numeric = [frame[c].dtype.kind in "iuf" for c in frame.columns]
    named = frame.index.name
    columns = [_column(frame, at, number) for at, number in enumerate(numeric)]
    names = [str(n) for n in frame.index] if named else [None] * len(frame)
    return render(
        "frame",
        label="table",
        dense=len(columns) > DENSE,
        named=str(named) if named else "",
        heads=list(zip(map(str, frame.columns), numeric, strict=True)),
        rows=list(zip(names, zip(*columns, strict=True), strict=False)),
        recorded=recorded,
    )


def _column(frame: DataFrame, at: int, number: bool) -> list[Cell]:
    column = list(frame.iloc[:, at])
    if number:
        decimals = _decimals(column)
        return [Cell(_number(value, decimals), "num") for value in column]
    texts = ["" if _absent(value) else str(value) for value in column]
    if frame.columns[at] == "instruction":
        return [Cell(text, "code") for text in texts]
    return [_text(text, base) for text, base in zip(texts, _bases(frame), strict=True)]


def _bases(frame: DataFrame) -> list[bool]:
    """Which rows are of a FROM: a state says nothing there."""
    if "instruction" not in frame:
        return [False] * len(frame)
    return [str(text).upper().startswith("FROM ") for text in frame["instruction"]]


def _text(text: str, base: bool) -> Cell:
    text = _YES_NO.get(text, text)
    if text in _STATES:
        return Cell(text, look=look(text, base=base))
    return Cell(text, "long" if len(text) >= LONG else "")


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and isnan(value))


def _decimals(column: Iterable[object]) -> int:
    """As many as the values of a column have, and three at most: seconds to the millisecond."""
    there = [v for v in column if isinstance(v, float) and not isnan(v)]
    return next((n for n in range(3) if all(round(v, n) == round(v, 3) for v in there)), 3)


def _number(value: object, decimals: int) -> str:
    """The same number of decimals down a column; none for what was counted."""
    if _absent(value):
        return ""
    return f"{value:.{decimals}f}" if isinstance(value, float) else str(value)
