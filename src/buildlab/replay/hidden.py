"""Event lines without secrets: their texts, plain or base64, are masked where they are decoded."""

from __future__ import annotations

import base64
import binascii
import codecs
import json
from collections.abc import Iterator, Sequence
from typing import Any

from buildlab.basics import jsontext
from buildlab.masking import Masker

_CODED = ("short", "detail")
"""Fields of warnings that are base64; so are a log's `data` and a Dockerfile in `sourceInfo`."""


def masked(lines: Sequence[str], masker: Masker) -> list[str]:
    """The lines, each an event still. A value that one log piece begins and another ends is
    masked in both."""
    events = [_event(line) for line in lines]
    _mask_logs([log for event in events for log in _items(event, "logs")], masker)
    return [
        masker(line) if event is None else _line(event, masker)
        for line, event in zip(lines, events, strict=True)
    ]


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = jsontext.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _items(event: dict[str, Any] | None, kind: str) -> Iterator[dict[str, Any]]:
    for item in (event or {}).get(kind) or ():
        if isinstance(item, dict):
            yield item


def _mask_logs(logs: Sequence[dict[str, Any]], masker: Masker) -> None:
    streams: dict[tuple[object, object], list[dict[str, Any]]] = {}
    for log in logs:
        streams.setdefault((log.get("vertex"), log.get("stream")), []).append(log)
    for pieces in streams.values():
        reader = codecs.getincrementaldecoder("utf-8")("replace")  # a character may be cut, too
        texts = masker.pieces([_text(reader, log.get("data")) for log in pieces])
        for log, text in zip(pieces, texts, strict=True):
            log["data"] = _coded(text)


def _line(event: dict[str, Any], masker: Masker) -> str:
    for warning in _items(event, "warnings"):
        for field in _CODED:
            warning[field] = _recoded(warning.get(field), masker)
        source = warning.get("sourceInfo")
        if isinstance(source, dict):
            source["data"] = _recoded(source.get("data"), masker)
    kept = [log.pop("data", None) for log in _items(event, "logs")]
    event = masker.data(event)
    for log, data in zip(_items(event, "logs"), kept, strict=True):
        log["data"] = data
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def _recoded(value: Any, masker: Masker) -> Any:
    if isinstance(value, list):
        return [_recoded(inner, masker) for inner in value]
    return _coded(masker(_decoded(value))) if value else value


def _text(reader: codecs.IncrementalDecoder, data: object) -> str:
    try:
        return reader.decode(base64.b64decode(str(data or "")))
    except (binascii.Error, ValueError):
        return str(data)


def _decoded(data: object) -> str:
    try:
        return base64.b64decode(str(data or ""), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return str(data)


def _coded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()
