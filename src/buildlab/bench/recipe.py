"""A bench: one Dockerfile of cheap steps, built once; then edits, each taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from buildlab.bench.runs import Runs, crossed
from buildlab.bench.sample import Change, salted, sample_app
from buildlab.builds import build
from buildlab.builds.workspace import Edit, Workspace, workspace
from buildlab.errors import UsageError
from buildlab.record.model import BuildRecord

NOTHING_IGNORED = "# Nothing is ignored.\n"


def edit(name: str, change: Change, *flags: str) -> Edit:
    """An edit that changes the tree, the flags of the build, or both."""

    def apply(tree: Workspace) -> tuple[str, ...]:
        change(tree)
        return flags

    return Edit(name, apply)


def nothing(_: Workspace) -> None:
    """The change of an edit that adds flags only."""


class Bench:
    """A copy of the service with a Dockerfile, built once: the baseline.

    Each edit is made to the baseline, built, and taken back, so edits never add up.
    """

    def __init__(self, tree: Workspace, recipe: Path, edits: Sequence[Edit], ignore: str) -> None:
        self._tree = tree
        self._recipe = recipe.name
        self._edits: Mapping[str, Edit] = {e.name: e for e in edits}
        self.dockerfile = recipe.read_text()
        tree.write(recipe.name, self.dockerfile)
        tree.write(f"{recipe.name}.dockerignore", ignore)
        salted(tree)
        tree.checkpoint()
        self.baseline = self._build("baseline")
        self.tried: dict[str, BuildRecord] = {}

    @property
    def edits(self) -> tuple[str, ...]:
        """The names of the edits, in the order of the lesson."""
        return tuple(self._edits)

    def _build(self, title: str, flags: Sequence[str] = ()) -> BuildRecord:
        return build(
            self._tree, f"--file={self._recipe}", *flags, title=title, output="cache"
        ).require_ok()

    def run(self, name: str) -> BuildRecord:
        """Make one edit, build, take the edit back. Raises UsageError for an unknown name."""
        if name not in self._edits:
            raise UsageError(
                f"no edit is named {name!r}", f"choose one of: {', '.join(self.edits)}"
            )
        try:
            self.tried[name] = self._build(name, self._edits[name].apply(self._tree))
        finally:
            self._tree.reset()
        return self.tried[name]

    def run_all(self, names: Sequence[str] = ()) -> Runs:
        """These edits, or all, against the baseline. What was tried already is not built again."""
        names = tuple(names) or self.edits
        for name in names:
            if name not in self.tried:
                self.run(name)
        return crossed({"baseline": self.baseline, **{n: self.tried[n] for n in names}})


@contextmanager
def bench(recipe: Path, edits: Sequence[Edit], *, ignore: str = NOTHING_IGNORED) -> Iterator[Bench]:
    """A bench in a copy of the service, removed at the end; `ignore` is its .dockerignore."""
    with workspace(sample_app()) as tree:
        yield Bench(tree, recipe, edits, ignore)
