"""A lab in a notebook: an editing cell, a check whose rules are ticked as they are decided, hints.

    lab = open_lab("late_arguments")   # the working copy, what to do, what is graded
    %%answer Dockerfile                # in a cell of its own: writes the copy's file
    lab.check()
    lab.hint()

The same from a terminal: `buildlab labs`.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from buildlab import replay
from buildlab.builds.unwatched import unwatched
from buildlab.errors import UsageError
from buildlab.labs import copies, hints, progress, reading, working
from buildlab.labs.copies import Copy
from buildlab.labs.debrief import Debrief
from buildlab.labs.hints import Given
from buildlab.labs.model import Lab, Report, Verdict
from buildlab.show import labs as shown
from buildlab.show.html.page import render, styled
from buildlab.show.widgets import kernel
from buildlab.show.widgets.kernel import Told

MAGIC = "answer"
OVER = "--over"


class Workbench:
    """One lab, open in a notebook. Made by `open_lab`."""

    def __init__(self, copy: Copy) -> None:
        self.copy = copy

    @property
    def lab(self) -> Lab:
        return self.copy.lab

    def check(self) -> Told | None:
        """Grade the working copy; rules are ticked as they are decided. Ends with the debrief.

        In replay nothing is graded: the recorded debrief is shown.
        """
        if replay.active():
            return self.debrief()
        live = _Live(self.lab)
        with unwatched():
            report = working.check(self.copy, telling=live.telling, decided=live.decided)
        shown_already = live.end(report)
        if report.passed:
            return self.debrief()
        return None if shown_already else _report(report)

    def hint(self) -> Told:
        """The next of three rungs, chosen by what the last check has seen."""
        if replay.active():
            return _said("There is no engine here, so nothing is graded, and nothing hinted at.")
        given = hints.next_hint(self.lab, self.copy.digest())
        if given is None:
            known = progress.read().of(self.lab.name).last
            said = "Nothing failed in the last check." if known else "First: lab.check()"
            return _said(said)
        return _hint(self.lab, given)

    def debrief(self) -> Told:
        """What was learnt, with your figures beside the solution's. Raises before a pass."""
        with unwatched():
            found = working.debriefed(self.lab)
        return _debrief(found)

    def solution(self, *, give_up: bool = False) -> Told:
        """The solution and why: after a pass, or with `give_up`."""
        if not (give_up or progress.read().of(self.lab.name).passed):
            raise UsageError(
                "the solution opens once you have passed",
                "lab.hint(), or lab.solution(give_up=True)",
            )
        if give_up and not replay.active():
            progress.gave_up(self.lab.name)
        text, changes = working.why(self.lab), working.difference(self.lab, self.lab.solution)
        return Told(styled(render("lab_diff", said=text, diff=changes)), f"{changes}\n\n{text}")

    def reset(self) -> Told:
        """Begin anew; what you had is kept beside it."""
        self.copy, kept = copies.reset(self.lab)
        said = "The start again." + (f" What you had: {kept}" if kept else "")
        return _said(said)

    def answer(self, name: str, text: str, *, over: bool = False) -> Told:
        """Write a file of the working copy: what the editing cell does.

        A file that was changed elsewhere since is left alone, unless `over`. Raises UsageError
        for a file that is not the learner's to change.
        """
        path = self._path(name)
        before = path.read_text("utf-8", errors="replace") if path.is_file() else ""
        if not over and path.is_file() and self._changed_elsewhere(name, before, text):
            raise UsageError(
                f"{name} was changed outside of this cell, and is left as it is",
                f"to write this cell over it: %%{MAGIC} {name} {OVER}; "
                "else go on with the file and leave out this cell",
            )
        if text != before:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        progress.wrote(self.lab.name, name, _digest(text))
        changes = _difference(name, before, text)
        said = f"{name}: {changes or 'as it was'}"
        return _said(said)

    def _path(self, name: str) -> Path:
        if not self.copy.exists:
            raise UsageError(
                f"the working copy {self.copy.path} is gone",
                f"begin again: lab = open_lab({self.lab.slug!r})",
            )
        path = (self.copy.path / name).resolve()
        if not path.is_relative_to(self.copy.path.resolve()):
            raise UsageError(f"{name} leads out of the working copy", "name a file inside it")
        if not self.lab.editable(name):
            raise UsageError(
                f"{name} is not yours to change here", f"yours: {', '.join(self.lab.files)}"
            )
        return path

    def _changed_elsewhere(self, name: str, before: str, text: str) -> bool:
        """Whether the file is neither what this cell wrote last nor what the lab began with."""
        written = progress.read().of(self.lab.name).written
        if before == text or _digest(before) == written.get(name):
            return False
        given = self.lab.start / name
        return not (given.is_file() and given.read_text("utf-8") == before)

    def _repr_html_(self) -> str:
        state = progress.read().of(self.lab.name).state
        return styled(
            render(
                "lab_open",
                asks=self.lab.asks,
                rules=[r.says for r in self.lab.rules],
                minutes=self.lab.minutes,
                state={"passed": "Passed.", "given up": "Given up."}.get(state, ""),
                file=self.lab.file,
                link=_link(self.copy.file),
                folder=str(self.copy.path),
                beside=_beside(self.copy),
            )
        )

    def __repr__(self) -> str:
        return f"{self.lab.title}: {self.copy.file}"


def open_lab(name: str) -> Workbench:
    """Open a lab by its name: its working copy is made, or is as you left it.

    Raises UsageError for a name that is none, or where the copy can't be written.
    """
    copy, _ = working.begin(reading.find(name))
    bench = Workbench(copy)
    _register(bench)
    return bench


def _register(bench: Workbench) -> None:
    """Let `%%answer FILE` write this lab's files."""
    found = kernel.shell()
    if found is None:
        return

    def answer(line: str, cell: str) -> None:
        from IPython.display import display

        words = line.split()
        over = OVER in words
        names = [w for w in words if w != OVER] or [bench.lab.file]
        display(bench.answer(names[0], cell, over=over))  # type: ignore[no-untyped-call]

    found.register_magic_function(answer, magic_kind="cell", magic_name=MAGIC)


class _Live:
    """One output that grows: rules as they are decided, and what goes on."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._decided: dict[str, Verdict] = {}
        self._now = ""
        self._handle: Any = None
        if kernel.in_kernel():
            from IPython.display import display

            self._handle = display(self._told(), display_id=True)  # type: ignore[no-untyped-call]

    def telling(self, text: str) -> None:
        self._now = text
        self._update()

    def decided(self, verdict: Verdict) -> None:
        self._decided[verdict.id] = verdict
        self._update()

    def end(self, report: Report) -> bool:
        """The whole report in the same place; False where there is no such place."""
        if self._handle is not None:
            self._handle.update(_report(report))
        return self._handle is not None

    def _told(self) -> Told:
        html = shown.checking_html(self._lab, self._decided, self._now or "beginning")
        return Told(html, self._now)

    def _update(self) -> None:
        if self._handle is not None:
            self._handle.update(self._told())


def _said(text: str) -> Told:
    return Told(styled(render("lab_said", said=text)), text)


def _report(report: Report) -> Told:
    return Told(shown.report_html(report), shown.report_text(report))


def _hint(lab: Lab, given: Given) -> Told:
    return Told(shown.hint_html(lab, given), given.text)


def _debrief(found: Debrief) -> Told:
    link = _link(found.next.path / copies.NOTEBOOK) if found.next else ""
    plain = f"{found.lab.learnt}\n{found}\n{found.lab.at_work}"
    return Told(shown.debrief_html(found, link), plain)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _difference(name: str, before: str, text: str) -> str:
    """How many lines are new and gone, in words; "" where nothing is."""
    lines = list(difflib.unified_diff(before.splitlines(), text.splitlines(), name, name, n=0))[2:]
    new = sum(line.startswith("+") for line in lines)
    gone = sum(line.startswith("-") for line in lines)
    parts = [f"{new} new" if new else "", f"{gone} gone" if gone else ""]
    told = ", ".join(filter(None, parts))
    return f"{told} (lines)" if told else ""


def _beside(copy: Copy) -> list[dict[str, str]]:
    """Buttons for JupyterLab: the task on the left of this notebook, the file on its right.

    Only for what lies in the folder that JupyterLab serves.
    """
    root = reading.folder().parent.resolve()
    asked = (
        (copy.lab.path / copies.README, "Markdown Preview", "split-left", "The task beside this"),
        (copy.file, "Editor", "split-right", "The file beside this"),
    )
    return [
        {
            "words": words,
            "arguments": json.dumps(
                {
                    "path": path.resolve().relative_to(root).as_posix(),
                    "factory": factory,
                    "options": {"mode": mode},
                }
            ),
        }
        for path, factory, mode, words in asked
        if path.resolve().is_relative_to(root)
    ]


def _link(path: Path) -> str:
    """A link that JupyterLab opens in its editor, from the notebook's folder; "" for none."""
    try:
        return os.path.relpath(path, Path.cwd())
    except (ValueError, OSError):
        return ""
