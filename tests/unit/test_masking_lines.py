"""A private key that no flag told of, in a log that comes line by line."""

from __future__ import annotations

import json
import secrets

import pytest

from buildlab.masking import MASK, KeyLines, Masker
from buildlab.record.stream.plainlog import PlainLog

BODY = [secrets.token_hex(32) for _ in range(6)] + ["q83vEg=="]
KEY = ["-----BEGIN RSA PRIVATE KEY-----", *BODY, "-----END RSA PRIVATE KEY-----"]


def event(text: str, vertex: str = "sha256:a") -> bytes:
    import base64

    data = base64.b64encode(text.encode()).decode()
    log = {"vertex": vertex, "data": data, "timestamp": "2026-01-01T00:00:01Z"}
    return json.dumps({"logs": [log]}).encode()


def log_of(*pieces: tuple[str, str]) -> str:
    """The plain log of two steps that print these pieces."""
    log = PlainLog(Masker())
    begun = [
        {"digest": f"sha256:{name}", "name": f"RUN {name}", "started": "2026-01-01T00:00:00Z"}
        for name in "ab"
    ]
    said = log.feed(json.dumps({"vertexes": begun}).encode())
    for vertex, text in pieces:
        said += log.feed(event(text, f"sha256:{vertex}"))
    ended = [{**v, "completed": "2026-01-01T00:00:02Z"} for v in begun]
    return "\n".join(said + log.feed(json.dumps({"vertexes": ended}).encode()))


@pytest.mark.parametrize(
    "lines",
    [
        KEY,
        [f"   {n}\t{line}" for n, line in enumerate(KEY)],
        [f"+ {line}" for line in KEY],
        [KEY[0], "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,00", "", *KEY[1:]],
        [line.replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK") for line in KEY],
        [*KEY[:-1], f"{KEY[-1]}{KEY[0]}", *KEY[1:]],
        KEY[:-3],
    ],
    ids=["plain", "numbered", "traced", "encrypted", "pgp", "two in a row", "cut"],
)
@pytest.mark.parametrize("how", ["at once", "line by line", "in odd pieces"])
def test_no_line_of_a_key_is_shown(lines: list[str], how: str) -> None:
    """Nothing between BEGIN and END gets through; what follows the key is all there."""
    text = "\n".join(["before", *lines, "and then the build goes on"]) + "\n"
    width = {"at once": len(text), "in odd pieces": 23}.get(how, 0)
    pieces = (
        [text[i : i + width] for i in range(0, len(text), width)]
        if width
        else text.splitlines(keepends=True)
    )
    said = log_of(*(("a", piece) for piece in pieces))
    assert not [line for line in BODY if line in said]
    assert "before" in said
    assert "and then the build goes on" in said
    assert MASK in said


def test_steps_that_print_at_once_have_a_key_each() -> None:
    """Another step's line between two of a key's is shown, and the key's next one isn't."""
    pieces = []
    for n, line in enumerate(KEY):
        pieces += [("a", line + "\n"), ("b", f"step b says {n}\n")]
    said = log_of(*pieces)
    assert not [line for line in BODY if line in said]
    assert all(f"step b says {n}" in said for n in range(len(KEY)))


def test_a_key_without_an_end_hides_no_more_than_itself() -> None:
    """A BEGIN in prose hides neither the next sentence nor all that follows."""
    keys = KeyLines()
    text = [KEY[0], "no key follows here", BODY[0], "done: 3 files"]
    assert [keys(line) for line in text] == text
