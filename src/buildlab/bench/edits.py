"""Edits: named changes of a tree, of the flags of the next build, or of both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from buildlab.builds.workspace import Workspace
from buildlab.errors import UsageError

Change = Callable[[Workspace], object]
"""Changes a tree. Flags that it returns, as a tuple, go to the next build."""


def nothing(_: Workspace) -> None:
    """The change of an edit that adds flags only."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One named change: `Edit("tidy", lambda tree: tree.delete("notes.txt"))`."""

    name: str
    change: Change = nothing
    flags: tuple[str, ...] = ()

    def apply(self, tree: Workspace) -> tuple[str, ...]:
        """Change the tree; returns the flags that the next build gets on top."""
        more = self.change(tree)
        return (*self.flags, *(more if isinstance(more, tuple) else ()))


def by_name(edits: Iterable[Edit]) -> dict[str, Edit]:
    """The edits, each under its name, in their order."""
    return {edit.name: edit for edit in edits}


def find(edits: Mapping[str, Edit], name: str) -> Edit:
    """The edit of that name. Raises UsageError for none."""
    if name not in edits:
        raise UsageError(f"no edit is named {name!r}", f"choose one of: {', '.join(edits)}")
    return edits[name]


def swapped(path: str, old: str, new: str) -> Change:
    """Other words in a file, which must hold the old ones."""
    return lambda tree: tree.replace(path, old, new)


def written(path: str, text: str) -> Change:
    """A file of that text, new or not."""
    return lambda tree: tree.write(path, text)


def longer(path: str, text: str) -> Change:
    """More text at a file's end."""
    return lambda tree: tree.write(path, f"{tree.read(path)}{text}")


def raised(constant: str, path: str) -> Change:
    """A constant of Go that is one more each time, so that the edit can be made again and again."""

    def change(tree: Workspace) -> None:
        text, found = re.subn(
            rf"\b({constant}\s*=\s*)(\d+)", lambda m: f"{m[1]}{int(m[2]) + 1}", tree.read(path)
        )
        if not found:
            raise UsageError(
                f"{path} has no constant {constant}", "use a fresh copy of the project"
            )
        tree.write(path, text)

    return change
