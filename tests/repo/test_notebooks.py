"""Every lesson keeps the form that design asks for."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.repo import notebook_rules as rules

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_lesson(lesson: Path, rule: rules.Rule) -> None:
    """A lesson breaks no rule."""
    problems = list(rule(nbformat.read(lesson, as_version=4)))
    assert not problems, f"{lesson.name}: {rule.__doc__}\n  " + "\n  ".join(problems)


def test_the_first_lesson_lists_all_others() -> None:
    """Whoever begins sees the whole course, as links."""
    text = LESSONS[0].read_text("utf-8")
    missing = [
        lesson.stem for lesson in LESSONS[1:] if f"[{lesson.stem}]({lesson.name})" not in text
    ]
    assert not missing


@pytest.mark.parametrize(
    ("lesson", "following"), list(pairwise(LESSONS)), ids=lambda path: path.stem.partition("_")[0]
)
def test_a_lesson_leads_to_the_next(lesson: Path, following: Path) -> None:
    """The last cell names the lesson that follows."""
    last = nbformat.read(lesson, as_version=4).cells[-1].source
    assert f"**Next:** [{following.stem}]({following.name})" in last


def compared(text: str = "cached", **changes: Any) -> nbformat.NotebookNode:
    """A cell that nbval compares."""
    output = new_output("execute_result", {"text/plain": text}, execution_count=1)
    tags = {"tags": [rules.COMPARED]}
    whole: dict[str, Any] = {"outputs": [output], "execution_count": 1, "metadata": tags}
    return new_code_cell("states(record)", **{**whole, **changes})


@pytest.mark.parametrize(
    ("rule", "cell"),
    [
        (rules.outputs, compared(execution_count=None)),
        (rules.outputs, compared(outputs=[])),
        (rules.outputs, compared("ran in 2.4 s")),
        (rules.outputs, compared("<style>p{}</style>")),
        (rules.outputs, compared(metadata={})),
        (rules.tags, new_markdown_cell("x", metadata={"tags": ["hide-input"]})),
        (rules.builds, new_code_cell("!docker build .")),
        (rules.builds, new_code_cell("for edit in edits:\n    build(edit)")),
        (rules.builds, new_code_cell("[b.build(edit) for edit in edits]")),
        (rules.short_cells, new_code_cell("x = 1\n" * 13)),
        (rules.short_cells, new_code_cell("def f():\n" + "    x = 1\n" * 6)),
        (rules.short_cells, new_markdown_cell("word " * 121)),
        (rules.portable, new_code_cell("x")),
        (rules.some_fact, new_code_cell("x")),
        (rules.headings, new_markdown_cell("text")),
        (rules.size, new_markdown_cell("text")),
        (rules.ending, new_markdown_cell("text")),
    ],
)
def test_a_broken_rule_is_found(rule: rules.Rule, cell: nbformat.NotebookNode) -> None:
    """Each rule finds what it is there for."""
    assert list(rule(new_notebook(cells=[cell])))


def test_position_rules_find_what_they_are_for() -> None:
    """Three code cells in a row, a figure in late prose and a bare opening are found."""
    cells = [new_markdown_cell("# Title"), *(new_code_cell("x") for _ in range(3))]
    notebook = new_notebook(cells=[*cells, new_markdown_cell("It took 2.3 s here.")])
    for rule in (rules.rhythm, rules.no_typed_measures, rules.opening):
        assert list(rule(notebook)), rule.__name__


def test_a_compared_fact_is_accepted() -> None:
    """A tagged cell with output and execution_count breaks no rule on outputs."""
    notebook = new_notebook(cells=[compared()])
    assert not list(rules.outputs(notebook)) and not list(rules.some_fact(notebook))
