"""A Chromium or Chrome that is on this machine already: for PDF handouts and the browser test."""

from __future__ import annotations

import shutil
from pathlib import Path

NAMES = ("google-chrome-stable", "google-chrome", "chromium", "chromium-browser")
APPLICATIONS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)

QUIET_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Flags with which Chromium neither asks questions nor calls anyone by itself."""


def find() -> Path | None:
    """The executable of the first Chromium or Chrome found, None where there is none."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    return next((path for path in APPLICATIONS if path.exists()), None)
