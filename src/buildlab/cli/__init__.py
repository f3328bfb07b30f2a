"""The command line: commands from the modules beside this one; faults become text and a code.

Exit codes: 0 well, 1 a fault of buildlab's own or a check that failed, 2 usage, 3 engine,
4 build failed, 5 record, 6 time limit, 7 disk full, 130 interrupted.

With --json a command prints one JSON document to standard output. Where a fault leaves it without
its answer, that is {"error": {"kind", "message", "hint", "notes", "exit_code"}}; the text for
people goes to standard error all the same.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from buildlab import errors, masking
from buildlab.cli import _door, _out
from buildlab.cli._words import Words, typed
from buildlab.errors import BuildlabError, DiskFull, UsageError, no_space, spoken
from buildlab.host.settings import program
from buildlab.masking import Masker

ISSUES = "say so where you got buildlab, with what this prints: type it again with --debug"
FREE_SPACE = "free some space, or: export BUILDLAB_HOME=/a/folder/on/a/larger/disk"
INTERRUPTED = 130
BROKEN_PIPE = 141
# Modules whose commands `--help` lists first.
_FIRST = ("start", "doctor", "build", "records")

app = typer.Typer(
    name="buildlab",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _versions(asked: bool) -> None:
    if asked:
        from buildlab.cli._version import print_versions

        print_versions()
        raise typer.Exit


@app.callback(
    epilog="Examples:  buildlab doctor  ·  buildlab engine status  ·  "
    "buildlab --builder team-arm64 build .\n\n"
    "Exit codes:  1 a check failed, or a fault of ours  ·  2 usage  ·  3 engine  ·  "
    "4 build failed  ·  5 record  ·  6 time limit  ·  7 disk full  ·  130 interrupted\n\n"
    'With --json a fault is JSON, too:  {"error": {"kind", "message", "hint", …}}'
)
def _root(
    builder: Annotated[
        str, typer.Option(help="A buildx builder by name (as BUILDLAB_BUILDER).", metavar="NAME")
    ] = "",
    engine: Annotated[
        str, typer.Option(help="auto, docker or embedded (as BUILDLAB_ENGINE).", metavar="KIND")
    ] = "",
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a fault.")] = False,
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            is_eager=True,
            callback=_versions,
            help="Show versions: kit, buildx, engine.",
        ),
    ] = False,
) -> None:
    """Measure, explain and repair Docker builds of Go services."""
    if builder or engine:
        from buildlab.engine import use

        use(engine or None, builder=builder or None)


def main(argv: Sequence[str] | None = None) -> None:
    """The `buildlab` command. Always ends with SystemExit."""
    given = list(sys.argv[1:] if argv is None else argv)
    _door.close()
    _out.start()
    words = Words(tuple(given), "--json" in given, "--debug" in given)
    masker = Masker((*masking.given(given), *masking.url_secrets(" ".join(given))))
    try:
        errors.speak_as(program())
        _in_a_folder()
        root = typer.main.get_command(app)
        _speak(root)
        words = typed(given, root)
        _run(root, words.arguments)
    except Exception as fault:
        if words.debug and not _of_click(fault):
            raise
        sys.exit(_told(fault, words.as_json, masker))
    except KeyboardInterrupt as fault:
        _say(str(fault) or "by Ctrl-C", fault, masker, "Interrupted:")
        if words.as_json:
            described = ("Interrupted", str(fault) or "by Ctrl-C", "", INTERRUPTED)
            _out.print_fault(fault, described, masker)
        sys.exit(INTERRUPTED)


def _speak(command: Any) -> None:
    """Let help name the program as it was typed: usage does, examples and texts follow."""
    for texts in (command, *command.params):
        for name in ("help", "epilog"):
            if text := getattr(texts, name, None):
                setattr(texts, name, spoken(text))
    for inner in getattr(command, "commands", {}).values():
        _speak(inner)


def _run(root: Any, arguments: Sequence[str]) -> None:
    """As click's own `main`, with all faults left to ours."""
    try:
        with root.make_context(program(), list(arguments)) as context:
            root.invoke(context)
        sys.stdout.flush()
    except typer.Exit as end:
        sys.exit(end.exit_code)
    except BrokenPipeError:
        # Who read us has had enough. Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except SystemExit as end:
        # Rich's answer to the same is 1, which says here that a check failed.
        if isinstance(end.__context__, BrokenPipeError):
            sys.exit(BROKEN_PIPE)
        raise
    sys.exit(0)


def _of_click(fault: BaseException) -> bool:
    return hasattr(fault, "format_message") or isinstance(fault, typer.Abort)


def _told(fault: Exception, as_json: bool, masker: Masker) -> int:
    """Say what went wrong; the exit code."""
    kind, message, hint, code = _described(fault)
    if type(fault).__name__ != "NoArgsIsHelpError":  # its help is printed
        _say(f"{message}\n  → {hint}" if hint else message, fault, masker)
        if as_json:
            _out.print_fault(fault, (kind, message, hint, code), masker)
    return code


def _described(fault: Exception) -> tuple[str, str, str, int]:
    """Kind, message, hint and exit code."""
    if isinstance(fault, BuildlabError):
        return type(fault).__name__, fault.message, fault.hint, fault.exit_code
    if isinstance(fault, typer.Abort):
        return "Aborted", "nothing was done", "", 1
    if hasattr(fault, "format_message"):  # of click: a wrong option or argument
        context = getattr(fault, "ctx", None)
        command = context.command_path if context else program()
        return "UsageError", fault.format_message(), f"{command} --help", UsageError.exit_code
    if no_space(fault):
        where = f"{fault.strerror}: {fault.filename or 'while buildlab wrote'}"
        return "DiskFull", where, FREE_SPACE, DiskFull.exit_code
    return (
        type(fault).__name__,
        f"a fault of buildlab's own: {type(fault).__name__}: {fault}",
        ISSUES,
        1,
    )


def _in_a_folder() -> None:
    try:
        Path.cwd()
    except FileNotFoundError:
        raise UsageError("the current folder was deleted", "cd to one that is there") from None


def _say(text: str, fault: BaseException, masker: Masker, heading: str = "Error:") -> None:
    """What went wrong, and what the fault carries besides: where its evidence is."""
    from rich.console import Console

    console = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True)
    console.print(heading, style="bold red", end=" ")
    console.print(masker(spoken(text)), markup=False)
    for note in getattr(fault, "__notes__", ()):
        console.print(masker(spoken(note)), markup=False)


def _assemble() -> None:
    """Let each module beside this one add its commands."""
    names = [m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")]
    for name in (*_FIRST, *sorted({*names} - {*_FIRST})):
        import_module(f"{__name__}.{name}").register(app)


_assemble()
