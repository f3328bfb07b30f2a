"""A learner's progress: one plain file beside the working copies. Nothing is sent anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from buildlab import loading
from buildlab.errors import RecordError, UsageError
from buildlab.host import holding, outfile
from buildlab.labs import copies
from buildlab.labs.debrief import Figures
from buildlab.labs.model import Fact, Outcome, Report

FILE: Final = "progress.json"
WAIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Decided:
    """A verdict as it is kept."""

    id: str
    outcome: Outcome
    seen: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabProgress:
    """One lab: when it was begun and passed (UTC, ISO 8601, "" for not yet), how often it was
    checked, how many rungs of hints were read, what the last check said of which answer."""

    begun: str = ""
    passed: str = ""
    gave_up: str = ""
    checks: int = 0
    rungs: Mapping[str, int] = field(default_factory=dict)
    """Hint, as "rule/number" → how many of its rungs were read."""
    answer: str = ""
    """The digest of the answer that was checked last."""
    last: tuple[Decided, ...] = ()
    figures: Figures | None = None
    """Of the answer that passed."""
    written: Mapping[str, str] = field(default_factory=dict)
    """File → digest of what a notebook's editing cell wrote last."""

    @property
    def hints(self) -> int:
        return sum(self.rungs.values())

    @property
    def state(self) -> str:
        """passed, given up, begun, or not begun."""
        if self.passed:
            return "passed"
        if self.gave_up:
            return "given up"
        return "begun" if self.begun or self.checks else "not begun"

    @property
    def minutes(self) -> float | None:
        """From the beginning to the pass; None where one is missing."""
        if not (self.begun and self.passed):
            return None
        began, passed = (datetime.fromisoformat(t) for t in (self.begun, self.passed))
        return round((passed - began).total_seconds() / 60, 1)


@dataclass(frozen=True, slots=True)
class Progress:
    """All labs of one learner. `solutions`: figures of solutions, measured on this machine."""

    labs: Mapping[str, LabProgress] = field(default_factory=dict)
    learner: str = ""
    solutions: Mapping[str, Figures] = field(default_factory=dict)
    schema_version: int = 1

    def of(self, lab: str) -> LabProgress:
        return self.labs.get(lab, LabProgress())


def read() -> Progress:
    """The progress of this checkout. Raises RecordError where the file is damaged."""
    path = _path()
    return read_file(path) if path.exists() else Progress()


def read_file(path: Path) -> Progress:
    """A progress file, one's own or an exported one. Raises RecordError."""
    with loading.needed(
        f"{path} is no progress file", "name another one, or move it away", RecordError
    ):
        return loading.from_file(Progress, path)


def begun(lab: str) -> None:
    """Note that a lab was begun, if that is new."""
    with _changing() as (before, write):
        if not before.of(lab).begun:
            write(_with(before, lab, replace(before.of(lab), begun=_now())))


def checked(report: Report, answer: str) -> None:
    """Note what a check said."""
    name = report.lab.name
    with _changing() as (before, write):
        was = before.of(name)
        passed = was.passed or (_now() if report.passed else "")
        kept = Figures.of(report) if report.passed else was.figures
        last = tuple(Decided(v.id, v.outcome, v.seen, v.facts) for v in report.verdicts)
        now = replace(
            was, passed=passed, checks=was.checks + 1, answer=answer, last=last, figures=kept
        )
        write(_with(before, name, replace(now, begun=now.begun or _now())))


def hinted(lab: str, hint: str, rung: int) -> None:
    """Note that a rung of a hint was read."""
    with _changing() as (before, write):
        was = before.of(lab)
        rungs = {**was.rungs, hint: max(rung, was.rungs.get(hint, 0))}
        write(_with(before, lab, replace(was, rungs=rungs)))


def wrote(lab: str, name: str, digest: str) -> None:
    """Note what an editing cell wrote."""
    with _changing() as (before, write):
        was = before.of(lab)
        if was.written.get(name) != digest:
            write(_with(before, lab, replace(was, written={**was.written, name: digest})))


def gave_up(lab: str) -> None:
    """Note that the solution was opened before the lab was passed."""
    with _changing() as (before, write):
        if not before.of(lab).passed:
            write(_with(before, lab, replace(before.of(lab), gave_up=_now())))


def measured(lab: str, figures: Figures) -> None:
    """Keep the figures of a lab's solution on this machine."""
    with _changing() as (before, write):
        write(replace(before, solutions={**before.solutions, lab: figures}))


def export(path: Path, learner: str) -> None:
    """Write progress to a file that can be handed in: no answers, no paths; `learner` as given."""
    found = read()
    labs = {n: replace(p, last=(), answer="", written={}) for n, p in found.labs.items()}
    outfile.check(path, f"--export {path}")
    outfile.write(path, _text(Progress(labs, learner)))


def _path() -> Path:
    return copies.work() / FILE


@contextmanager
def _changing() -> Iterator[tuple[Progress, _Write]]:
    """Read and write under a lock: two checks may end at the same time."""
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise UsageError(
            f"{path.parent} can't be made: {fault.strerror}",
            "export BUILDLAB_WORK=/a/folder/of/yours",
        ) from fault
    with holding.alone(path.with_name(f".{FILE}.lock"), lambda _: None, WAIT_S):
        yield read(), _Write(path)


class _Write:
    """Writes the file whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, progress: Progress) -> None:
        outfile.write(self._path, _text(progress))


def _text(progress: Progress) -> str:
    return json.dumps(asdict(progress), indent=1, ensure_ascii=False) + "\n"


def _with(before: Progress, name: str, lab: LabProgress) -> Progress:
    return replace(before, labs={**before.labs, name: lab})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
