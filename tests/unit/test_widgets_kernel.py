"""What the kit asks of a kernel and of JupyterLab's settings."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from buildlab import errors
from buildlab.builds import observer
from buildlab.errors import UsageError
from buildlab.record.compare import compare
from buildlab.record.matrix import Matrix
from buildlab.show import formatters, tables
from buildlab.show.widgets import kernel
from buildlab.show.widgets.live import activate
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


def test_records_are_tables_and_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a kernel a build, a comparison, a matrix have HTML, and a text where there is none."""
    shell = InteractiveShell()
    monkeypatch.setattr(formatters, "shell", lambda: shell)
    formatters.register()
    build = factory.record("a build")
    for value in (build, compare(build, build), Matrix.from_records(build, {"an edit": build})):
        shown, _ = shell.display_formatter.format(value)
        assert 'class="buildlab ' in shown["text/html"]
        assert shown["text/plain"].endswith(".")
        listed = shell.display_formatter.format([value])[0]["text/plain"]
        assert shown["text/plain"] in listed
        assert type(value).__name__ not in listed


def test_frames_look_like_other_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a kernel a data frame is shown by the kit; outside one nothing changes."""
    formatters.register()
    shell = InteractiveShell()
    monkeypatch.setattr(formatters, "shell", lambda: shell)
    formatters.register()
    shown, _ = shell.display_formatter.format(tables.states(factory.record()))
    assert 'class="buildlab ' in shown["text/html"]


def test_a_fault_is_its_message_and_hint() -> None:
    """A notebook shows what happened and what to do, and no traceback."""
    shell = InteractiveShell()
    source = "from buildlab.errors import UsageError\nraise UsageError('no folder', 'look: ls /')"
    result = shell.run_cell(source, silent=True)
    assert isinstance(result.error_in_exec, UsageError)
    shown = "\n".join(result.error_in_exec._render_traceback_())
    assert shown == "UsageError: no folder\n  → look: ls /"


def test_a_script_is_no_kernel() -> None:
    """Under pytest, as in any script, there is no notebook to show things in."""
    assert not kernel.in_kernel()
    assert kernel.cell_id() == ""


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="JupyterLab's schemas are not installed")
def test_jupyterlab_knows_our_settings() -> None:
    """Every setting we override exists in this JupyterLab, with a value of its type."""
    folder = files("buildlab") / "setup/labconfig"
    ours = json.loads((folder / "default_setting_overrides.json").read_text())
    types = {"string": str, "boolean": bool}
    for plugin, settings in ours.items():
        package, name = plugin.split(":")
        known = json.loads((SCHEMAS / package / f"{name}.json").read_text())["properties"]
        for key, value in settings.items():
            assert isinstance(value, types[known[key]["type"]])


def test_an_interrupt_names_commands_as_people_here_type_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The note on what was seen has the program's name; control characters are made visible."""
    monkeypatch.setattr(errors, "_program", "./lab")
    stop = errors.Interrupted("the build was interrupted")
    stop.add_note("what was seen until then: buildlab show /a\x1b/r.json")
    assert stop._render_traceback_() == [
        "Interrupted: the build was interrupted",
        r"  what was seen until then: ./lab show /a\x1b/r.json",
    ]
