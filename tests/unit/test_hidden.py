"""Recordings and logs: masked where a text is decoded, over the borders of pieces, still events."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

from buildlab.masking import MASK, Masker
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.joining import make_record
from buildlab.record.model import BuildRecord
from buildlab.record.stream import Fold
from buildlab.replay.hidden import masked

SECRET = "s3cr3t-välue"
DIGEST = "sha256:" + "a" * 64


def coded(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def stream(cut: int) -> list[str]:
    """A step that prints the secret in two pieces, cut after so many bytes, stderr in between."""
    said = f"got {SECRET}!\n".encode()
    pieces = ((1, said[:cut]), (2, b"note\n"), (1, said[cut:]))
    step: dict[str, Any] = {"digest": DIGEST, "name": f"[1/1] RUN echo {SECRET}"}
    begun = "2026-01-01T00:00:00Z"
    logs = [
        {"vertex": DIGEST, "stream": s, "data": coded(d), "timestamp": f"2026-01-01T00:00:0{n}Z"}
        for n, (s, d) in enumerate(pieces, start=1)
    ]
    source = {"data": coded(f'ARG "{SECRET}"'), "filename": "Dockerfile"}
    warning = {"vertex": DIGEST, "short": coded(f"Rule: {SECRET}"), "sourceInfo": source,
               "detail": [coded(SECRET)]}  # fmt: skip
    return [
        json.dumps({"vertexes": [{**step, "started": begun}]}),
        *(json.dumps({"logs": [log]}) for log in logs),
        json.dumps({"warnings": [warning]}),
        json.dumps({"vertexes": [{**step, "started": begun, "error": f'said "{SECRET}"'}]}),
        f"ERROR: {SECRET}",
    ]


def record(lines: list[str], mask: tuple[str, ...]) -> BuildRecord:
    fold = Fold(mask)
    for line in lines:
        fold.feed(line)
    return make_record(
        fold, None, id="x", title=f"of {SECRET}", command=("docker", f"x={SECRET}"),
        context=f"https://h.test/{SECRET}", dockerfile=f"{SECRET}.Dockerfile", wall_s=1.0,
        exit_code=1, engine=EngineInfo("none"), plain_tail="\n".join(fold.plain),
    )  # fmt: skip


def decoded(lines: list[str]) -> str:
    """All text of recorded lines, with what is base64 in them."""
    found = []

    def walk(value: Any) -> None:
        for inner in value.values() if isinstance(value, dict) else value:
            if isinstance(inner, dict | list):
                walk(inner)
            elif isinstance(inner, str):
                found.append(inner)
                with suppress(ValueError):
                    found.append(base64.b64decode(inner).decode("utf-8", "replace"))

    for line in lines:
        if line.startswith("{"):
            walk(json.loads(line))
        found.append(line)
    return "\n".join(found)


def test_a_record_holds_no_value_that_log_pieces_cut() -> None:
    """Wherever the engine cuts a step's output, in a character even, the record has no part."""
    for cut in range(1, len(f"got {SECRET}!\n".encode())):
        made = record(stream(cut), (SECRET,))
        said = "".join(line.text for line in made.steps[0].logs if line.stream == 1)
        assert said == f"got {MASK}!\n"
        assert SECRET not in repr(made)
    assert SECRET in repr(record(stream(6), ()))  # the search finds what is not masked


def test_a_recording_holds_no_value_and_is_events_still() -> None:
    """Every line stays an event; nothing in it, base64 or not, holds the value."""
    for cut in range(1, len(f"got {SECRET}!\n".encode())):
        lines = masked(stream(cut), Masker([SECRET]))
        assert SECRET not in decoded(lines)
        assert [line.startswith("{") for line in lines] == [True] * 6 + [False]
        pieces = [log for line in lines[1:4] for log in json.loads(line)["logs"]]
        text = b"".join(base64.b64decode(p["data"]) for p in pieces if p["stream"] == 1)
        assert text.decode() == f"got {MASK}!\n"
    assert SECRET in decoded(stream(6))


def test_a_recording_with_quotes_stays_whole() -> None:
    """A value that stands before a quote in an event takes nothing of the event with it."""
    event = {"vertexes": [{"digest": DIGEST, "name": '[1/1] RUN sh -c "TOKEN=abc"', "error": ""}]}
    (line,) = masked([json.dumps(event)], Masker())
    assert json.loads(line)["vertexes"][0]["name"] == f'[1/1] RUN sh -c "TOKEN={MASK}"'


def test_a_key_over_lines_of_the_clients_words() -> None:
    """A private key in the words of a client, which come line by line, is masked as one."""
    fold = Fold()
    for line in ("-----BEGIN PRIVATE KEY-----", "MIIEowIBAAKCAQEA", "-----END PRIVATE KEY-----"):
        fold.feed(line)
    assert fold.plain == [MASK]
