"""The event stream as `--progress=plain` would have printed it, for people and logs of CI."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from buildlab.basics import jsontext
from buildlab.masking import MASK, KeyLines
from buildlab.record.stream.fold import decoded
from buildlab.record.stream.vertex import seconds


@dataclass(slots=True)
class _Vertex:
    number: int
    name: str
    started: str = ""
    ended: bool = False
    rest: str = ""
    """Of its output: what has no line end yet."""
    keys: KeyLines = field(default_factory=KeyLines)

    def clear(self, text: str) -> str:
        """A line of its output; what of it goes on with a private key is masked."""
        kept = self.keys(text)
        return kept if kept == text else MASK + kept


class PlainLog:
    """Takes the lines of `--progress=rawjson`, gives lines of text without secrets.

    Every vertex has a number, a heading when it begins, its output with seconds since then, and
    an end: CACHED, DONE, ERROR. A line that is no event is passed over.
    """

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._vertexes: dict[str, _Vertex] = {}
        self._last = 0

    def feed(self, line: bytes) -> list[str]:
        """The lines of text that this event adds."""
        try:
            message = jsontext.loads(line)
        except ValueError:
            return []
        told: list[str] = []
        for kind, take in (
            ("vertexes", self._vertex),
            ("statuses", self._status),
            ("logs", self._log),
        ):
            for item in (message.get(kind) if isinstance(message, dict) else None) or ():
                with suppress(KeyError, TypeError, ValueError, AttributeError):
                    told += take(item)
        return [self._mask(text) for text in told]

    def _vertex(self, item: Mapping[str, Any]) -> Iterator[str]:
        known = self._vertexes.get(item["digest"])
        if known is None:
            known = _Vertex(len(self._vertexes) + 1, item.get("name") or "")
            self._vertexes[item["digest"]] = known
        if not item.get("started") or known.ended:
            return
        if not known.started:
            known.started = item["started"]
            yield from self._under(known)
        if not item.get("completed"):
            return
        known.ended = True
        yield from self._under(known)
        if known.rest:
            yield f"#{known.number} {known.clear(known.rest)}"
        if item.get("error"):
            yield f"#{known.number} ERROR: {item['error']}"
        elif item.get("cached"):
            yield f"#{known.number} CACHED"
        else:
            took_s = seconds(item["completed"]) - seconds(known.started)
            yield f"#{known.number} DONE {took_s:.1f}s"

    def _status(self, item: Mapping[str, Any]) -> Iterator[str]:
        known = self._vertexes[item["vertex"]]
        if item.get("completed"):
            yield from self._under(known)
            yield f"#{known.number} {item['id']} done"

    def _log(self, item: Mapping[str, Any]) -> Iterator[str]:
        known = self._vertexes[item["vertex"]]
        *lines, known.rest = (known.rest + decoded(item.get("data") or "")).split("\n")
        since_s = seconds(item["timestamp"]) - seconds(known.started)
        if lines:
            yield from self._under(known)
        for text in lines:
            yield f"#{known.number} {since_s:.3f} {known.clear(text.rstrip())}"

    def _under(self, vertex: _Vertex) -> Iterator[str]:
        """The heading, where the last line was another vertex's."""
        if self._last != vertex.number:
            if self._last:
                yield ""
            self._last = vertex.number
            yield f"#{vertex.number} {vertex.name}"
