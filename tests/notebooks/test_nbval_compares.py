"""nbval as it is set up here: it compares stored facts for real, and it ends."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).parents[2]
FACT = "{'COPY': 'cached', 'RUN': 'ran'}"


def cell(source: str, stored: str = "", *, executed: bool = True) -> nbformat.NotebookNode:
    """A code cell; with a stored output it is one that nbval must compare."""
    if not stored:
        return new_code_cell(source)
    output = new_output("execute_result", {"text/plain": stored}, execution_count=1)
    return new_code_cell(
        source,
        outputs=[output],
        execution_count=1 if executed else None,
        metadata={"tags": ["nbval-check-output"]},
    )


def run(folder: Path, *cells: nbformat.NotebookNode) -> subprocess.CompletedProcess[str]:
    """Run a notebook of these cells just as `./lab test` runs the lessons."""
    path = folder / "trial.ipynb"
    nbformat.write(new_notebook(cells=list(cells)), path)
    plugin = ("-p", "tests.notebooks.watch")
    options = ("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), "--color=no")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, *options, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_right_fact_passes(tmp_path: Path) -> None:
    """A tagged cell whose stored output is what the run gives passes."""
    done = run(tmp_path, cell(FACT, FACT))
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_wrong_fact_fails(tmp_path: Path) -> None:
    """A notebook with one wrong stored fact fails, and the report shows both."""
    done = run(tmp_path, cell("1 + 1"), cell(FACT, FACT.replace("ran", "cached")))
    assert done.returncode == 1, done.stdout
    assert "Cell outputs differ" in done.stdout
    assert "1 failed, 1 passed" in done.stdout


def test_a_fact_of_a_cell_without_execution_count_is_no_silent_pass(tmp_path: Path) -> None:
    """A stored output without execution_count, which nbval would not compare, fails."""
    done = run(tmp_path, cell(FACT, "{}", executed=False))
    assert done.returncode == 1, done.stdout


def test_untagged_outputs_are_not_compared(tmp_path: Path) -> None:
    """A time in an untagged cell may differ from run to run."""
    done = run(tmp_path, cell("import time\ntime.monotonic()"))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("end", ["os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_a_dead_kernel_fails_in_seconds(tmp_path: Path, end: str) -> None:
    """A kernel that dies fails its cell long before the cell limit; the rest is skipped."""
    began = time.monotonic()
    done = run(tmp_path, cell(f"import os\n{end}"), cell("1"), cell("2"))
    assert time.monotonic() - began < 60, "the cell limit decided, not the watchdog"
    assert "the kernel died" in done.stdout, done.stdout
    assert "1 failed, 2 skipped" in done.stdout


def test_cells_after_a_failed_one_are_skipped(tmp_path: Path) -> None:
    """The first failure of a notebook is the only one reported."""
    done = run(tmp_path, cell("1"), cell("1 / 0"), cell("2"), cell("3"))
    assert "1 failed, 1 passed, 2 skipped" in done.stdout, done.stdout
