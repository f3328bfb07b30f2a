"""What a build is called, how long it may take, under which name the client sees its context."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from buildlab.basics.visible import on_one_line
from buildlab.builds.asked.source import Source, is_remote
from buildlab.builds.context.guard import guarded
from buildlab.builds.workspace import Workspace
from buildlab.errors import UsageError
from buildlab.host.settings import Settings
from buildlab.record import flags as docker

LONGEST_S = 7 * 86400.0
"""A week: longer than any build, and than the waiting of the system can count."""


def title_of(context: str | Path | Workspace, flags: Sequence[str]) -> str:
    """A name that is the same in each run: of the folder, and of the Dockerfile if one is named."""
    named = [
        Path(re.split(r"[?#]", value)[0]).name
        for value in docker.values(flags, "--file")
        if value != "-"
    ]
    return " ".join([_called(context) or "context", *named[-1:]])


def _called(context: str | Path | Workspace) -> str:
    if isinstance(context, Workspace):
        return context.source.absolute().name
    shown = os.fspath(context)
    if shown == "-":
        return "stdin"
    if not is_remote(shown):
        return Path(shown).absolute().name
    address = re.split(r"[?#]", shown)[0]  # what gives access says no name
    *above, name = re.split(r"[/:]+", address.rstrip("/"))
    return name.removesuffix(".git") or above[-1]


def arrive_empty(names: Sequence[str]) -> str:
    """What a record says of files that the client can't read."""
    listed = ", ".join(on_one_line(name) for name in names[:3]) + (
        f" and {len(names) - 3} more" if len(names) > 3 else ""
    )
    return (
        f"can't be read, so what is copied of it is empty: {listed}; make it readable, or name it "
        "in .dockerignore"
    )


def time_limit(timeout_s: float) -> None:
    """Raises UsageError for a time limit that is none."""
    if not 0 < timeout_s <= LONGEST_S:
        raise UsageError(
            f"a time limit of {timeout_s:g} s is none: more than 0, up to {LONGEST_S:.0f} (a week)",
            "give seconds: --timeout 900",
        )


def run_context(source: Source) -> tuple[str, tuple[str, ...]]:
    """The context to give to the client, and the files in it that it can't read."""
    if source.folder is None:
        return source.shown, ()
    home = Settings.from_env().paths
    slots = {"context": source.folder, **source.named}
    if source.dockerfile is not None:
        slots["dockerfile"] = source.dockerfile
    found = guarded(source.folder, home.make(home.contexts), slots)
    return os.fspath(found.link), found.unreadable
