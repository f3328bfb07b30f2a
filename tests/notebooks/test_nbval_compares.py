"""nbval as it is set up here: it compares stored facts for real, and it ends."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).parents[2]
FACT = "{'COPY': 'cached', 'RUN': 'ran'}"


SHOWN = f"""
class Shown:
    __repr__ = lambda self: {FACT!r}
    _repr_html_ = lambda self: "<style>of now</style>"
Shown()"""


def cell(
    source: str, stored: str = "", *, executed: bool = True, html: str = ""
) -> nbformat.NotebookNode:
    """A code cell; with a stored output it is one that nbval must compare."""
    if not stored:
        return new_code_cell(source)
    data = {"text/plain": stored, **({"text/html": html} if html else {})}
    output = new_output("execute_result", data, execution_count=1)
    return new_code_cell(
        source,
        outputs=[output],
        execution_count=1 if executed else None,
        metadata={"tags": ["nbval-check-output"]},
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """How a run of a notebook ended, and after how many seconds."""

    status: int
    said: str
    seconds: float


def run(path: Path, *cells: nbformat.NotebookNode) -> Trial:
    """Run a notebook of these cells just as `./lab test` runs the lessons."""
    nbformat.write(new_notebook(cells=list(cells)), path)
    plugin = ("-p", "tests.notebooks.watch")
    options = ("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(path.parent), "--color=no")
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, *options, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Trial(done.returncode, done.stdout, time.monotonic() - began)


TRIALS = {
    "right": [cell(FACT, FACT)],
    "wrong": [cell("1 + 1"), cell(FACT, FACT.replace("ran", "cached"))],
    "other style": [cell(SHOWN, FACT, html="<style>of then</style>")],
    "other style, wrong": [cell(SHOWN, FACT.upper(), html="<style>of then</style>")],
    "without execution count": [cell(FACT, "{}", executed=False)],
    "untagged": [cell("import time\ntime.monotonic()")],
    "exits": [cell("import os\nos._exit(1)"), cell("1"), cell("2")],
    "is killed": [cell("import os\nos.kill(os.getpid(), 9)"), cell("1"), cell("2")],
    "fails": [cell("1"), cell("1 / 0"), cell("2"), cell("3")],
}


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trial]:
    """All notebooks of `TRIALS`, two at once."""
    folder = tmp_path_factory.mktemp("trials")
    with ThreadPoolExecutor(2) as pool:
        begun = {
            name: pool.submit(run, folder / f"{name.replace(' ', '-')}.ipynb", *cells)
            for name, cells in TRIALS.items()
        }
    return {name: trial.result() for name, trial in begun.items()}


def test_a_right_fact_passes(trials: dict[str, Trial]) -> None:
    """A tagged cell whose stored output is what the run gives passes."""
    trial = trials["right"]
    assert trial.status == 0, trial.said
    assert "1 passed" in trial.said


def test_a_wrong_fact_fails(trials: dict[str, Trial]) -> None:
    """A notebook with one wrong stored fact fails, and the report shows both."""
    trial = trials["wrong"]
    assert trial.status == 1, trial.said
    assert "Cell outputs differ" in trial.said
    assert "1 failed, 1 passed" in trial.said


def test_the_text_is_compared_and_not_how_it_is_shown(trials: dict[str, Trial]) -> None:
    """Another style sheet is no other fact; a wrong fact beside it still fails."""
    assert trials["other style"].status == 0, trials["other style"].said
    assert trials["other style, wrong"].status == 1, trials["other style, wrong"].said


def test_a_fact_of_a_cell_without_execution_count_is_no_silent_pass(
    trials: dict[str, Trial],
) -> None:
    """A stored output without execution_count, which nbval would not compare, fails."""
    assert trials["without execution count"].status == 1, trials["without execution count"].said


def test_untagged_outputs_are_not_compared(trials: dict[str, Trial]) -> None:
    """A time in an untagged cell may differ from run to run."""
    assert trials["untagged"].status == 0, trials["untagged"].said


@pytest.mark.parametrize("end", ["exits", "is killed"])
def test_a_dead_kernel_fails_in_seconds(trials: dict[str, Trial], end: str) -> None:
    """A kernel that dies fails its cell long before the cell limit; the rest is skipped."""
    assert trials[end].seconds < 60, "the cell limit decided, not the watchdog"
    assert "the kernel died" in trials[end].said, trials[end].said
    assert "1 failed, 2 skipped" in trials[end].said


def test_cells_after_a_failed_one_are_skipped(trials: dict[str, Trial]) -> None:
    """The first failure of a notebook is the only one reported."""
    assert "1 failed, 1 passed, 2 skipped" in trials["fails"].said, trials["fails"].said
