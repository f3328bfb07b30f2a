"""A Chromium or Chrome that is on this machine already: for PDF handouts and the browser test."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from buildlab.errors import BuildlabError
from buildlab.host import child

PRINT_LIMIT_S = 300.0
NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND"
"""No name resolves: a page that would load something from elsewhere prints without it."""
INSTALL = "install Google Chrome or Chromium (Debian: sudo apt-get install chromium), repeat this"

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


def print_pdf(page: Path, pdf: Path, *, limit_s: float = PRINT_LIMIT_S) -> None:
    """Print an HTML file as a tagged PDF with an outline, without any network.

    The paper, the margins and what stands in them are the page's own (@page). Raises
    BuildlabError where there is no browser or it prints nothing, and TimedOut.
    """
    browser = find()
    if browser is None:
        raise BuildlabError("no Chromium or Chrome to print a PDF with", INSTALL)
    profile = page.parent / "chromium-profile"
    command = [
        *(str(browser), "--headless", *QUIET_FLAGS, NO_NETWORK, f"--user-data-dir={profile}"),
        *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        *("--no-pdf-header-footer", "--generate-pdf-document-outline"),
        *(f"--print-to-pdf={pdf.resolve()}", page.resolve().as_uri()),
    ]
    pdf.unlink(missing_ok=True)
    done = child.run(
        command,
        limit_s=limit_s,
        what=f"{browser.name}, which prints {page.name},",
        late="print fewer lessons at once: buildlab handout 01",
        install=INSTALL,
    )
    if not pdf.exists():
        said = done.last(3).replace("\n", " ")
        raise BuildlabError(
            f"{browser.name} printed no PDF (exit code {done.exit_code}): {said}",
            f"try it by hand: {browser.name} --headless --print-to-pdf=x.pdf FILE.html",
        )
