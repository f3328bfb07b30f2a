"""What of a cell's outputs a handout can show: static, plain, with nothing to load."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from buildlab.handout.lessons import Notebook
from buildlab.host.settings import Settings
from buildlab.show.html.page import unstyled

HTML = "text/html"
SHOWN = (HTML, "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain")
"""Kinds of output in the order of preference; all others need a script or a widget."""
WIDGET = "application/vnd.jupyter.widget-view+json"
KIT = "~/.cache/buildlab"
UNANSWERED = "A question to answer in the notebook; it was saved without its plain twin."


def static(notebook: Notebook) -> Notebook:
    """A copy that holds what can be printed: no widget, no script, no outputs of nothing."""
    plain = copy.deepcopy(notebook)
    plain.metadata.pop("widgets", None)
    folders = _folders()
    for cell in plain.cells:
        if cell.cell_type == "code":
            cell.outputs = [kept for output in cell.outputs if (kept := _static(output, folders))]
    return plain


def _folders() -> dict[str, str]:
    """Folders of this machine, which say nothing to a reader and perhaps whose machine it is."""
    home = str(Path.home())
    own = {f"{home}/": "~/"} if home not in ("/", "/root") else {}  # images have a /root too
    return {str(Settings.from_env().home): KIT} | own


def _named(text: str, folders: dict[str, str]) -> str:
    for folder, name in folders.items():
        text = text.replace(folder, name)
    return text


def _static(output: Any, folders: dict[str, str]) -> Any:
    if "text" in output:
        output.text = _named(output.text, folders)
    if "data" not in output:
        return output
    if HTML in output.data:
        output.data[HTML] = unstyled(output.data[HTML])  # the page has the sheet, once
    widget = WIDGET in output.data
    output.data = {
        kind: _named(data, folders) if kind.startswith("text/") else data
        for kind in SHOWN
        if (data := output.data.get(kind)) is not None
    }
    if widget and set(output.data) <= {"text/plain"}:
        output.data = {HTML: f"<p><em>{UNANSWERED}</em></p>"}
    return output if output.data else None
