"""Known values, found in text in one pass, however many there are."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

_KEY = 8
"""So many characters of a value are looked for; the rest is compared where they are found."""
_WHOLE_WORD = 6
"""A value that is one shorter word is found as a word only: "test" is no part of "testing"."""
_LEAST_CODED = 8
_CODED_VALUES = 200
"""Of so many values the encoded forms are looked for one by one; see `_in_base64` for the rest."""
_LONGEST_CODED = 8192
_RUN = re.compile(r"[A-Za-z0-9+/_-]{40,}(?:\r?\n[A-Za-z0-9+/_-]+)*={0,2}")

Span = tuple[int, int]


class Known:
    """Finds some values in text. The values themselves are found; `with_forms` adds encodings."""

    def __init__(self, values: Iterable[str], *, with_forms: bool = True) -> None:
        kept = set(values)
        self._coded: Known | None = None
        forms: set[str] = set()
        if with_forms:
            for value in sorted(kept, key=len)[:_CODED_VALUES]:
                if len(value) <= _LONGEST_CODED:
                    forms.update(spellings(value))
            as_bytes = (v.encode("utf-8", "surrogateescape").decode("latin-1") for v in kept)
            self._coded = Known(as_bytes, with_forms=False)
        self._buckets: dict[str, list[str]] = {}
        for value in sorted(kept | forms, key=len, reverse=True):
            self._buckets.setdefault(value[:_KEY], []).append(value)
        self._lengths = sorted({len(key) for key in self._buckets}, reverse=True)
        self._keys = re.compile(_any_of(self._buckets)) if self._buckets else None

    def spans(self, text: str) -> Iterator[Span]:
        """Where a value stands; they may overlap."""
        if self._keys is None:
            return
        at = 0
        while found := self._keys.search(text, at):
            start = found.start()
            if (end := self._longest(text, start)) is not None:
                yield start, end
            at = start + 1
        if self._coded is not None:
            yield from self._in_base64(text)

    def _longest(self, text: str, start: int) -> int | None:
        """Where the longest value that begins at `start` ends; None where none does."""
        best: int | None = None
        for length in self._lengths:
            for value in self._buckets.get(text[start : start + length], ()):
                if text.startswith(value, start) and _stands_alone(text, start, value):
                    best = max(best or 0, start + len(value))
                    break
        return best

    def _in_base64(self, text: str) -> Iterator[Span]:
        """Long runs of base64, in one line or wrapped, in which a value lies somewhere."""
        assert self._coded is not None
        for found in _RUN.finditer(text):
            run = re.sub(r"[\r\n=]", "", found[0]).translate(_STANDARD)
            for offset in range(4):
                piece = run[offset:]
                data = base64.b64decode(piece[: len(piece) // 4 * 4] + _rest(piece))
                if next(self._coded.spans(data.decode("latin-1")), None):
                    yield found.span()
                    break


_STANDARD = str.maketrans("-_", "+/")


def spellings(value: str) -> Iterator[str]:
    """How tools write a value: escaped, percent-encoded, in hexadecimal, in base64.

    Of base64, the part that no neighbouring byte changes, for each of three alignments.
    """
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    data = value.encode("utf-8", "surrogateescape")
    for coded in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield coded
        yield re.sub(r"%..", lambda m: m[0].lower(), coded)
    if len(data) * 2 >= _LEAST_CODED:
        yield data.hex()
        yield data.hex().upper()
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + data).decode()
        part = coded[-(-offset * 8 // 6) : (offset + len(data)) * 8 // 6]
        if len(part) >= _LEAST_CODED:
            yield part
            yield part.translate(str.maketrans("+/", "-_"))


def _rest(piece: str) -> str:
    """The last characters of unpadded base64, padded; one alone says nothing."""
    rest = piece[len(piece) // 4 * 4 :]
    return rest + "=" * (-len(rest) % 4) if len(rest) > 1 else ""


def _stands_alone(text: str, start: int, value: str) -> bool:
    if len(value) >= _WHOLE_WORD or not value.isalnum():
        return True
    end = start + len(value)
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())


def _any_of(words: Iterable[str]) -> str:
    """A pattern for these words that branches by character: its cost doesn't grow with them."""
    tree: dict[str, dict[str, object]] = {}
    for word in words:
        node: dict[str, object] = tree  # type: ignore[assignment]
        for character in word:
            node = node.setdefault(character, {})  # type: ignore[assignment]
        node[""] = {}
    return _pattern(tree)


def _pattern(node: Mapping[str, object]) -> str:
    if "" in node:
        return ""  # a word ends here; longer ones are found by comparing
    parts = [re.escape(c) + _pattern(below) for c, below in node.items()]  # type: ignore[arg-type]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
