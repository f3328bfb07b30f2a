"""The command line: commands from the modules beside this one; faults become text and a code.

Exit codes: 0 well, 1 a fault of buildlab's own or a check that failed, 2 usage, 3 engine,
4 build failed, 5 record, 6 time limit, 7 disk full, 130 interrupted.
"""

from __future__ import annotations

import errno
import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from buildlab.cli import _door
from buildlab.errors import BuildlabError, DiskFull, UsageError
from buildlab.masking import Masker

ISSUES = "say so where you got buildlab, with what this prints: type it again with --debug"
FREE_SPACE = "free some space, or: export BUILDLAB_HOME=/a/folder/on/a/larger/disk"
INTERRUPTED = 130
# Options of `buildlab` itself, which people type after the command.
_GLOBAL_FLAGS = ("--debug",)
_GLOBAL_VALUES = ("--builder", "--engine")
# Modules whose commands `--help` lists first.
_FIRST = ("start", "doctor", "build")

app = typer.Typer(
    name="buildlab",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(
    epilog="Examples:  buildlab doctor  ·  buildlab engine status  ·  "
    "buildlab --builder team-arm64 build .\n\n"
    "Exit codes:  1 a check failed, or a fault of ours  ·  2 usage  ·  3 engine  ·  "
    "4 build failed  ·  5 record  ·  6 time limit  ·  7 disk full  ·  130 interrupted"
)
def _root(
    builder: Annotated[
        str, typer.Option(help="A buildx builder by name (as BUILDLAB_BUILDER).", metavar="NAME")
    ] = "",
    engine: Annotated[
        str, typer.Option(help="auto, docker or embedded (as BUILDLAB_ENGINE).", metavar="KIND")
    ] = "",
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a fault.")] = False,
) -> None:
    """Measure, explain and repair Docker builds of Go services."""
    if builder or engine:
        from buildlab.engine import use

        use(engine or None, builder=builder or None)


def main(argv: Sequence[str] | None = None) -> None:
    """The `buildlab` command. Always ends with SystemExit."""
    given = list(sys.argv[1:] if argv is None else argv)
    arguments = hoisted(given)
    debug = "--debug" in arguments[: len(arguments) - len(_rest(given))]
    _door.close()
    try:
        _in_a_folder()
        app(arguments, prog_name="buildlab")
    except BuildlabError as e:
        if debug:
            raise
        _say(str(e), e)
        sys.exit(e.exit_code)
    except KeyboardInterrupt as e:
        _interrupted(e)
    except SystemExit as e:
        cause = getattr(e.__context__, "__cause__", None)
        if isinstance(cause, KeyboardInterrupt):  # typer has made an exit of it
            _interrupted(cause)
        raise
    except Exception as e:
        if debug:
            raise
        if isinstance(e, OSError) and e.errno in (errno.ENOSPC, errno.EDQUOT):
            _say(f"{e.strerror}: {e.filename or 'while buildlab wrote'}\n  → {FREE_SPACE}", e)
            sys.exit(DiskFull.exit_code)
        _say(f"a fault of buildlab's own: {type(e).__name__}: {e}\n  → {ISSUES}", e)
        sys.exit(1)


def _in_a_folder() -> None:
    try:
        Path.cwd()
    except FileNotFoundError:
        raise UsageError("the current folder was deleted", "cd to one that is there") from None


def hoisted(argv: Sequence[str]) -> list[str]:
    """The arguments with buildlab's own options in front, wherever they stood before a "--"."""
    rest = _rest(argv)
    head, front, others = list(argv[: len(argv) - len(rest)]), [], []
    while head:
        word = head.pop(0)
        if word in _GLOBAL_FLAGS or word.startswith(tuple(f"{v}=" for v in _GLOBAL_VALUES)):
            front.append(word)
        elif word in _GLOBAL_VALUES and head:
            front += [word, head.pop(0)]
        else:
            others.append(word)
    return [*front, *others, *rest]


def _rest(argv: Sequence[str]) -> list[str]:
    return list(argv[argv.index("--") :]) if "--" in argv else []


def _interrupted(fault: KeyboardInterrupt) -> NoReturn:
    _say(str(fault) or "by Ctrl-C", fault, "Interrupted:")
    sys.exit(INTERRUPTED)


def _say(text: str, fault: BaseException, heading: str = "Error:") -> None:
    """What went wrong, and what the fault carries besides: where its evidence is."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    masker = Masker()
    console.print(heading, style="bold red", end=" ")
    console.print(masker(text), markup=False)
    for note in getattr(fault, "__notes__", ()):
        console.print(masker(note), markup=False)


def _assemble() -> None:
    """Let each module beside this one add its commands."""
    names = [m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")]
    for name in (*_FIRST, *sorted({*names} - {*_FIRST})):
        import_module(f"{__name__}.{name}").register(app)


_assemble()
