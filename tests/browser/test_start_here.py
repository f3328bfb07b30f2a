"""What a newcomer sees: `./lab start`, the printed address, the first lesson to its end."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.jupyterlab import CELLS, READY, ROOT, START_LIMIT_S, picture

LESSON = ROOT / "notebooks" / "00_start_here.ipynb"
LESSON_LIMIT_S = 900
# Collects every text that a running build has shown, and the phases of its steps.
WATCH = """() => {
  window.seen = {texts: [], phases: []};
  const note = (list, value) => { if (value && !list.includes(value)) list.push(value); };
  window.setInterval(() => {
    for (const view of document.querySelectorAll('.buildlab-live')) {
      if (!view.innerText.startsWith('running for')) continue;
      note(window.seen.texts, view.innerText);
      for (const step of view.querySelectorAll('tr')) note(window.seen.phases, step.className);
    }
  }, 50);
}"""

RUN = """() => {
  window.finished = false;
  const commands = window.jupyterapp.commands;
  commands.execute('notebook:clear-all-cell-outputs')
    .then(() => commands.execute('notebook:run-all-cells'))
    .finally(() => { window.finished = true; });
}"""


@pytest.mark.timeout(START_LIMIT_S + LESSON_LIMIT_S + 120)
def test_the_first_lesson_runs_in_a_browser(
    server: tuple[str, subprocess.Popen[str]],
    page: Page,
    wait_until: Callable[[Callable[[], bool], float, str], None],
) -> None:
    """From the printed address: the lesson opens, runs to its end, and its live view moves."""
    url, process = server
    before = LESSON.read_bytes()
    page.goto(url)
    page.wait_for_function(READY, timeout=90_000)
    assert page.locator(".jp-NotebookPanel").count() == 1
    picture(page, "1-opened")

    page.evaluate(WATCH)
    page.evaluate(RUN)
    try:
        moving = "a live view (.buildlab-live) that changes while the first build compiles"
        wait_until(lambda: len(compiling(page)) >= 2, 300, moving)
        picture(page, "2-building", ".buildlab-live")
        wait_until(lambda: len(compiling(page)) >= 12, 120, moving)
        picture(page, "3-still-building", ".buildlab-live")
        wait_until(lambda: bool(page.evaluate("window.finished")), LESSON_LIMIT_S, "the end")
    finally:
        picture(page, "4-end")

    cells: list[dict[str, Any]] = page.evaluate(CELLS)
    errors = {cell["source"]: cell["errors"] for cell in cells if cell["errors"]}
    assert not errors, "cells failed"
    assert all(cell["count"] for cell in cells), "not every cell ran"
    assert {"running", "ran"} <= set(seen(page)["phases"]), "the live view shows its phases"
    assert page.locator(".jp-OutputArea-output img").count() > 0, "a figure is shown"
    picture(page, "5-figure", ".jp-OutputArea-output img")
    assert page.get_by_text("Jupyter news").count() == 0, "JupyterLab asks about news"
    assert LESSON.read_bytes() == before, "the run changed the lesson's file"

    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    rest = process.stdout.read()
    assert process.wait(30) == 0
    assert "JupyterLab stopped" in rest


def compiling(page: Page) -> list[str]:
    """Each different text that a live view has shown while a compile step was at work."""
    return [text for text in seen(page)["texts"] if "go build" in text]


def seen(page: Page) -> dict[str, list[str]]:
    """What the live views have shown so far."""
    found: dict[str, list[str]] = page.evaluate("window.seen")
    return found
