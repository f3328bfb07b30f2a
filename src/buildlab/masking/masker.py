"""Replaces secrets in text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from buildlab.masking import patterns
from buildlab.masking.known import Known, Span
from buildlab.masking.names import secret_name

MASK: Final = "***masked***"

_TOO_COMMON = frozenset(
    {
        *("true", "false", "none", "null", "auto", "default", "off", "direct", "basic", "token"),
        *("password", "secret", "enabled", "disabled", "yes", "optional", "required"),
    }
)
_SHORTEST = 4
"""A shorter value would blot out unrelated text; it is still masked beside its name."""
_REFERENCE = re.compile(r"\$[\w{(]|<[\w ]+>$|%\w+%$|\{\{")
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_WORD = re.compile(r"(?P<head>(?:--[\w-]+=)?(?P<name>[A-Za-z_][\w./:-]*)=)(?P<value>.*)", re.S)


class Masker:
    """Replaces secrets in text by `MASK`. Call it; `learn` more values at any time."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        self._known: Known | None = None
        self.learn(values)

    @property
    def values(self) -> frozenset[str]:
        return frozenset(self._values)

    def learn(self, values: Iterable[str]) -> bool:
        """Add known secret values, each line of a multi-line one; True if any was new."""
        new = {
            piece
            for value in values
            for piece in (value, value.strip(), *_lines(value))
            if len(piece.strip()) >= _SHORTEST
            and piece.lower() not in _TOO_COMMON
            and MASK not in piece
        } - self._values
        if new:
            self._values |= new
            self._known = None
        return bool(new)

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        found = self.spans(text)
        if not found:
            return text
        parts, at = [], 0
        for start, end in found:
            parts += [text[at:start], MASK]
            at = end
        return "".join([*parts, text[at:]])

    def pieces(self, texts: Sequence[str]) -> list[str]:
        """Texts that follow one another without secrets, those too that begin in one and end in a
        later one; the mask stands where it begins."""
        whole = "".join(texts)
        found = self.spans(whole)
        if not found:
            return list(texts)
        out, at, todo = [], 0, iter(found)
        start, end = next(todo)
        for text in texts:
            parts, here, stop = [], at, at + len(text)
            while start < stop:
                if start >= at:
                    parts += [whole[here:start], MASK]
                here = max(here, min(end, stop))
                if end > stop:
                    break
                start, end = next(todo, (len(whole) + 1, len(whole) + 1))
            out.append("".join([*parts, whole[here:stop]]))
            at = stop
        return out

    def lines(self, lines: Sequence[str]) -> list[str]:
        """Lines of one text without secrets: what was masked over several is one line."""
        return self("\n".join(lines)).split("\n") if lines else []

    def command(self, words: Iterable[str]) -> tuple[str, ...]:
        """A command's words without secrets: of `NAME=VALUE` the whole value, with its spaces."""
        return tuple(self(_hidden(word)) for word in words)

    def data(self, value: Any) -> Any:
        """Plain data (as from JSON) with all its texts masked; keys stay."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, dict):
            return {key: self._field(key, inner) for key, inner in value.items()}
        return [self.data(inner) for inner in value] if isinstance(value, list) else value

    def _field(self, key: str, value: Any) -> Any:
        hide = isinstance(value, str) and value and secret_name(key.partition(":")[2] or key)
        return MASK if hide and MASK not in value else self.data(value)

    def spans(self, text: str) -> list[Span]:
        """What to replace: in order, none touching another, no mask masked again."""
        found = self._found(text)
        if "\x1b" in text:  # a tool's colours may stand within a value
            plain, places = _without_colours(text)
            found += [(places[start], places[end - 1] + 1) for start, end in self._found(plain)]
        out: list[Span] = []
        for start, end in sorted(found):
            if out and start < out[-1][1]:
                out[-1] = (out[-1][0], max(end, out[-1][1]))
            else:
                out.append((start, end))
        return out

    def _found(self, text: str) -> list[Span]:
        found = [s for s in patterns.spans(text) if _is_secret(text[s[0] : s[1]])]
        if self._values:
            if self._known is None:
                self._known = Known(self._values)
            found += self._known.spans(text)
        return [s for s in found if s[0] < s[1]]


def _without_colours(text: str) -> tuple[str, list[int]]:
    """The text without a terminal's escape sequences, and where each character of it stands."""
    places: list[int] = []
    at = 0
    for sequence in _SEQUENCE.finditer(text):
        places += range(at, sequence.start())
        at = sequence.end()
    places += range(at, len(text))
    return "".join([text[i] for i in places]), places


def _lines(value: str) -> Iterable[str]:
    for line in value.splitlines():
        yield line
        yield line.strip()


def _is_secret(value: str) -> bool:
    """Not a mask, not empty, and not a name that only stands for a value."""
    return bool(value) and value != MASK and not _REFERENCE.match(value)


def _hidden(word: str) -> str:
    found = _WORD.fullmatch(word)
    if found is None or not _is_secret(found["value"]) or not secret_name(found["name"]):
        return word
    is_flag = re.match(r"(?:id|type|src|source|env)=", found["value"])  # `--secret=id=…`
    return word if is_flag else found["head"] + MASK
