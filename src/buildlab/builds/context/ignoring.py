"""Which files of a context .dockerignore keeps from the engine, and by which of its lines.

BuildKit's own rules (moby/patternmatcher and its walk over a folder), which are not git's: the
last line that matches decides, a pattern begins at the context's root, `!` lets in again, a file
is out where a folder above it is, and a folder is sent if anything in it is.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_LOOKED_AT = 20_000
"""So many entries of a folder are asked whether one of them is let in."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern, cleaned; `text` is the line as it was written, `line` counts from 1."""

    line: int
    text: str
    pattern: str
    lets_in: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """An ignore file. `name` is what it is called in the context, "" where there is none."""

    name: str = ""
    rules: tuple[Rule, ...] = ()

    def excluded(self, path: str) -> Rule | None:
        """The rule that keeps this path out, None where it is let in. `path` has no leading /."""
        parts = [p for p in path.split("/") if p]
        above = [False] * len(self.rules)
        found: Rule | None = None
        for depth in range(1, len(parts) + 1):
            found, above = self._one("/".join(parts[:depth]), above, top=depth == 1)
        return found

    def _one(
        self, path: str, above: Sequence[bool], *, top: bool
    ) -> tuple[Rule | None, list[bool]]:
        """The rule that decides over one path, and which rules match it, its folder's known."""
        decides: Rule | None = None
        matches = [False] * len(self.rules)
        for i, rule in enumerate(self.rules):
            match = above[i]
            if not match:
                if rule.lets_in is not (decides is not None):
                    continue  # it could change nothing: BuildKit doesn't ask either
                match = _matches(rule.pattern, path)
            matches[i] = match
            if match:
                decides = None if rule.lets_in else rule
        return decides, matches

    def keeps_out(self, root: Path, path: str) -> Rule | None:
        """As `excluded`, but a folder of which something is let in is sent."""
        rule = self.excluded(path)
        if rule is None or not (root / path).is_dir():
            return rule
        if not any(r.lets_in for r in self.rules):
            return rule
        inside = (i for i in _below(root, path) if self.excluded(i) is None)
        return None if next(inside, None) is not None else rule


def rules_of(root: Path, dockerfile: Path | None = None) -> Rules:
    """The ignore file of the folder `root`: `<Dockerfile>.dockerignore` wins where it is there."""
    own = (
        dockerfile.with_name(f"{dockerfile.name}.dockerignore") if dockerfile is not None else None
    )
    for path in (own, root / ".dockerignore"):
        if path is None:
            continue
        try:
            text = path.read_text("utf-8", errors="replace")
        except OSError:
            continue
        return Rules(path.name, tuple(_read(text)))
    return Rules()


def _read(text: str) -> Iterator[Rule]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        written = line.strip()
        if line.startswith("#") or not written:
            continue
        lets_in = written.startswith("!")
        pattern = written.removeprefix("!").strip()
        cleaned = posixpath.normpath(pattern) if pattern else ""
        cleaned = re.sub(r"^/+", "", cleaned) or cleaned
        if cleaned and cleaned != ".":
            yield Rule(number, written, cleaned, lets_in)


def _matches(pattern: str, path: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is not None and compiled.fullmatch(path) is not None


@lru_cache(1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern is asked of each path of a context. None for one that can match nothing."""
    try:
        return re.compile(_regex(pattern), re.S)
    except re.error:
        return None


def _regex(pattern: str) -> str:
    """The pattern as moby/patternmatcher translates it: ** crosses folders, * and ? don't."""
    out, i = "", 0
    while i < len(pattern):
        char = pattern[i]
        i += 1
        if char == "*" and pattern[i : i + 1] == "*":
            i += 1
            if pattern[i : i + 1] == "/":
                i += 1
            out += ".*" if i >= len(pattern) else "(?:.*/)?"
        elif char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "\\" and i < len(pattern):
            out += re.escape(pattern[i])
            i += 1
        elif char in "[]":
            out += char
        else:
            out += char if char in "^-" else re.escape(char)
    return out


def _below(root: Path, path: str) -> Iterator[str]:
    """What lies in a folder of the context, by its path in it."""
    count = 0
    for folder, folders, files in os.walk(root / path):
        for name in (*folders, *files):
            count += 1
            if count > _LOOKED_AT:
                return
            yield os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118
