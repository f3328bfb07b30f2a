"""`./lab start` and a page of a real browser, as a newcomer has them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, sync_playwright

from buildlab.handout.chromium import QUIET_FLAGS
from tests.browser import chromium

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "test-artifacts"
START_LIMIT_S = 300
WINDOW: ViewportSize = {"width": 1400, "height": 1000}

# Autosave would write the run's outputs into the repository's lesson; cells that are out of sight
# must stay in the page, so that the watcher below sees every live view.
SETTINGS = {
    "docmanager-extension/plugin": '{"autosave": false}',
    "notebook-extension/tracker": '{"windowingMode": "none"}',
}

CELLS = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells;
  return cells.filter(c => c.cell_type === 'code' && c.source.trim()).map(c => ({
    source: c.source, count: c.execution_count,
    errors: c.outputs.filter(o => o.output_type === 'error').map(o => `${o.ename}: ${o.evalue}`),
  }));
}"""

SCROLL = """selector =>
  [...document.querySelectorAll(selector)].at(-1)?.scrollIntoView({block: 'center'})"""

READY = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  return panel?.sessionContext?.session?.kernel?.status === 'idle'
    && panel.content.model?.sharedModel.cells.length > 0;
}"""


def command() -> list[str]:
    """How a user starts it; from a developer's own environment, the command behind the script."""
    if (Path(sys.prefix) / "requirements-test.lock").exists():
        return [str(ROOT / "lab"), "start"]
    return [sys.executable, "-m", "buildlab", "start"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A started lab: its printed address and its process, interrupted at the end."""
    settings = tmp_path / "settings"
    for name, text in SETTINGS.items():
        path = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environ = {
        **os.environ,
        "BUILDLAB_VENV": sys.prefix,
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
    }
    options = ["--no-browser", "--port", "0", "--LabApp.expose_app_in_browser=True"]
    with subprocess.Popen(
        [*command(), *options],
        cwd=tmp_path,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield address(process), process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()


def address(process: subprocess.Popen[str]) -> str:
    """The address that the lab prints when JupyterLab answers."""
    assert process.stdout is not None
    said, deadline = "", time.monotonic() + START_LIMIT_S
    for line in process.stdout:
        said += line
        if found := re.search(r"http://\S+token=\w+", line):
            return found.group()
        assert time.monotonic() < deadline, f"no address within {START_LIMIT_S} s:\n{said}"
    pytest.fail(f"`{' '.join(command())}` ended without an address:\n{said}")


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a real browser."""
    flags = [*QUIET_FLAGS, "--no-sandbox"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.executable(), args=flags)
        yield browser.new_page(viewport=WINDOW)
        browser.close()


def picture(page: Page, name: str, of: str = "") -> None:
    """Keep a screenshot, with what the selector finds last in its middle; where is printed."""
    if of:  # in one go: a live view redraws itself all the time
        page.evaluate(SCROLL, of)
    PICTURES.mkdir(exist_ok=True)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    print(f"screenshot: {path.relative_to(ROOT)}")
