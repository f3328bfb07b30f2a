"""The command line's frame: help, faults, exit codes, options in any place."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from buildlab import cli
from buildlab.cli._words import typed as read_words
from buildlab.errors import (
    COMMANDS,
    BuildFailed,
    BuildlabError,
    DiskFull,
    EngineError,
    RecordError,
    TimedOut,
    UsageError,
    spoken,
)


def run(argv: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    said = capsys.readouterr()
    code = ended.value.code
    return (code if isinstance(code, int) else int(code is not None)), said.out, said.err


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """`buildlab show` raises what the list holds."""
    raised: list[BaseException] = []
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.callback()
    def root(debug: bool = False) -> None:
        pass

    @app.command()
    def show(json: bool = False) -> None:
        raise raised[0]

    monkeypatch.setattr(cli, "app", app)
    return raised


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (BuildlabError("m", "h"), 1),
        (UsageError("m", "h"), 2),
        (EngineError("m", "h"), 3),
        (BuildFailed("m", "h"), 4),
        (RecordError("m", "h"), 5),
        (TimedOut("m", "h"), 6),
        (DiskFull("m", "h"), 7),
    ],
)
def test_a_fault_becomes_text_hint_and_code(
    broken: list[BaseException],
    capsys: pytest.CaptureFixture[str],
    fault: BuildlabError,
    code: int,
) -> None:
    """Message and hint on stderr, the code of its kind, and no traceback."""
    broken.append(fault)
    got, out, err = run(["show"], capsys)
    assert (got, out) == (code, "")
    assert err == "Error: m\n  → h\n"


def test_a_fault_of_ours_says_so_without_a_traceback(
    broken: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """An unexpected exception is one line and how to see more; --debug raises it."""
    broken.append(ZeroDivisionError("[red]by zero[/]"))
    code, _, err = run(["show"], capsys)
    assert code == 1
    assert "ZeroDivisionError: [red]by zero[/]" in err
    assert "--debug" in err
    assert "Traceback" not in err
    with pytest.raises(ZeroDivisionError):
        cli.main(["show", "--debug"])


def test_an_interrupt_is_130(
    broken: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C ends with 130 and no traceback."""
    broken.append(KeyboardInterrupt())
    code, _, err = run(["show"], capsys)
    assert code == 130
    assert "Traceback" not in err


def test_a_full_disk_is_no_fault_of_ours(
    broken: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """No space for a file of the kit's, wherever it was: exit code 7 and a remedy."""
    broken.append(OSError(errno.ENOSPC, "No space left on device", "/a/record.json"))
    code, _, err = run(["show"], capsys)
    assert code == 7
    assert "No space left on device: /a/record.json" in err
    assert "BUILDLAB_HOME" in err


def test_a_deleted_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shell in a folder that is gone: exit code 2, not a traceback of the first path used."""
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    code, _, err = run(["build", "."], capsys)
    assert code == 2
    assert "the current folder was deleted" in err


def test_a_terminal_without_glyphs_shows_the_rest() -> None:
    """An encoding without our arrows and circles costs them, not the command."""
    done = subprocess.run(
        [sys.executable, "-m", "buildlab", "--engine", "x", "doctor"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"\n  ? set it to one of" in done.stderr


@pytest.mark.parametrize(
    "fault", [EngineError("m", "h"), ValueError("m"), KeyboardInterrupt("m")], ids=repr
)
def test_what_a_fault_carries_is_told_once(
    broken: list[BaseException], capsys: pytest.CaptureFixture[str], fault: BaseException
) -> None:
    """Every command says where the evidence of a fault is kept, whatever the fault."""
    fault.add_note("the [log] is kept in /a/folder")
    broken.append(fault)
    _, out, err = run(["show"], capsys)
    assert out == ""
    assert err.count("the [log] is kept in /a/folder") == 1
    assert err.count("m\n") == 1


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        (["build", ".", "--builder", "b"], ["--builder=b", "build", "."]),
        (["build", ".", "--engine=docker"], ["--engine=docker", "build", "."]),
        (["--debug", "doctor"], ["--debug", "doctor"]),
        (["doctor", "--debug"], ["--debug", "doctor"]),
        (["engine", "status", "--builder", "b"], ["--builder=b", "engine", "status"]),
        (["build", "--", "--builder", "x"], ["build", "--", "--builder", "x"]),
        (["doctor", "--", "--debug"], ["doctor", "--", "--debug"]),
        # Docker has a --debug, too.
        (["build", "--debug", "."], ["--debug", "build", "--debug", "."]),
        # What looks like an option of ours, and is the value of another one.
        (["build", "--build-arg", "--debug", "."], ["build", "--build-arg", "--debug", "."]),
        (["build", "-t", "--builder", "."], ["build", "-t", "--builder", "."]),
        (["build", "-qt", "--json", "."], ["build", "-q", "-t", "--json", "."]),
        (["handout", "--to", "--debug"], ["handout", "--to", "--debug"]),
    ],
)
def test_global_options_stand_anywhere(typed: list[str], parsed: list[str]) -> None:
    """--builder, --engine and --debug work after the command too, but not behind a "--"."""
    words = read_words(typed, get_command(cli.app))
    assert list(words.arguments) == parsed
    assert not words.as_json


def test_a_global_option_without_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    """`--builder` at the end of a command is an error that says so."""
    code, _, err = run(["build", ".", "--builder"], capsys)
    assert code == 2
    assert "--builder needs a value" in err


def test_a_fault_is_json_where_json_was_asked_for(
    broken: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """A script reads one JSON document, whatever happens; people read the text besides."""
    broken.append(EngineError("m", "h"))
    broken[0].add_note("n")
    code, out, err = run(["show", "--json"], capsys)
    assert (code, err) == (3, "Error: m\n  → h\nn\n")
    assert json.loads(out) == {
        "error": {
            "kind": "EngineError", "message": "m", "hint": "h", "notes": ["n"], "exit_code": 3
        }
    }  # fmt: skip


@pytest.mark.parametrize("as_json", [["--json"], []], ids=["json", "text"])
@pytest.mark.parametrize(
    "argv",
    [
        ["build", "--build-arg", 'API_TOKEN=pa ss"wo/rd'],
        ["build", '--label=api.token=pa ss"wo/rd', "a", "b"],
        ["build", "https://me:pa-ss%2Fwo/rd@h.invalid/x", "second"],
        ["build", "https://h.invalid/x?sig=pa%20sswo/rdx&api_token=pass-wo/rd", "second"],
        ["bake", '--build-arg=API_TOKEN=pa ss"wo/rd'],
        ["show", "API_TOKEN=pass-wo/rd"],
    ],
    ids=" ".join,
)
def test_what_was_typed_is_said_without_its_secrets(
    argv: list[str], as_json: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Messages repeat what was typed: in text and in JSON no part of a secret is among it."""
    code, out, err = run([*argv, *(as_json if argv[0] != "bake" else ())], capsys)
    assert code
    for part in ("pa ss", "pa-ss", "pa%20", "wo/rd"):
        assert part not in out + err


@pytest.mark.parametrize(
    "argv",
    [
        ["show", "none", "--json"],
        ["compare", "a", "--json"],
        ["build", "/nowhere", "--json"],
        ["build", "--json"],
        ["nope", "--json"],
        ["clean", "--bogus", "--json"],
    ],
    ids=" ".join,
)
def test_every_command_says_its_faults_as_json(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Also what the command line's own parser finds to be wrong."""
    code, out, err = run(argv, capsys)
    assert json.loads(out)["error"]["exit_code"] == code
    assert code in (2, 5)
    assert err.startswith("Error: ")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("see: buildlab doctor", "see: ./lab doctor"),
        ('eval "$(buildlab env)"; docker ls', 'eval "$(./lab env)"; docker ls'),
        ("buildlab --builder NAME", "./lab --builder NAME"),
        ("a fault of buildlab's own", "a fault of buildlab's own"),
        ("buildlab.local/app:lab, /a/buildlab build", "buildlab.local/app:lab, /a/buildlab build"),
        ("let buildlab make one", "let buildlab make one"),
    ],
)
def test_what_was_typed_is_what_is_said(
    said: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands in messages begin with the program that people here type, names stay."""
    monkeypatch.setattr("buildlab.errors._program", "./lab")
    assert spoken(said) == shown


def test_messages_know_all_commands() -> None:
    """A command that is new is said as it is typed, too."""
    assert set(get_command(cli.app).commands) == set(COMMANDS)  # type: ignore[attr-defined]


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` of each command of these modules says what it does and shows a use."""
    commands = (["doctor"], ["clean"], ["env"], *(["engine", c] for c in ENGINE_COMMANDS))
    commands += tuple(["labs", c] for c in LABS_COMMANDS)
    for command in commands:
        code, out, _ = run([*command, "--help"], capsys)
        assert code == 0, command
        assert "Example" in out, command
    code, out, _ = run(["--help"], capsys)
    assert code == 0
    for name in ("doctor", "engine", "clean", "env", "build", "start"):
        assert name in out


ENGINE_COMMANDS = ("status", "start", "stop", "reset")
LABS_COMMANDS = (
    *("list", "begin", "check", "watch", "hint", "solution", "reset", "goto", "progress"),
)


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and the help is named."""
    code, _, err = run(["nope"], capsys)
    assert code == 2
    assert "nope" in err


def test_a_kind_of_engine_that_is_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--engine x` is a usage error that lists the kinds."""
    monkeypatch.setenv("BUILDLAB_ENGINE", "auto")
    code, _, err = run(["engine", "status", "--engine", "kubernetes"], capsys)
    assert code == 2
    assert "embedded" in err


def test_help_is_quick_to_load() -> None:
    """`--help` imports neither pandas nor matplotlib nor the docker SDK."""
    code = (
        "import sys, buildlab.cli\n"
        "print([m for m in ('pandas', 'matplotlib', 'docker', 'ipywidgets') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_ctrl_c_in_a_terminal_is_130() -> None:
    """The signal itself, in a real process, ends with 130 and without a traceback."""
    code = (
        "import os, signal\n"
        "from buildlab import cli\n"
        "@cli.app.command()\n"
        "def wait() -> None:\n"
        "    print('ready', flush=True)\n"
        "    signal.pause()\n"
        "cli.main(['wait'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.parametrize("words", ["--help", "claims list", "claims list --json"])
def test_a_reader_who_has_had_enough_is_no_failed_check(words: str) -> None:
    """`… | head` ends a command quietly, with the exit code that shells give for it."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "buildlab", *words.split()],
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, "")


def test_ctrl_c_while_it_starts_is_no_traceback() -> None:
    """Ctrl-C before the command line is imported ends it as one after that does."""
    code = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from buildlab.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (cli.INTERRUPTED, "")
