"""A bench: a private copy of a project, built and edited by name."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from buildlab.bench import edits
from buildlab.bench.edits import Edit
from buildlab.bench.runs import Runs, crossed
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.record.model import BuildRecord

TEXT_FILE = "run.Dockerfile"


def salted(tree: Workspace) -> str:
    """Make a Go project unlike any other by a comment in its go.mod; returns the salt.

    Every step that needs go.mod is then new to the engine, however warm that is.
    """
    salt = secrets.token_hex(4)
    tree.write("go.mod", f"{tree.read('go.mod')}\n// a copy of its own: {salt}\n")
    return salt


class Bench:
    """A copy of a project that no engine has seen.

    Its cache mounts are its own (`cache_ns=None`: those that every build has). `flags` and
    `options` go to each of its builds. An edit stays, by `edit`; or it is tried, by
    `run`: made to the baseline, built, and taken back, so that tried edits never add up.
    """

    def __init__(
        self, tree: Workspace, changes: Iterable[Edit] = (), *flags: str, **options: Any
    ) -> None:
        self.workspace = tree
        self.salt = salted(tree)
        self.cache_ns = options.pop("cache_ns", f"buildlab-{self.salt}")
        self._edits = edits.by_name(changes)
        self._flags, self._options = flags, options
        self._baseline: BuildRecord | None = None
        self.tried: dict[str, BuildRecord] = {}
        self.dockerfile = ""
        """The text of the Dockerfile that it is about, where there is one."""

    @property
    def edits(self) -> tuple[str, ...]:
        """The names of the edits, in their order."""
        return tuple(self._edits)

    @property
    def flags(self) -> tuple[str, ...]:
        """What each of its builds gets."""
        return self._flags

    def beside(self, tree: Workspace) -> Bench:
        """Another bench with the same flags and options, and with mounts of its own."""
        return Bench(tree, (), *self._flags, **self._options)

    def build(self, title: str, /, *flags: str, **options: Any) -> BuildRecord:
        """Build the tree as it is now."""
        options = {"cache_ns": self.cache_ns, **self._options, **options}
        return build(self.workspace, *self._flags, *flags, title=title, **options)

    def build_text(self, text: str, title: str, *flags: str, **options: Any) -> BuildRecord:
        """Build with this Dockerfile; SALT in it becomes a word that no build had before."""
        self.workspace.write(TEXT_FILE, text.replace("SALT", secrets.token_hex(4)))
        return self.build(title, f"--file={TEXT_FILE}", *flags, **options)

    def edit(self, name: str) -> tuple[str, ...]:
        """Make an edit, which stays; returns its flags. Raises UsageError for an unknown name."""
        return edits.find(self._edits, name).apply(self.workspace)

    @property
    def baseline(self) -> BuildRecord:
        """The build before any tried edit: made when it is first asked for."""
        if self._baseline is None:
            self.workspace.checkpoint()
            self._baseline = self.build("baseline").require_ok()
        return self._baseline

    def run(self, name: str) -> BuildRecord:
        """Make one edit, build, take the edit back. Raises UsageError for an unknown name."""
        edit = edits.find(self._edits, name)
        assert self.baseline
        try:
            self.tried[name] = self.build(name, *edit.apply(self.workspace)).require_ok()
        finally:
            self.workspace.reset()
        return self.tried[name]

    def run_all(self, names: Sequence[str] = ()) -> Runs:
        """These edits, or all, against the baseline. What was tried already is not built again."""
        names = tuple(names) or self.edits
        for name in names:
            if name not in self.tried:
                self.run(name)
        return crossed({"baseline": self.baseline, **{n: self.tried[n] for n in names}})


@contextmanager
def bench(
    project: Path, changes: Iterable[Edit] = (), *flags: str, **options: Any
) -> Iterator[Bench]:
    """A bench in a copy of the project, removed at the end, and kept if the block fails."""
    with workspace(project) as tree:
        yield Bench(tree, changes, *flags, **options)
