"""Finds a Chromium for the tests, or installs one without asking."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from buildlab.handout.chromium import find

INSTALL_LIMIT_S = 600
REMEDY = (
    "no Chromium or Chrome; sudo apt-get install chromium (Debian), or install Google Chrome, "
    "then ./lab test tests/browser"
)


def ready(say: Callable[[str], None]) -> str:
    """Make sure that there is a Chromium; what is lacking and what to type, "" if nothing is."""
    if executable():
        return ""
    for command in _installers():
        say(f"→ Browser for the tests: {' '.join(command)} …")
        try:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                timeout=INSTALL_LIMIT_S,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            say(f"  {error}")
        if executable():
            return ""
    return REMEDY


def executable() -> Path | None:
    """The browser to drive: one of the system's, else the one that playwright installed."""
    return find() or _of_playwright()


def _of_playwright() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _installers() -> list[list[str]]:
    from_playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    # Ubuntu's chromium package is a snap in disguise; Debian's is a browser.
    system = Path("/etc/os-release")
    debian = system.exists() and "\nID=debian\n" in f"\n{system.read_text()}\n"
    if debian and os.geteuid() == 0 and shutil.which("apt-get"):
        packages = ["apt-get", "install", "-y", "-qq", "chromium"]
        return [packages, ["apt-get", "update", "-qq"], packages, from_playwright]
    return [from_playwright]
