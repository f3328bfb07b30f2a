"""Grading: an answer, built and edited as its lab's rules ask, and a verdict for each rule."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from buildlab import engine as engines
from buildlab.basics.visible import visible
from buildlab.builds.workspace import Workspace, workspace
from buildlab.errors import BuildFailed, DiskFull, EngineError, TimedOut, UsageError
from buildlab.labs.files import files
from buildlab.labs.model import BUILDS, Lab, Report, Verdict
from buildlab.labs.rules import RULES
from buildlab.labs.toolchain import Progress
from buildlab.labs.trial import NotBuilt, Trial, Ungradable, error_text, trial

Decided = Callable[[Verdict], None]
BUILDS_SAYS = "It builds."
IGNORED = (".ipynb_checkpoints", "__pycache__")


def nobody(_: object) -> None:
    """Whom nobody tells anything."""


def check(
    lab: Lab,
    answer: Path,
    *,
    progress: Progress = nobody,
    decided: Decided = nobody,
    only: tuple[str, ...] = (),
) -> Report:
    """Grade the answer in a folder; `decided` hears of each verdict as it falls.

    The folder is copied and not changed. `only` names rules, where not all are wanted. Raises
    UsageError where there is no such folder or no Dockerfile in it, EngineError where there is
    no engine, DiskFull, and KeyboardInterrupt when interrupted.
    """
    began = time.monotonic()
    with copied(lab, answer) as (tree, notes):
        engine = engines.current()
        with trial(lab, tree, engine, progress) as tried:
            verdicts = []
            for verdict in _verdicts(lab, tried, only):
                verdicts.append(verdict)
                decided(verdict)
            records = dict(tried.records)
    return Report(lab, tuple(verdicts), records, time.monotonic() - began, notes)


def _verdicts(lab: Lab, tried: Trial, only: tuple[str, ...]) -> Iterator[Verdict]:
    first = _builds(tried)
    first = replace(first, seen=_at_home(first.seen, tried))
    yield first
    for asked in lab.rules:
        if only and asked.id not in only:
            continue
        if not first.passed:
            yield Verdict(asked.id, asked.says, "not graded", "it doesn't build")
            continue
        tried.asked.clear()
        tried.file = asked.file
        verdict = Verdict(asked.id, asked.says, "failed", "")
        try:
            seen = RULES[asked.rule].look(tried, asked.given)
            verdict = replace(
                verdict,
                outcome="passed" if seen.passed else "failed",
                seen=visible(seen.text),
                facts=seen.facts,
            )
        except Ungradable as fault:
            text = visible(f"{fault.message}; {fault.hint}")
            verdict = replace(verdict, outcome="not graded", seen=text)
        except NotBuilt as fault:
            verdict = replace(verdict, seen=visible(f"{fault.message}\n{fault.hint}"))
        except TimedOut as fault:
            verdict = replace(verdict, seen=visible(fault.message))
        told = _at_home(verdict.seen, tried)
        yield replace(verdict, seen=told, builds=tuple(dict.fromkeys(tried.asked)))


def _builds(tried: Trial) -> Verdict:
    """Whether it builds; on that all other rules rest."""
    verdict = Verdict(BUILDS, BUILDS_SAYS, "passed", "it builds")
    try:
        made = tried.built(fails=True)
    except (DiskFull, EngineError):
        raise
    except (UsageError, TimedOut, BuildFailed) as fault:
        return replace(verdict, outcome="failed", seen=visible(f"{fault.message}\n→ {fault.hint}"))
    if not made.record.ok:
        return replace(verdict, outcome="failed", seen=error_text(made.record))
    return replace(verdict, builds=(made.record.title,))


def _at_home(text: str, tried: Trial) -> str:
    """The text with paths of the graded copy as the learner knows them."""
    copy = tried.tree.path
    for inside in (f"{copy}/", f"{copy.parent.name}/{copy.name}/"):
        text = text.replace(inside, "")
    return text.replace(str(copy), "your copy").replace(copy.name, "your copy")


@contextmanager
def copied(lab: Lab, answer: Path) -> Iterator[tuple[Workspace, tuple[str, ...]]]:
    """A copy of the answer in which what wasn't the learner's to change is as it was given.

    Raises UsageError where there is no such folder.
    """
    if not answer.is_dir():
        raise UsageError(
            f"there is no folder {answer}", f"begin the lab: buildlab labs begin {lab.slug}"
        )
    notes: list[str] = []
    with workspace(answer) as tree:
        for name in IGNORED:
            for left in sorted(tree.path.rglob(name), reverse=True):
                tree.delete(left.relative_to(tree.path).as_posix())
        for path, where in files(lab.start):
            if lab.editable(path):
                continue
            copy = tree.path / path
            if not copy.is_file() or copy.read_bytes() != where.read_bytes():
                notes.append(f"{path} is not as it was given, and was graded as it was given")
                tree.copy_in(where, path)
        yield tree, tuple(notes)
