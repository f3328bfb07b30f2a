"""Faults that a user can act on: what happened, the next command to type, an exit code."""

from __future__ import annotations

import errno
import os
import re
import shlex
from typing import TypeGuard

from buildlab.basics.visible import visible

COMMANDS = (
    *("bake", "build", "bundle", "claims", "clean", "compare", "doctor", "engine", "env"),
    *("handout", "images", "labs", "setup", "show", "start"),
)
"""The commands of the kit, as hints name them."""

_NAMED = re.compile(rf"(?<![\w./-])buildlab(?= (?:{'|'.join(COMMANDS)}|--?[a-zA-Z-]+)\b)")
_program = "buildlab"


def speak_as(program: str) -> None:
    """What people here type in place of `buildlab`: `./lab`, say."""
    global _program  # noqa: PLW0603 (one process is started by one name)
    _program = program


def spoken(text: str) -> str:
    """The text with commands as people here type them. Paths and names stay as they are."""
    return text if _program == "buildlab" else _NAMED.sub(lambda _: _program, text)


def quoted(path: str | os.PathLike[str]) -> str:
    """A path as it stands in a command to type: one word of a shell's, whatever is in it."""
    return shlex.quote(os.fspath(path))


def no_space(fault: BaseException | None) -> TypeGuard[OSError]:
    """Whether a disk is full behind it, or a quota used up."""
    return isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EDQUOT)


class BuildlabError(Exception):
    """A fault with a remedy.

    `hint` is one line that starts with what to type or to do; `exit_code` is what the
    command line returns (2 usage, 3 engine, 4 build failed, 5 record, 6 timeout, 7 disk).
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.record: object | None = None
        """The BuildRecord of what was seen until then, where a build was stopped."""

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of a traceback (a protocol of IPython's)."""
        notes = (f"  {note}" for note in getattr(self, "__notes__", ()))
        return [visible(spoken(line)) for line in (f"{type(self).__name__}: {self}", *notes)]


class UsageError(BuildlabError):
    """The call names something that is not there or not readable (context, builder, file)."""

    exit_code = 2


class EngineError(BuildlabError):
    """No engine answers, it died, or it lacks what the call needs."""

    exit_code = 3


class BuildFailed(BuildlabError):
    """Raised by `BuildRecord.require_ok()`; the message holds the Dockerfile excerpt."""

    exit_code = 4


class RecordError(BuildlabError):
    """A record file is truncated, of a newer schema, or no record at all."""

    exit_code = 5


class TimedOut(BuildlabError):
    """A step of ours reached its own time limit; the message names which and what it waited for."""

    exit_code = 6


class DiskFull(BuildlabError):
    """No space left where the engine or the records live; results since then are suspect."""

    exit_code = 7


class Interrupted(KeyboardInterrupt):
    """A build was interrupted. A notebook shows the sentence, without frames.

    `record` is the BuildRecord of what was seen until then.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.record: object | None = None

    def _render_traceback_(self) -> list[str]:
        notes = (f"  {note}" for note in getattr(self, "__notes__", ()))
        return [visible(spoken(line)) for line in (f"Interrupted: {self}", *notes)]
