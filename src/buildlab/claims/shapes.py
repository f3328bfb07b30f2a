"""What a claim's file may hold, and how it is said what is wrong with one."""

from __future__ import annotations

import difflib
from typing import Any, Literal, get_args

from msgspec import Struct

from buildlab import loading

Kind = Literal["article", "documentation", "guide", "rule"]
Expected = Literal["holds", "holds if", "fails", "not testable here"]

_CHOICES = {"kind": get_args(Kind), "expected": get_args(Expected)}
_ENUM = "invalid enum value "
_CONDITIONS = '["a fact == true"]'
_WRITE = {
    "holds": f"holds = {_CONDITIONS}",
    "when": f"when = {_CONDITIONS}",
    "holds_if": "[[holds_if]], and below it condition and when",
    "source": "[source], and below it title, url and kind",
    "arguments": "[arguments], and below it what the experiment takes",
}
"""How a field is written that is no text."""


class SourceFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A source.toml, or the [source] of a claim."""

    title: str
    url: str
    kind: Kind
    author: str = ""
    date: Any = ""
    """A text, or a date as TOML has it."""


class ProvisoFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One [[holds_if]]."""

    condition: str
    when: tuple[str, ...]


class ClaimFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A claim."""

    where: str
    says: str
    correct: str
    expected: Expected
    experiment: str = ""
    arguments: dict[str, Any] | None = None
    holds: tuple[str, ...] = ()
    holds_if: tuple[ProvisoFile, ...] = ()
    untestable: str = ""
    source: SourceFile | None = None


_TABLES: dict[str, type[Struct]] = {"source": SourceFile, "holds_if": ProvisoFile}


def told(kind: type[Struct], fault: loading.Damaged) -> tuple[str, str]:
    """What is wrong with a file of this kind, and what to write."""
    table, _, field = fault.where.rpartition(".")
    field = _name(field)
    before = f"{table}: " if table else ""
    write = _WRITE.get(field, f'{field} = "…"')
    if fault.wrong == loading.MISSING:
        return f"{before}{field} is missing", f"add {write}"
    if fault.wrong == loading.UNKNOWN:
        names = _TABLES.get(_name(table), kind).__struct_fields__
        near = difflib.get_close_matches(field, names, n=1) or sorted(names)
        return f"{before}no field is called {field!r}", f"write {' or '.join(near)}"
    if field in _CHOICES and fault.wrong.startswith(_ENUM):
        value = fault.wrong.removeprefix(_ENUM)
        return f"{before}{field} is {value}", f"choose: {', '.join(_CHOICES[field])}"
    return str(fault), f"write {write}"


def _name(part: str) -> str:
    """A field's name without the place in a list: "when" of "when[0]"."""
    return part.partition("[")[0]
