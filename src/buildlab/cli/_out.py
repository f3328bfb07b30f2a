"""What a script reads: one JSON document on standard output, a fault's too."""

from __future__ import annotations

import json
from typing import Any

from buildlab.errors import BuildlabError
from buildlab.masking import Masker

_printed = False


def print_json(data: Any) -> None:
    """Print a command's answer."""
    global _printed  # noqa: PLW0603 (a process has one standard output)
    _printed = True
    print(json.dumps(data, indent=2))


def start() -> None:
    """Nothing is printed yet."""
    global _printed  # noqa: PLW0603
    _printed = False


def print_fault(fault: BaseException, described: tuple[str, str, str, int], masker: Masker) -> None:
    """Print a fault as JSON, masked, unless the command had its answer printed before it.

    `described` is its kind, message, hint and exit code.
    """
    if _printed:
        return
    kind, message, hint, code = described
    if isinstance(fault, BuildlabError):
        message, hint = fault.message, fault.hint
    said = {
        "kind": kind,
        "message": message,
        "hint": hint,
        "notes": list(getattr(fault, "__notes__", ())),
        "exit_code": code,
    }
    print_json({"error": masker.data(said)})
