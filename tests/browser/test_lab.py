"""A lab as a learner does it: from the lesson's last cell to the debrief, in a real JupyterLab."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from buildlab.labs import reading
from tests.browser.jupyterlab import READY, START_LIMIT_S, picture

LAB = reading.find("late_arguments")
LESSON = "notebooks/01_layer_cache.ipynb"
CHECK_LIMIT_S = 240
# Autosave is off, and the served notebooks stay as they are.
RUN_CELL = """async index => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = index;
  notebook.deselectAll();
  await window.jupyterapp.commands.execute('notebook:run-cell');
}"""
OUTPUT = """index => window.jupyterapp.shell.currentWidget.content.widgets[index]
  .outputArea?.node.innerText ?? ''"""
INDEX = """text => window.jupyterapp.shell.currentWidget.content.widgets
  .findIndex(cell => cell.model.type === 'code' && cell.model.sharedModel.source.includes(text))"""
WRITE = """([index, text]) => window.jupyterapp.shell.currentWidget.content.widgets[index]
  .model.sharedModel.setSource(text)"""

ACTIVATE = """path => {
  const shell = window.jupyterapp.shell;
  const found = [...shell.widgets('main')].find(widget => widget.context?.path === path);
  shell.activateById(found.id);
}"""

Waiting = Callable[[Callable[[], bool], float, str], None]


class Learner:
    """Somebody at the keyboard of one notebook."""

    def __init__(self, page: Page, wait_until: Waiting) -> None:
        self.page, self._wait_until = page, wait_until

    def cell(self, text: str) -> int:
        """The number of the code cell with this text."""
        found = int(self.page.evaluate(INDEX, text))
        assert found >= 0, f"no cell holds {text}"
        return found

    def run(self, text: str, until: str = "", limit_s: float = 60) -> str:
        """Run that cell, and wait until its output holds a text; the output."""
        index = self.cell(text)
        self.page.evaluate(RUN_CELL, index)
        if until:
            self._wait_until(lambda: until in self.output(index), limit_s, f"{text}: {until}")
        return self.output(index)

    def output(self, index: int) -> str:
        return str(self.page.evaluate(OUTPUT, index))


@pytest.mark.timeout(START_LIMIT_S + 4 * CHECK_LIMIT_S)
def test_a_lab_is_done_from_the_lesson_to_the_debrief(
    server: tuple[str, subprocess.Popen[str]],
    page: Page,
    wait_until: Waiting,
    tmp_path: Path,
) -> None:
    """Its lesson leads to it; checked, hinted, edited, checked again, passed, debriefed."""
    url, _ = server
    page.goto(url.replace("00_start_here.ipynb", "01_layer_cache.ipynb"))
    page.wait_for_function(READY, timeout=90_000)
    link = page.get_by_role("link", name="late arguments")
    link.scroll_into_view_if_needed()
    link.click()
    page.wait_for_function(
        f"() => window.jupyterapp.shell.currentWidget?.context?.path === "
        f"'labs/{LAB.name}/lab.ipynb'",
        timeout=60_000,
    )
    page.wait_for_function(READY, timeout=90_000)
    learner = Learner(page, wait_until)

    learner.run("import open_lab")
    opened = learner.run("lab = open_lab", until="minutes")
    assert LAB.rules[0].says in opened
    page.get_by_role("button", name="The task beside this").click()
    task = page.locator(".jp-MarkdownViewer")
    task.get_by_role("heading", name="What is graded").wait_for()
    notebook = page.locator(".jp-NotebookPanel:visible")
    assert task.is_visible() and notebook.count() == 1, "both are seen at once"
    picture(page, "lab-0-beside")
    page.evaluate(ACTIVATE, f"labs/{LAB.name}/lab.ipynb")
    learner.run("%%answer", until="as it was")
    first = learner.run("lab.check()", until="rules hold", limit_s=CHECK_LIMIT_S)
    picture(page, "lab-1-failed")
    assert "ran again" in first
    hint = learner.run("lab.hint()", until="Hint 1 of 3")
    assert "COMMIT" in hint

    answer = (LAB.solution / "Dockerfile").read_text("utf-8")
    page.evaluate(WRITE, [learner.cell("%%answer"), f"%%answer Dockerfile\n{answer}"])
    learner.run("%%answer", until="new")
    passed = learner.run("lab.check()", until="At work.", limit_s=CHECK_LIMIT_S)
    picture(page, "lab-2-passed", ".buildlab-figure")
    assert "passed" in passed
    assert LAB.learnt.split(".")[0] in passed
    assert page.locator(".buildlab-figure img").count() > 0, "the debrief has its picture"
