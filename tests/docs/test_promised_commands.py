"""What documents, lessons and help texts promise is there: each command, each of its options."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest
from typer.main import get_command

from buildlab.cli import app
from buildlab.cli._words import OF_BUILD, for_build, typed
from buildlab.errors import UsageError
from buildlab.record.flags import TABLE
from tests.docs.promised import Promise, promises

PROMISES = promises()
OF_THE_SCRIPT = {"test", "lock"}
"""What `./lab` does itself: see the script."""
PLACEHOLDERS = ("NAME", "DIR", "FILE", "COMMAND", "CONTEXT", "FLAGS", "CLAIM")


def refused(promise: Promise) -> str:
    """What the command line says against these words before it does anything; "" where nothing."""
    if promise.words[0] in OF_THE_SCRIPT or promise.words[0] in PLACEHOLDERS:
        return ""
    root: Any = get_command(app)
    try:
        words = list(typed(promise.words, root).arguments)
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            return _parsed(root, words)
    except UsageError as fault:
        return fault.message


def _parsed(command: Any, words: list[str]) -> str:
    """Reads the words as click does, level by level, and calls nothing."""
    while getattr(command, "commands", None) is not None:
        while words and words[0].startswith("-"):
            name = words[0].split("=")[0]
            known = {o: p for p in command.params for o in p.opts}
            if name not in known and name not in ("--help", "-h"):
                return f"no such option: {name}"
            takes = name in known and not known[name].is_flag and "=" not in words[0]
            del words[: 2 if takes else 1]
        if not words:
            return ""
        if words[0] not in command.commands:
            return f"no such command: {words[0]}"
        command = command.commands[words.pop(0)]
    if command.name == "build":
        line = for_build(words)
        return f"no such flag: {line.unknown[0]}" if line.unknown else ""
    known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help", "-h"}
    lax = command.context_settings.get("ignore_unknown_options")
    for word in words:
        name = word.split("=")[0]
        if re.match(r"--?[a-zA-Z]", word) and name not in known and not lax:
            return f"no such option: {name}"
    return ""


@pytest.mark.parametrize("promise", PROMISES, ids=str)
def test_a_promised_command_is_there(promise: Promise) -> None:
    """Command, sub-command and each option are known to the real command line."""
    assert refused(promise) == ""


def test_promises_are_found() -> None:
    """README, run sheets, lessons and help each promise something; so does every command."""
    places = {p.where.partition("/")[0].partition(" ")[0] for p in PROMISES}
    assert {"README.md", "docs", "notebooks", "help"} <= places
    saved = [p for p in PROMISES if "--save" in p.words]
    assert {p.where for p in saved} >= {"README.md", "docs/facilitator/run-sheet-60.md"}
    shown = {p.words[0] for p in PROMISES}
    assert {c for c, inner in get_command(app).commands.items() if not inner.hidden} <= shown  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "words",
    [("build", ".", "--keep", "x.json"), ("show", "--sav"), ("engine", "pause"), ("--bilder", "x"),
     ("nope",), ("handout", "--word"), ("claims", "show", "--all"), ("build", ".", "--save")],
    ids=" ".join,
)  # fmt: skip
def test_what_is_not_there_is_refused(words: tuple[str, ...]) -> None:
    """The check itself: an option or a command that does not exist fails it."""
    assert refused(Promise("here", words))


def test_options_of_ours_hide_none_of_docker_s() -> None:
    """An option of `build` has a name that docker's build does not use, but for help."""
    assert {*OF_BUILD} & {*TABLE} == {"--help"}
