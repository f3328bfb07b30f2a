"""What is the same in all labs, made from their lab.toml: the notebook, and the file's schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from buildlab.labs import shapes
from buildlab.labs.copies import NOTEBOOK, README
from buildlab.labs.model import Lab

SCHEMA = "lab.schema.json"


def pages(root: Path, labs: tuple[Lab, ...]) -> Iterator[tuple[Path, str]]:
    """Each file that is made, and its text."""
    yield root / SCHEMA, json.dumps(shapes.schema(), indent=1) + "\n"
    for lab in labs:
        text = json.dumps(notebook(lab), indent=1, ensure_ascii=False)
        yield lab.path / NOTEBOOK, f"{text}\n"


def notebook(lab: Lab) -> dict[str, Any]:
    """The workbench as a notebook, nbformat 4.5."""
    lesson = ""
    if lab.lesson:
        lesson = f" Lesson: [{lab.lesson}](../../notebooks/{lab.lesson}.ipynb)."
    cells = [
        _text(1, f"# Lab: {lab.title[0].lower()}{lab.title[1:]}"),
        _text(
            2,
            f"{story(lab)}\n\nAbout {lab.minutes} minutes.{lesson} The task: [{README}]({README}).",
        ),
        _code(3, "from buildlab.notebook import open_lab"),
        _code(4, f'lab = open_lab("{lab.slug}")\nlab'),
        _text(
            5,
            "Change the file in the next cell; running the cell writes it to your working copy. Or "
            "open the file in any editor, and leave the cell out.",
        ),
        _code(6, f"%%answer {lab.file}\n{_start(lab)}"),
        _text(7, "The kit builds your answer, changes something, builds again, and looks."),
        _code(8, "lab.check()"),
        _text(9, "Stuck? Each run of this cell says a little more, and never the answer."),
        _code(10, "lab.hint()"),
        _text(
            11,
            "Change the answer, and check again until every rule holds; then the debrief appears. "
            "Afterwards `lab.solution()` shows another answer and why, `lab.reset()` begins anew "
            "and keeps what you had.",
        ),
    ]
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def story(lab: Lab) -> str:
    """The story: what stands in the README between its title and its first heading."""
    text = (lab.path / README).read_text("utf-8")
    return " ".join(text.partition("\n")[2].partition("\n## ")[0].split())


def _start(lab: Lab) -> str:
    path = lab.start / lab.file
    return path.read_text("utf-8").rstrip("\n") if path.is_file() else ""


def _text(number: int, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": f"md-{number:02}", "metadata": {}, "source": source}


def _code(number: int, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"code-{number:02}",
        "metadata": {},
        "outputs": [],
        "source": source,
    }
