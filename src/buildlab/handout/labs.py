"""Labs on paper: a task sheet for each, and what only the facilitator gets: answers and hints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nbformat

from buildlab.labs import working
from buildlab.labs.copies import README
from buildlab.labs.model import Lab

TASKS: Final = "labs"
FACILITATOR: Final = "labs-facilitator"
TITLES: Final = {TASKS: "Labs: task sheets", FACILITATOR: "Labs: answers, for facilitators"}


@dataclass(frozen=True, slots=True)
class Sheets:
    """Pages that need no engine: their file's name, their title, their cells."""

    name: str
    title: str
    notebook: nbformat.NotebookNode


def sheets(labs: Sequence[Lab]) -> tuple[Sheets, Sheets]:
    """The task sheets, which hold no answer, and the facilitator's."""
    return (
        _sheets(TASKS, [_task(lab) for lab in labs]),
        _sheets(FACILITATOR, ["\n\n".join(_answers(lab)) for lab in labs]),
    )


def _sheets(name: str, texts: Sequence[str]) -> Sheets:
    make: Any = nbformat.v4
    cells = [make.new_markdown_cell(text) for text in (f"# {TITLES[name]}", *texts)]
    notebook = make.new_notebook(cells=cells)
    return Sheets(name, TITLES[name], notebook)


def _task(lab: Lab) -> str:
    """The README one rank lower, then the file to change."""
    text = (lab.path / README).read_text("utf-8")
    lines = [f"#{line}" if line.startswith("#") else line for line in text.splitlines()]
    path = lab.start / lab.file
    code = f"\n### {lab.file}\n\n{_fenced(path)}" if path.is_file() else ""
    return "\n".join(lines) + code


def _answers(lab: Lab) -> Iterator[str]:
    """The solution's difference, why, each rule with its hints, known wrong answers."""
    yield f"## {lab.title}"
    yield f"{lab.asks} About {lab.minutes} minutes."
    yield f"### A solution\n\n```diff\n{working.difference(lab, lab.solution)}\n```"
    yield working.why(lab)
    yield "### Rules, and their hints"
    for rule in lab.rules:
        ladders = [
            "\n".join(f"{n}. {rung}" for n, rung in enumerate(hint.rungs, start=1))
            for hint in rule.hints
        ]
        yield f"**{rule.says}**\n\n" + "\n\n*or, by what was seen:*\n\n".join(ladders)
    yield "### What people try"
    yield "\n".join(
        f"- {wrong.says} It fails: *{lab.rule(wrong.fails[0]).says}*"
        for wrong in lab.wrong.values()
        if wrong.fails and wrong.fails[0] in {r.id for r in lab.rules}
    )
    yield f"### What to say afterwards\n\n{lab.learnt}\n\n{lab.at_work}"


def _fenced(path: Path) -> str:
    return f"```\n{path.read_text('utf-8').rstrip()}\n```"
