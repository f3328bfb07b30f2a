"""Every lesson runs where no engine can be had, on recorded builds that say so."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
ENGINE_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "BUILDLAB_BUILDER", "BUILDLAB_ENGINE")


def environment(folder: Path) -> dict[str, str]:
    """A machine without any engine: no client on PATH, no address, an empty home of the kit."""
    environ = {k: v for k, v in os.environ.items() if k not in ENGINE_VARIABLES}
    (folder / "bin").mkdir()
    return {
        **environ,
        "BUILDLAB_REPLAY": "1",
        "BUILDLAB_REPLAY_PACE": "0",
        "BUILDLAB_HOME": str(folder / "home"),
        "DOCKER_CONFIG": str(folder / "docker"),
        "DOCKER_HOST": f"unix://{folder}/no.sock",
        "PATH": str(folder / "bin"),
    }


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_replays(lesson: Path, tmp_path: Path) -> None:
    """With BUILDLAB_REPLAY=1 a lesson runs to its end without an engine, labelled as recorded."""
    notebook = nbformat.read(lesson, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOKS)}},
    )
    client.execute(env=environment(tmp_path))
    outputs = json.dumps([cell.get("outputs", []) for cell in notebook.cells])
    assert "recorded on" in outputs.lower(), "nothing says that the figures are recorded"
    started = sorted(p.name for p in (tmp_path / "home").glob("engine/*"))
    assert not started, f"replay touched an engine: {started}"
