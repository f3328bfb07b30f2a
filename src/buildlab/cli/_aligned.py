"""Tables for a terminal in which no word is broken, however narrow it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from buildlab.record.phrases import without_mounts

GAP = 2
LEAST = 24
"""A column of instructions narrower than this says nothing: they get lines of their own."""
_UNCUT = 1_000_000
_INDENT = "    "

Row = Sequence[Text]


def room(console: Console) -> int:
    """Columns there are to write in: what goes to a file or a pipe is not cut."""
    return console.width if console.is_terminal else _UNCUT


def cut(text: str, width: int) -> str:
    """At most `width` columns of a line, cut between words, with an ellipsis where it was cut."""
    line = " ".join(text.split())
    if cell_len(line) > width:
        line = without_mounts(line)
    if cell_len(line) <= width:
        return line
    kept = ""
    for word in line.split(" "):
        longer = f"{kept} {word}".lstrip()
        if cell_len(longer) + GAP > width:
            break
        kept = longer
    return f"{kept} …".lstrip()


def aligned(
    head: Sequence[str], rows: Sequence[Row], *, flexible: int, right: Sequence[int], width: int
) -> Iterator[Text]:
    """Lines of a table. The column `flexible` gets what the others leave, cut between words.

    Where they leave too little, each row's other cells come first, the flexible one below them.
    """
    heads = [Text(name, style="bold") for name in head]
    columns = list(zip(heads, *rows, strict=True))
    widths = [max(cell_len(cell.plain) for cell in column) for column in columns]
    others = sum(w + GAP for i, w in enumerate(widths) if i != flexible)
    left = width - others
    if left < min(LEAST, widths[flexible]):
        for row in rows:
            yield from _stacked(row, flexible, width)
        return
    widths[flexible] = min(widths[flexible], left)
    for row in (heads, *rows):
        yield _line(row, widths, flexible, right)


def _line(row: Row, widths: Sequence[int], flexible: int, right: Sequence[int]) -> Text:
    line = Text()
    for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
        shown = Text(cut(cell.plain, width), style=cell.style) if i == flexible else cell
        gap = " " * (width - cell_len(shown.plain))
        line.append_text(Text(gap) if i in right else Text())
        line.append_text(shown)
        line.append(("" if i in right else gap) + " " * GAP)
    line.rstrip()
    return line


def _stacked(row: Row, flexible: int, width: int) -> Iterator[Text]:
    """The cells one after another, then the flexible one; lines end between cells and words."""
    line = Text()
    for cell in (c for i, c in enumerate(row) if i != flexible and c.plain):
        if line.plain and cell_len(line.plain) + GAP + cell_len(cell.plain) > width:
            yield line
            line = Text(_INDENT)
        elif line.plain:
            line.append(" " * GAP)
        line.append_text(cell)
    yield line
    text = _INDENT
    for word in row[flexible].plain.split():
        if text.strip() and cell_len(text) + cell_len(word) > width:
            yield Text(text.rstrip(), style=row[flexible].style)
            text = _INDENT
        text += f"{word} "
    if text.strip():
        yield Text(text.rstrip(), style=row[flexible].style)
