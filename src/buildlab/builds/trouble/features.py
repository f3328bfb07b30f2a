"""What a Dockerfile asks of its frontend that this engine's has not: which, where, what to do."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from buildlab.dockerfile.reading import Instruction, parse

_FLAG = re.compile(r"parse error on line (?P<line>\d+): unknown flag: (?P<flag>--[\w-]+)")
_WORD = re.compile(r"parse error on line \d+: unknown instruction: ")
_FEATURE = re.compile(
    r"(?P<what>\w+) feature is only supported in Dockerfile frontend (?P<least>\S+)"
)
_MOUNT = re.compile(r'unsupported mount type "(?P<kind>[^"]*)"|invalid mount type')


class _Known(NamedTuple):
    """A frontend that has it, as a # syntax line names it, and what does without."""

    frontend: str
    instead: str


_FEATURES: Final = {
    ("COPY", "--parents"): _Known(
        "docker/dockerfile:1.20", "copy each file to its folder: COPY svc/go.mod svc/"
    ),
    ("COPY", "--exclude"): _Known("docker/dockerfile:1.19", "name the files in .dockerignore"),
    ("ADD", "--exclude"): _Known("docker/dockerfile:1.19", "name the files in .dockerignore"),
    ("ADD", "--unpack"): _Known("docker/dockerfile:1.17", "unpack it in a RUN"),
    ("ADD", "--checksum"): _Known("docker/dockerfile:1.6", "check it in a RUN: sha256sum -c"),
    ("ADD", "--keep-git-dir"): _Known("docker/dockerfile:1.6", "clone it in a RUN"),
    ("COPY", "--link"): _Known("docker/dockerfile:1.4", "take the flag out"),
    ("COPY", "--chmod"): _Known("docker/dockerfile:1.2", "RUN chmod"),
    ("RUN", "--device"): _Known("docker/dockerfile:1-labs", "take the flag out"),
    ("RUN", "--security"): _Known("docker/dockerfile:1-labs", "take the flag out"),
    ("RUN", "--network"): _Known("docker/dockerfile:1.3", "build with --network"),
    ("RUN", "--mount"): _Known("docker/dockerfile:1.2", "take the flag out"),
}


def explained(words: str, text: str, version: str) -> str:
    """What to read in place of the frontend's own `words`; "" where they are of something else.

    `text` is the Dockerfile, `version` that of the engine's BuildKit, "" where unknown.
    """
    file = parse(text)
    every = [*file.preface, *(i for s in file.stages for i in (s.start, *s.instructions))]
    own = f"the frontend {file.syntax}" if file.syntax else "the frontend built into this engine"
    if version and not file.syntax:
        own += f" (BuildKit {version.removeprefix('v')})"
    if found := _FLAG.search(words):
        one = next((i for i in every if _at(i, int(found["line"]))), None)
        if one is None or (one.keyword, found["flag"]) not in _FEATURES:
            return _misspelt(words, "or take the flag out")
        return _told(one.keyword, found["flag"], int(found["line"]), own)
    if found := _FEATURE.search(words):
        flag = f"--{found['what'].lower()}"
        users = (i for i in every if flag in (f"--{name}" for name, _ in i.flags()))
        one = next(users, None)
        keyword, line = (one.keyword, one.lines[0]) if one else ("RUN", 0)
        return _told(keyword, flag, line, own, f"docker/dockerfile:{found['least']}")
    if _WORD.search(words):
        return _misspelt(words, "and at the line above: is a \\ missing at its end?")
    if found := _MOUNT.search(words):
        return (
            f"{own} knows no RUN --mount of this type: {found['kind'] or words}\n"
            "  → write one of bind, cache, tmpfs, secret, ssh"
        )
    return ""


def _at(one: Instruction, line: int) -> bool:
    return one.lines[0] <= line <= one.lines[1]


def _misspelt(words: str, otherwise: str) -> str:
    """The frontend's own words: it often knows what was meant."""
    return f"{words}\n  → look at its spelling, {otherwise}"


def _told(keyword: str, flag: str, line: int, own: str, least: str = "") -> str:
    where = f" (line {line})" if line else ""
    known = _FEATURES.get((keyword, flag))
    frontend = known.frontend if known else least
    needs = least or frontend
    labs = " (or 1-labs)" if "labs" not in needs else ""
    instead = f"; or do without: {known.instead}" if known else ""
    return (
        f"{own} has no {keyword} {flag}{where}: it needs {needs} or later{labs}\n"
        f"  → write as the first line, where that image can be pulled: # syntax={frontend}{instead}"
    )


def wanted(text: str) -> tuple[str, ...]:
    """The features of a file that only frontends of the labs channel or the newest have."""
    file = parse(text)
    found = {
        f"{i.keyword} --{name} (line {i.lines[0]})": None
        for stage in file.stages
        for i in stage.steps
        for name, _ in i.flags()
        if (i.keyword, f"--{name}") in _NEWEST
    }
    return tuple(found)


_NEWEST: Final = (("COPY", "--parents"), ("RUN", "--device"), ("RUN", "--security"))
