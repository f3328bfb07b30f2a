"""What changed: of a step that is in two builds, and of the commands that started them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from buildlab.basics.visible import on_one_line
from buildlab.record.compare.likeness import words
from buildlab.record.model import BuildRecord
from buildlab.record.steps import Step
from buildlab.record.written import built_target

Kind = Literal[
    "base",
    "fetched",
    "text",
    "heredoc",
    "argument",
    "environment",
    "setting",
    "expansion",
    "flag",
    "origin",
    "file",
    "warning",
]

Stages = Mapping[str, str]
"""The names of the stages of one build, with their names in the other."""

_HEADINGS: Final[Mapping[Kind, str]] = {
    "base": "base image",
    "fetched": "fetched",
    "text": "text",
    "heredoc": "heredoc",
    "argument": "argument",
    "environment": "environment",
    "setting": "",
    "expansion": "with its variables",
    "flag": "",
    "origin": "",
    "file": "",
    "warning": "",
}
_SPANS = 3
"""So many spans of a text are told before it is only said that there are more."""
_LONGEST, _LONGEST_WARNING = 60, 120


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed; `before` or `after` is "" where it wasn't there."""

    kind: Kind
    name: str
    before: str
    after: str

    def __str__(self) -> str:
        """In a line, as `before → after`; of a text only the words that differ."""
        return on_one_line(self._told())

    def _told(self) -> str:
        head = " ".join(part for part in (_HEADINGS[self.kind], self.name) if part)
        if self.kind in ("text", "expansion"):
            return f"{head}: {word_diff(self.before, self.after)}"
        if self.kind == "heredoc":
            texts = self.before, self.after
            return f"{head}: {_line_ends(*texts) or _line_diff(*texts)}"
        if self.kind == "file":
            return f"{head} ({_fate(self.before, self.after)})"
        if self.kind == "warning":
            return f"{head}: {_cut(self.before or self.after, _LONGEST_WARNING)}"
        before, after = (_brief(v) for v in (self.before, self.after))
        return f"{head}: {before or '(none)'} → {after or '(none)'}"


def differences(a: Step, b: Step, stages: Stages = MappingProxyType({})) -> tuple[Difference, ...]:
    """What two matched steps differ in, their states and times left out."""
    return (*_texts(a, b), *_base(a, b), *_variables(a, b), *_settings(a, b, stages))


def _texts(a: Step, b: Step) -> Iterator[Difference]:
    ours, theirs = words(a), words(b)
    known = bool(ours.written and theirs.written)
    if (ours.written != theirs.written) if known else (ours.shown != theirs.shown):
        before, after = (w.written if known else w.shown for w in (ours, theirs))
        yield Difference("text", "", before, after)
    elif ours.shown != theirs.shown:
        yield Difference("expansion", "", ours.shown, theirs.shown)
    elif ours.keyword == "RUN" and a.instruction != b.instruction:
        yield Difference("text", "", a.instruction, b.instruction)  # its spaces are in its key
    if known and ours.body != theirs.body:
        yield Difference("heredoc", "", ours.body, theirs.body)


def _base(a: Step, b: Step) -> Iterator[Difference]:
    if a.base_digest and b.base_digest and a.base_digest != b.base_digest:
        name = words(b).shown.partition(" ")[2].partition(" ")[0]
        yield Difference("base", name, a.base_digest, b.base_digest)
    ours, theirs = (dict(one.rsplit(" ", 1) for one in s.fetched) for s in (a, b))
    for name, digest in ours.items():
        if theirs.get(name, digest) != digest:
            shown = name.removeprefix("docker-image://")
            yield Difference("fetched", shown, digest, theirs[name])


def _variables(a: Step, b: Step) -> Iterator[Difference]:
    if not (a.source and b.source):
        return  # without the Dockerfile, what a step saw isn't known
    pairs: tuple[tuple[Kind, tuple[str, ...], tuple[str, ...]], ...] = (
        ("argument", a.arguments, b.arguments),
        ("environment", a.environment, b.environment),
    )
    for kind, ours, theirs in pairs:
        yield from _values(kind, ours, theirs)


def of_image(a: BuildRecord, b: BuildRecord, stages: Stages) -> tuple[Difference, ...]:
    """What the two Dockerfiles say of their images without a step: CMD, USER, LABEL, ENV, …"""
    one_stage = built_target(a.command) == built_target(b.command)
    return tuple(d for d in _settings(a, b, stages) if one_stage or d.name != "FROM")


def _settings(a: Step | BuildRecord, b: Step | BuildRecord, stages: Stages) -> Iterator[Difference]:
    if a.settings is None or b.settings is None:  # a record of before doesn't know them
        return
    for found in _values("setting", a.settings, b.settings):
        if found.name != "FROM":
            yield found
        elif not found.after or stages.get(found.before) != found.after:  # else only renamed
            no = "(no stage)"
            yield replace(found, before=found.before or no, after=found.after or no)


def _values(kind: Kind, ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Difference]:
    before, after = _named(ours), _named(theirs)
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield Difference(kind, name, _value(before, name), _value(after, name))


def _named(assigned: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (one.partition("=") for one in assigned)}


def _value(values: Mapping[str, str], name: str) -> str:
    return (values[name] or '""') if name in values else ""


# --- in words -----------------------------------------------------------------------------------


def _fate(before: str, after: str) -> str:
    if not (before and after):
        return "new" if after else "gone"
    (mode, _, digest), (now, _, then) = before.partition(" "), after.partition(" ")
    return f"mode {mode} → {now}" if digest == then and mode != now else "changed"


def word_diff(before: str, after: str) -> str:
    """The words that differ: `a → b` where some took others' place, `+ b` or `− a` else."""
    ours, theirs = before.split(), after.split()
    told = []
    for tag, i, k, j, m in difflib.SequenceMatcher(
        None, ours, theirs, autojunk=False
    ).get_opcodes():
        old, new = _brief(" ".join(ours[i:k])), _brief(" ".join(theirs[j:m]))
        if tag == "replace":
            told.append(f"{old} → {new}")
        elif tag == "insert":
            told.append(f"+ {new}")
        elif tag == "delete":
            told.append(f"− {old}")
    return _few(told) or "spaces only"


def _line_ends(before: str, after: str) -> str:
    """What is told of two texts that differ in nothing else: it can't be seen."""
    if before.replace("\r", "") != after.replace("\r", ""):
        return ""
    kinds = [("CR LF" if "\r" in text else "LF") for text in (before, after)]
    return f"line ends: {' → '.join(kinds)}" if kinds[0] != kinds[1] else "some line ends"


def _line_diff(before: str, after: str) -> str:
    told = [
        f"{'+' if line[0] == '+' else '−'} {_brief(line[2:].strip() or 'an empty line')}"
        for line in difflib.ndiff(before.split("\n"), after.split("\n"))
        if line[0] in "+-"
    ]
    return _few(told)


def _few(told: Sequence[str]) -> str:
    more = len(told) - _SPANS
    return "; ".join(told[:_SPANS]) + (f"; {more} more" if more > 0 else "")


def _brief(text: str) -> str:
    """A digest by its first letters; a long text by its first words."""
    text = re.sub(r"\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b", r"\1…", text)
    return _cut(text, _LONGEST)


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    head = text[:longest].rpartition(" ")[0]
    return f"{head or text[:longest]} …"
