"""How alike two steps are, by what they are: never by their place or their digest."""

from __future__ import annotations

import functools
import re
from collections import Counter
from typing import NamedTuple

from buildlab.dockerfile.reading import parse
from buildlab.record.steps import Step

SAME, NEARLY = 1.0, 0.9
"""Equal in every text; equal before or after expansion only."""

_FLAG = re.compile(r"--[\w-]+(?:=\S*)?\s*")
_ASSIGNED = re.compile(r"^(?:\w+=\S*\s+)+")
_BY_BACKTICKS = re.compile(r"`[ \t]*\r?\n")
"""Lines go on where a `# escape=` line of the file says so: as files for Windows have it."""
_COPIES = ("COPY", "ADD")


class Words(NamedTuple):
    """A step's text: as BuildKit shows it, and as the Dockerfile has it ("" where unknown)."""

    keyword: str
    shown: str
    written: str
    body: str
    """What its heredocs hold."""


def words(step: Step) -> Words:
    """The texts of a step, spaces and a base image's digest left out."""
    return _words(step.instruction, step.source)


@functools.lru_cache(maxsize=4096)
def _words(instruction: str, source: str) -> Words:
    shown = re.sub(r"\s+", " ", instruction).strip()
    keyword = shown.partition(" ")[0].upper()
    if keyword == "FROM":
        shown = re.sub(r"@sha256:[0-9a-f]+", "", shown)
        return Words(keyword, re.sub(r"(?<= )docker\.io/(?:library/)?", "", shown), "", "")
    read = parse(f"# escape=`\n{source}" if _BY_BACKTICKS.search(source) else source).preface
    return Words(keyword, shown, read[0].text if read else "", read[0].body if read else "")


def equal(a: Words, b: Words) -> float:
    """SAME, NEARLY or 0.0."""
    if a.keyword != b.keyword:
        return 0.0
    known = bool(a.written and b.written)
    written = known and (a.written, a.body) == (b.written, b.body)
    if a.shown == b.shown:
        return SAME if written or not known else NEARLY
    return NEARLY if written else 0.0


@functools.lru_cache(maxsize=65536)
def alike(a: Words, b: Words) -> float:
    """0.0 to 1.0, the same both ways. Steps of two kinds are not alike at all."""
    if found := equal(a, b):
        return found
    kinds = {a.keyword, b.keyword}
    if len(kinds) > 1 and not kinds <= set(_COPIES):
        return 0.0
    pairs = [(a.shown, b.shown), (a.written, b.written)]
    texts = max(_shared(*(_bare(t) for t in pair)) for pair in pairs if all(pair))
    found = max(0.85 * texts, 0.6 if subject(a) == subject(b) else 0.0)
    return found * (0.6 if _from(a) != _from(b) else 1.0)


def subject(words: Words) -> tuple[str, ...]:
    """What a step is about: the program that RUN starts, the first source that COPY takes."""
    bare = _bare(words.shown)
    if words.keyword == "RUN":
        bare = _ASSIGNED.sub("", bare)
        return ("RUN", *bare.split()[:2])
    kind = "COPY" if words.keyword in _COPIES else words.keyword
    return (kind, str(_from(words)), *bare.split()[:1])


def core(words: Words) -> str:
    """The text; of RUN without mounts, other flags, and variables before the program."""
    if words.keyword != "RUN":
        return words.shown
    return f"RUN {_ASSIGNED.sub('', _bare(words.shown))}"


def _from(words: Words) -> bool:
    return words.keyword in _COPIES and " --from=" in words.shown


def _bare(text: str) -> str:
    """The text without its keyword and the flags behind it."""
    rest = text.partition(" ")[2]
    while found := _FLAG.match(rest):
        rest = rest[found.end() :]
    return rest


def _shared(a: str, b: str) -> float:
    """The part of their pairs of letters that two texts share."""
    ours, theirs = _pairs(a), _pairs(b)
    total = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / total if total else 0.0


@functools.lru_cache(maxsize=4096)
def _pairs(text: str) -> Counter[str]:
    return Counter(text[i : i + 2] for i in range(len(text) - 1))
