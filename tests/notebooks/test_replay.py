"""Every lesson and every lab runs where no engine can be had, on recorded builds that say so."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LABS = NOTEBOOKS.with_name("labs")
LESSONS = [*sorted(NOTEBOOKS.glob("*.ipynb")), *sorted(LABS.glob("*/lab.ipynb"))]
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
        "BUILDLAB_WORK": str(folder / "work"),
        "DOCKER_CONFIG": str(folder / "docker"),
        "DOCKER_HOST": f"unix://{folder}/no.sock",
        "PATH": str(folder / "bin"),
    }


def replay(lesson: Path, folder: Path) -> str:
    """Run a lesson without an engine; its outputs, as JSON. Raises what a cell raised."""
    notebook = nbformat.read(lesson, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(lesson.parent)}},
    )
    client.execute(env=environment(folder))
    return json.dumps([cell.get("outputs", []) for cell in notebook.cells])


@pytest.fixture(scope="module")
def replays(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Path, tuple[Path, Future[str]]]]:
    """Each lesson that is asked for: its machine's folder, and its outputs. Two at once."""
    asked = [
        i.callspec.params.get("lesson") for i in request.session.items if hasattr(i, "callspec")
    ]
    folders = {path: tmp_path_factory.mktemp("machine") for path in LESSONS if path in asked}
    with ThreadPoolExecutor(2) as pool:
        yield {path: (at, pool.submit(replay, path, at)) for path, at in folders.items()}


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_lesson_replays(lesson: Path, replays: dict[Path, tuple[Path, Future[str]]]) -> None:
    """With BUILDLAB_REPLAY=1 a lesson runs to its end without an engine, labelled as recorded."""
    folder, outputs = replays[lesson]
    assert "recorded on" in outputs.result().lower(), "nothing says that the figures are recorded"
    started = sorted(p.name for p in (folder / "home").glob("engine/*"))
    assert not started, f"replay touched an engine: {started}"
