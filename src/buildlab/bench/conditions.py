"""The language of conditions: a fact, or a ratio of two, compared with a literal.

    the step ran again == true
    without_s / with_s > 2
    message == "file not found"

There is no more to it: conditions of a claim are all true or the claim has none.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from buildlab.errors import UsageError

Fact = str | int | float | bool

_OPERATORS: Mapping[str, Callable[[Fact, Fact], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_ANY_OPERATOR = r"==|!=|<=|>=|<|>"
_LITERAL = r"""true|false|-?\d+(?:\.\d+)?|"[^"]*"|'[^']*'"""
_CONDITION = re.compile(rf"\s*(.+?)\s+({_ANY_OPERATOR})\s+({_LITERAL})\s*")
_RATIO = " / "
_EXAMPLE = 'write a fact, one of == != < > <= >=, and true, false, a number or a "text"'


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition. `left` is a fact's name, or two of them with " / " in between."""

    text: str
    left: str
    operator: str
    literal: Fact

    def look(self, facts: Mapping[str, Fact]) -> tuple[Fact, bool]:
        """The value of the left side, and whether the condition is true of it.

        Raises UsageError for a fact that is not there, and for what can't be compared.
        """
        value = self._value(facts)
        if self.operator not in ("==", "!=") and not (_number(value) and _number(self.literal)):
            raise UsageError(
                f"{self.left} is {told(value)}, which {self.operator} {told(self.literal)} "
                "can't order",
                "compare it with == or !=",
            )
        if _number(value) != _number(self.literal) or isinstance(value, str) != isinstance(
            self.literal, str
        ):
            raise UsageError(
                f"{self.left} is {told(value)}, never {told(self.literal)}",
                "compare it with a value of its own kind",
            )
        return value, _OPERATORS[self.operator](value, self.literal)

    def _value(self, facts: Mapping[str, Fact]) -> Fact:
        if self.left in facts or _RATIO not in self.left:
            value = _fact(self.left, facts)
            if self.left.endswith("_s"):
                raise UsageError(
                    f"{self.left} is a time: no other machine takes the same",
                    "judge a ratio: slow_s / fast_s > 2",
                )
            return value
        above, _, below = self.left.partition(_RATIO)
        parts = [_fact(name, facts) for name in (above, below)]
        for name, value in zip((above, below), parts, strict=True):
            if not _number(value):
                raise UsageError(f"{name} is {told(value)}, no number", "divide numbers only")
        if float(parts[1]) == 0:
            raise UsageError(f"{below} is 0: nothing can be divided by it", "compare it with 0")
        return float(parts[0]) / float(parts[1])


def parse(text: str) -> Condition:
    """The condition that a text states. Raises UsageError with what to write instead."""
    if found := _CONDITION.fullmatch(text):
        return Condition(text.strip(), found[1], found[2], _literal(found[3]))
    if not re.search(rf"\s(?:{_ANY_OPERATOR})\s", text):
        raise UsageError(f"{text!r} compares nothing", _EXAMPLE)
    raise UsageError(f"{text!r} does not end with a literal", _EXAMPLE)


def told(value: Fact) -> str:
    """A value as a condition would write it; ratios with two digits after the point."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _literal(text: str) -> Fact:
    if text in ("true", "false"):
        return text == "true"
    if text[0] in "\"'":
        return text[1:-1]
    return float(text) if "." in text else int(text)


def _number(value: Fact) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fact(name: str, facts: Mapping[str, Fact]) -> Fact:
    if name in facts:
        return facts[name]
    near = difflib.get_close_matches(name, facts, n=3, cutoff=0.4) or sorted(facts)[:3]
    raise UsageError(
        f"no fact is called {name!r}",
        f"write one of: {' · '.join(near)}" if near else "the experiment gives no facts",
    )
