"""What a lab is: its folder and what its lab.toml says; and what grading an answer gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

from buildlab.bench.conditions import Condition
from buildlab.bench.edits import Edit
from buildlab.record.model import BuildRecord

Fact = str | int | float | bool
Outcome = Literal["passed", "failed", "not graded"]
BUILDS = "builds"
"""The rule that every lab has first: what it asks for builds at all."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Three rungs: where to look, which idea, nearly the answer. It fits where all conditions
    hold on what its rule has seen."""

    when: tuple[Condition, ...]
    rungs: tuple[str, str, str]

    def fits(self, facts: Mapping[str, Fact]) -> bool:
        """Whether it is for what was observed; a fact that isn't there fits nothing."""
        return all(c.left in facts and c.look(facts)[1] for c in self.when)


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule of a lab: which general rule, with what, and what is hoped for, in a sentence."""

    id: str
    rule: str
    says: str
    given: Mapping[str, Any]
    hints: tuple[Hint, ...]
    file: str = ""
    """The Dockerfile that it is about, where a lab has several; "" is the usual one."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A known wrong answer: the mistake in a sentence, the rules that it fails (the first is the
    one that it is about), and words of the hint that it meets."""

    says: str
    fails: tuple[str, ...]
    hint: str


@dataclass(frozen=True, slots=True)
class Setting:
    """How an answer is built: the target, arguments, names of secrets (each a random token of
    that check), and files that the check writes. `labs.handed` says how a text names a secret."""

    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    salted: bool = True
    limit_s: float = 120.0
    files: Mapping[str, str] = field(default_factory=dict)
    gives: tuple[str, ...] = ()
    """What else a check has: "private modules" (`labs.private`), "company base"."""


@dataclass(frozen=True, slots=True)
class Lab:
    """One lab. `files` are patterns of what the learner may change or add; the first one is what
    is opened. `fails`: the rules that the start fails, and no others."""

    name: str
    """Of its folder: "01_late_arguments"."""
    path: Path
    title: str
    minutes: int
    lesson: str
    """The name of its lesson's notebook, without the ending; "" where it has none of its own."""
    files: tuple[str, ...]
    asks: str
    """What to do, in a sentence or two, for the workbench and the task sheet."""
    setting: Setting
    edits: Mapping[str, Edit]
    rules: tuple[Asked, ...]
    fails: tuple[str, ...]
    wrong: Mapping[str, Wrong]
    learnt: str
    at_work: str
    unbuilt: Hint | None = None
    """For an answer that doesn't build, where the start doesn't either."""

    @property
    def start(self) -> Path:
        return self.path / "start"

    @property
    def solution(self) -> Path:
        return self.path / "solution"

    @property
    def slug(self) -> str:
        """As people type it: "late_arguments"."""
        return self.name.partition("_")[2]

    @property
    def file(self) -> str:
        """The file that the learner begins with."""
        return self.files[0]

    def editable(self, path: str) -> bool:
        """Whether the learner may change this file, or add it where the start has none."""
        return any(fnmatch(path, pattern) for pattern in self.files)

    def rule(self, id: str) -> Asked:
        """A rule by its id. Raises KeyError."""
        return next(r for r in self.rules if r.id == id)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one rule: what was hoped for, what was seen, and in which builds."""

    id: str
    says: str
    outcome: Outcome
    seen: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    builds: tuple[str, ...] = ()
    """Titles of the builds that it rests on."""

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"


@dataclass(frozen=True, slots=True)
class Report:
    """One check of one answer: a verdict a rule, and the builds."""

    lab: Lab
    verdicts: tuple[Verdict, ...]
    records: Mapping[str, BuildRecord]
    took_s: float
    notes: tuple[str, ...] = ()
    """What else is to be said of the answer: files that were not the learner's to change."""

    @property
    def passed(self) -> bool:
        return all(v.passed for v in self.verdicts)

    @property
    def failed(self) -> tuple[str, ...]:
        """The rules that were decided against the answer, by id."""
        return tuple(v.id for v in self.verdicts if v.outcome == "failed")

    def __str__(self) -> str:
        kept = sum(v.passed for v in self.verdicts)
        ended = "passed" if self.passed else f"{kept} of {len(self.verdicts)} rules hold"
        return f"{self.lab.title}: {ended}."

    __repr__ = __str__
