"""Two records beside each other on the terminal: no word is broken at any width."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from buildlab.basics.visible import on_one_line
from buildlab.record.compare.likeness import words
from buildlab.record.compare.sentence import spent_s, summary, without_steps
from buildlab.record.phrases import format_s
from buildlab.record.style import COLOURS, GLYPHS
from buildlab.record.words import how_it_ended, suspicion

if TYPE_CHECKING:
    from buildlab.record.compare import Change, Comparison, Side
    from buildlab.record.steps import Step

_MARKS = {"new": "+", "gone": "−", "changed": "~", "same": "", "not known": ""}
_GAP, _NARROWEST, _WIDEST_STEP, _LINES = 2, 18, 14, 3


def print_comparison(comparison: Comparison) -> None:
    """What the two are, the sentence, then a line for each step and what changed in it."""
    console = Console(emoji=False, highlight=False)
    for name, side in (("first", comparison.a), ("second", comparison.b)):
        console.print(Text(f"{name:8}{_about(side)}"), soft_wrap=True)
    console.print(Text(summary(comparison)), soft_wrap=True)
    if comparison.changes and not comparison.same_record:
        for row in _rows(comparison, console.width):
            console.print(row, soft_wrap=True)
        console.print(Text(_legend(comparison)))


def _about(side: Side) -> str:
    parts = [side.title, side.id, f"{side.outcome}, {format_s(side.wall_s)}", side.recorded]
    return " · ".join(on_one_line(part) for part in parts if part)


def _rows(comparison: Comparison, width: int) -> Iterator[Text]:
    """The table. What doesn't fit beside the states goes on below them, over the whole width."""
    changes = comparison.changes
    a, b = comparison.a, comparison.b
    states = [(_state(c.a, a), _state(c.b, b)) for c in changes]
    places = [_places(c) for c in changes]
    at = 4 + max(4, min(_WIDEST_STEP, max(map(len, places)))) + _GAP
    wide_a, wide_b = (max(6, *(p[side].cell_len for p in states)) + _GAP for side in (0, 1))
    room = max(_NARROWEST, width - at - wide_a - wide_b)
    head = f"{'':4}step".ljust(at) + "instruction".ljust(room + _GAP)
    yield _row(head, Text("first"), Text("second"), wide_a, "bold")
    for change, place, pair in zip(changes, places, states, strict=True):
        first, *rest = _wrapped(_words_of(change), room, max(_NARROWEST, width - at))
        lead = f"{_marks(change):4}{place}"
        if len(lead) > at - _GAP:
            yield Text(lead)
            lead = ""
        yield _row(lead.ljust(at) + first.ljust(room + _GAP), *pair, wide_a)
        for line in rest:
            yield Text(" " * at + line)
        for told in _told(change):
            for line in _lines(f"· {told}", max(_NARROWEST, width - at)):
                yield Text(" " * at + line, style="italic")


def _row(lead: str, a: Text, b: Text, wide_a: int, style: str = "") -> Text:
    line = Text(lead, style=style).append(a).append(" " * (wide_a - a.cell_len)).append(b)
    line.rstrip()
    return line


def _marks(change: Change) -> str:
    moved = "↕" if change.moved else ""
    return _MARKS[change.status] + moved + "≠" * (change.changed and change.in_both)


def _words_of(change: Change) -> str:
    known = change.b or change.a
    return on_one_line(words(known).shown) if known else ""


def _told(change: Change) -> list[str]:
    return ["moved"] * change.moved + [str(d) for d in change.differences]


def _places(change: Change) -> str:
    keys = dict.fromkeys(str(s.key) for s in (change.a, change.b) if s is not None)
    if change.a and change.b and change.a.stage == change.b.stage and len(keys) > 1:
        return f"{change.a.key} → {change.b.key.index}"
    return on_one_line(" → ".join(keys))


def _state(step: Step | None, side: Side) -> Text:
    if step is None:
        return Text("absent", style="dim")
    state = step.state.value
    if not step.cacheable and state in ("cached", "ran"):
        return Text("base image", style="dim")
    time = step.duration_s if step.stopped else spent_s(step.state, step.duration_s)
    told = f"{GLYPHS[state]} {how_it_ended(step)}" + (f" {format_s(time)}" if time else "")
    return Text(told + suspicion(step, side.suspect), style=COLOURS[state])


def _wrapped(text: str, room: int, width: int) -> list[str]:
    """The first line as wide as `room`, the others as wide as `width`; _LINES of them at most."""
    if len(text) > room:
        text = re.sub(r"(?:--mount=\S+ )+", "--mount… ", text)
    first = _lines(text, room)[0] if len(text.split(maxsplit=1)[0]) <= room else ""
    rest = text[len(first) :].strip()
    found = [first, *(_lines(rest, width) if rest else ())]
    if len(found) > _LINES:
        found = [*found[:_LINES], "…"]
    return found


def _lines(text: str, width: int) -> list[str]:
    """Whole words only: one that is too long alone stands on a line of its own."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _legend(comparison: Comparison) -> str:
    """The marks that the table has, in words."""
    changes = comparison.changes
    if lacking := without_steps(comparison):
        return f"absent: {lacking} got to no step"
    meanings = (
        ("+ new", any(c.status == "new" for c in changes)),
        ("− gone", any(c.status == "gone" for c in changes)),
        ("~ changed", any(c.status == "changed" for c in changes)),
        ("↕ moved", any(c.moved and c.status == "same" for c in changes)),
        ("≠ another state", any(c.changed and c.in_both for c in changes)),
    )
    return " · ".join(word for word, there in meanings if there) or "no mark: nothing changed"
