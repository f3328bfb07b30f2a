"""What the kit asks of a kernel and of JupyterLab's settings."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from buildlab.build import observer
from buildlab.widgets import kernel
from buildlab.widgets.live import activate
from tests.unit import factory

SCHEMAS = Path(sys.prefix) / "share" / "jupyter" / "lab" / "schemas"


def test_active_view_watches_builds_and_shows_records(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a kernel one observer stands for all builds, and a bare record shows its sentence."""
    shell = InteractiveShell()
    monkeypatch.setattr(kernel, "shell", lambda: shell)
    before = list(observer._standing)
    end = activate()
    assert activate() is end  # once, however often a cell is run
    assert len(observer._standing) == len(before) + 1
    assert shell.display_formatter.format(factory.record("a build")) == ({}, {})
    assert "a build: " in capsys.readouterr().out
    end()
    assert observer._standing == before


def test_a_script_is_no_kernel() -> None:
    """Under pytest, as in any script, there is no notebook to show things in."""
    assert not kernel.in_kernel()
    assert kernel.cell_id() == ""


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="JupyterLab's schemas are not installed")
def test_jupyterlab_knows_our_settings() -> None:
    """Every setting we override exists in this JupyterLab, with a value of its type."""
    folder = files("buildlab") / "labconfig"
    ours = json.loads((folder / "default_setting_overrides.json").read_text())
    types = {"string": str, "boolean": bool}
    for plugin, settings in ours.items():
        package, name = plugin.split(":")
        known = json.loads((SCHEMAS / package / f"{name}.json").read_text())["properties"]
        for key, value in settings.items():
            assert isinstance(value, types[known[key]["type"]])
