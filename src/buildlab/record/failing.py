"""A failed build in words that mean something: no ids, and what the step itself said.

BuildKit names what it was doing by random ids of this one build (`ref q2x…::7lm…`), by folders of
its own and by digests, and repeats the whole command. None of that helps anyone who reads the
error; it is kept beside the message, in `Failure.raw`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from buildlab.record.steps import LogLine

SHOWN: Final = 15
"""So many of the last lines of a step's output stand under the error."""
EARLIER: Final = 6
"""So many lines of before, of those that name an error."""
_LONGEST: Final = 400

_ID = r"[a-z0-9]{25}"
_PROCESS = re.compile(r'process ".*" did not complete successfully: ', re.S)
_CHECKSUM = re.compile(
    r"(?:failed to (?:compute|load) cache key: )?(?:failed to calculate checksum of ref \S+: )"
)
_DIGEST = re.compile(r"(?<=[\w/-])@sha256:[0-9a-f]{64}|\bsha256:(?P<start>[0-9a-f]{7})[0-9a-f]{57}")
_NOISE: Final = (
    (re.compile(rf"failed to (?:prepare|mount|get) {_ID}(?: as {_ID})?: "), ""),
    (re.compile(r"failed to (?:compute|load) cache key: "), ""),
    (re.compile(r"failed to (?:solve|build): "), ""),
    (re.compile(rf" ?\b(?:ref )?{_ID}(?:::{_ID})?\b"), ""),
    (re.compile(r"/\S*?/(?:buildkit-mount|containerd-mount|buildkit-runc|buildkit)\d+"), ""),
    (re.compile(r"/\S*/(?:overlay2/\w+/(?:merged|diff|work)|snapshots/\d+/(?:fs|work))"), ""),
    (re.compile(r"/\S*/runc-overlayfs/executor/\w+/rootfs"), ""),
    (re.compile(r"/var/lib/buildkit/\S*?/(?:fs|rootfs)(?=/)"), ""),
)
_IMAGE = re.compile(r"(?P<image>\S+): failed to resolve source metadata for \S+: (?P<why>.*)", re.S)
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_TELLING = re.compile(
    r"^\s*(?:--- FAIL|FAIL\b|panic:|fatal|go: |E: |make.*\*\*\*)"
    r"|\berror\b|\.go:\d+:\d+: |^# \w",
    re.I,
)
_PROGRESS = re.compile(r"^go: (?:downloading|finding|extracting) ")


class LastWords(NamedTuple):
    """The end of a step's output: `earlier` are lines of before that name an error."""

    lines: tuple[str, ...] = ()
    left_out: int = 0
    earlier: tuple[str, ...] = ()


def message(raw: str) -> str:
    """BuildKit's error as a reader wants it: no ids, no digests, not the whole command again."""
    text = _CHECKSUM.sub("", _PROCESS.sub("", raw))
    for noise, instead in _NOISE:
        text = noise.sub(instead, text)
    if "mismatch" not in text:  # there, the digests are what it is about
        text = _DIGEST.sub(lambda m: f"sha256:{m['start']}…" if m["start"] else "", text)
    if image := _IMAGE.fullmatch(text):
        text = f"the image {image['image']} can't be had: {image['why']}"
    return text.strip() or raw.strip()


def last_words(logs: Iterable[LogLine]) -> LastWords:
    """What a step said at its end. Lines that were overwritten (a progress bar) are left out."""
    # Pieces of the two streams may end inside a line.
    text = _ANSI.sub("", "".join(piece.text for piece in logs))
    lines = [_shown(line) for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    before, last = lines[:-SHOWN], lines[-SHOWN:]
    while last and not last[0]:
        last.pop(0)
    telling = [x for x in before if _TELLING.search(x) and not _PROGRESS.match(x)]
    return LastWords(tuple(last), len(lines) - len(last), tuple(telling[-EARLIER:]))


def _shown(line: str) -> str:
    """The line as a terminal leaves it, of a length that can be read."""
    whole = line.rstrip("\r").rpartition("\r")[2].rstrip()
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]} …"
