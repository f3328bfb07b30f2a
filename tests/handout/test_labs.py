"""Labs on paper: task sheets that give nothing away, and the facilitator's pages."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from buildlab.handout import Handouts, make_labs
from buildlab.labs import reading, working


class Quiet:
    """Watches, and says nothing."""

    def began(self, lesson: str) -> None: ...
    def cell(self, number: int, of: int) -> None: ...
    def taken(self, lesson: str, why: str) -> None: ...
    def failed(self, fault: BaseException) -> None: ...
    def wrote(self, path: Path) -> None: ...


def test_task_sheets_hold_no_answer_and_the_facilitators_pages_do(tmp_path: Path) -> None:
    """Every lab is on both; why, hints and wrong answers are on one."""
    labs = reading.read()
    make_labs(labs, Handouts(tmp_path, frozenset({"html"})), Quiet())
    tasks, answers = (
        unescape((tmp_path / f"{name}.html").read_text("utf-8"))
        for name in ("labs", "labs-facilitator")
    )
    for lab in labs:
        assert lab.title in tasks
        assert lab.title in answers
        assert lab.start.joinpath(lab.file).read_text("utf-8").splitlines()[0] in tasks
        words = longest(working.why(lab))
        assert words in answers, lab.name
        assert words not in tasks, lab.name
        assert longest(lab.rules[0].hints[0].rungs[2]) not in tasks, lab.name
    for page in (tasks, answers):
        assert "<script src" not in page


def longest(text: str) -> str:
    """Its longest piece without marks and line ends, which HTML would change."""
    return max(re.split(r"[`*\n<>]", text), key=len).strip()
