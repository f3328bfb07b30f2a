"""GitHub's expressions, `${{ … }}`, as far as build steps use them.

Names with dots, texts, numbers, true, false, null, parentheses, `! == != && ||`, and the functions
of FUNCTIONS. Comparison of texts ignores case, as GitHub's does. What isn't known is an error, not
an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from buildlab.errors import UsageError

Value = str | float | bool | None
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.S)
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<op>==|!=|&&|\|\||[!(),])"
    r"|(?P<name>[A-Za-z_][\w.*-]*))"
)

FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "contains": lambda a, b: text_of(b).lower() in text_of(a).lower(),
    "startsWith": lambda a, b: text_of(a).lower().startswith(text_of(b).lower()),
    "endsWith": lambda a, b: text_of(a).lower().endswith(text_of(b).lower()),
    "format": lambda form, *given: re.sub(
        r"\{(\d+)\}", lambda m: text_of(given[int(m[1])]), text_of(form)
    ),
    "always": lambda: True,
    "success": lambda: True,
    "failure": lambda: False,
    "cancelled": lambda: False,
}


def fill(text: str, known: Mapping[str, Any]) -> str:
    """The text with its expressions in place. Raises UsageError."""
    return _EMBEDDED.sub(lambda found: text_of(value(found[1], known)), text)


def true(condition: object, known: Mapping[str, Any]) -> bool:
    """Whether an `if:` holds; it may be written with or without `${{ }}`. Raises UsageError."""
    if isinstance(condition, bool):
        return condition
    text = str(condition).strip()
    whole = _EMBEDDED.fullmatch(text)
    return bool(value(whole[1] if whole else fill(text, known), known))


def value(expression: str, known: Mapping[str, Any]) -> Value:
    """What an expression comes to. Raises UsageError."""
    return _Parser(expression, known).whole()


def text_of(given: Value) -> str:
    """A value as GitHub writes it into a text."""
    if given is None:
        return ""
    if isinstance(given, bool):
        return "true" if given else "false"
    return str(int(given)) if isinstance(given, float) and given.is_integer() else str(given)


class _Parser:
    def __init__(self, expression: str, known: Mapping[str, Any]) -> None:
        self.expression, self.known = expression.strip(), known
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(self.expression):
            found = _TOKEN.match(self.expression, at)
            if found is None:
                raise self.wrong(f"{self.expression[at : at + 10]!r} is not understood")
            self.tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()

    def wrong(self, why: str) -> UsageError:
        return UsageError(
            f"${{{{ {self.expression} }}}}: {why}",
            "write it with names, texts, == != && || ! and contains, startsWith, endsWith, format",
        )

    def whole(self) -> Value:
        found = self.either()
        if self.tokens:
            raise self.wrong(f"{self.tokens[0][1]!r} is too much")
        return found

    def taken(self, *words: str) -> str:
        if self.tokens and self.tokens[0][0] == "op" and self.tokens[0][1] in words:
            return self.tokens.pop(0)[1]
        return ""

    def either(self) -> Value:
        found = self.both()
        while self.taken("||"):
            other = self.both()
            found = found or other
        return found

    def both(self) -> Value:
        found = self.compared()
        while self.taken("&&"):
            other = self.compared()
            found = found and other
        return found

    def compared(self) -> Value:
        found = self.one()
        while op := self.taken("==", "!="):
            same = _same(found, self.one())
            found = same if op == "==" else not same
        return found

    def one(self) -> Value:
        if self.taken("!"):
            return not self.one()
        if self.taken("("):
            found = self.either()
            if not self.taken(")"):
                raise self.wrong("a parenthesis is not closed")
            return found
        if not self.tokens:
            raise self.wrong("it ends too early")
        kind, word = self.tokens.pop(0)
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if kind == "number":
            return float(word)
        if kind == "op":
            raise self.wrong(f"{word!r} is out of place")
        return self.call(word) if self.taken("(") else self.name(word)

    def call(self, function: str) -> Value:
        if function not in FUNCTIONS:
            raise self.wrong(f"the function {function} is not known here")
        given: list[Value] = []
        while not self.taken(")"):
            given.append(self.either())
            if not self.taken(",") and not (self.tokens and self.tokens[0][1] == ")"):
                raise self.wrong("a parenthesis is not closed")
        try:
            return FUNCTIONS[function](*given)
        except (TypeError, IndexError) as fault:
            raise self.wrong(f"{function}: {fault}") from fault

    def name(self, word: str) -> Value:
        if word in ("true", "false", "null"):
            return {"true": True, "false": False}.get(word)
        first, *rest = word.split(".")
        if first not in self.known:
            raise self.wrong(f"{first} is not known here")
        found: Any = self.known[first]
        for part in rest:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found if isinstance(found, str | bool | int | float) else None


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return (one or "") == (other or "")
