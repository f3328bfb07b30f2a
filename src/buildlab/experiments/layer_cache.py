"""The invalidation rules: one Dockerfile of cheap steps, one edit at a time, what ran again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from buildlab.build import build
from buildlab.engine import engine
from buildlab.experiments.runs import Runs, crossed
from buildlab.experiments.service import Change, salted, sample_app
from buildlab.record import BuildRecord
from buildlab.registry import Registry, registry
from buildlab.replay import replayable
from buildlab.workspace import Edit, Workspace, workspace

RECIPES = Path(__file__).parent / "recipes"
RULES = "rules.Dockerfile"
LEAF = "internal/humanize/ago.go"


def edit(name: str, change: Change, *flags: str) -> Edit:
    """An edit that changes the tree, the flags of the build, or both."""

    def apply(tree: Workspace) -> tuple[str, ...]:
        change(tree)
        return flags

    return Edit(name, apply)


def _nothing(_: Workspace) -> None:
    pass


EDITS: tuple[Edit, ...] = (
    edit("nothing", _nothing),
    edit("comment in the Dockerfile", lambda t: t.replace(RULES, "WORKDIR", "# where\nWORKDIR")),
    edit("text of the last RUN", lambda t: t.replace(RULES, "echo", "printf '%s\\n'")),
    edit("ENV value", lambda t: t.replace(RULES, "CGO_ENABLED=0", "CGO_ENABLED=1")),
    edit("argument given", _nothing, "--build-arg=VERSION=v2"),
    edit("argument nobody declares", _nothing, "--build-arg=OTHER=v2"),
    edit("source file", lambda t: t.write(LEAF, t.read(LEAF) + "\n// one more line\n")),
    edit("mtime only", lambda t: t.touch(LEAF)),
    edit("mode", lambda t: t.chmod(LEAF, 0o755)),
    edit("rename", lambda t: t.rename(LEAF, "internal/humanize/since.go")),
    edit("file that nothing compiles", lambda t: t.write("notes.txt", "remember the milk\n")),
    edit("ignored file", lambda t: t.write("README.md", "# Another title\n")),
    edit("go.mod", lambda t: t.write("go.mod", t.read("go.mod") + "\n// one more line\n")),
)


class Rules:
    """A copy of the service with the lesson's Dockerfile, built once; then edits, one at a time."""

    def __init__(self, tree: Workspace, recipe: str = RULES) -> None:
        self._tree = tree
        self._recipe = recipe
        self.dockerfile = (RECIPES / recipe).read_text()
        self._edits: Mapping[str, Edit] = {e.name: e for e in EDITS}
        for name in (recipe, f"{recipe}.dockerignore"):
            if (RECIPES / name).is_file():
                tree.write(name, (RECIPES / name).read_text())
        salted(tree)
        tree.checkpoint()
        self.baseline = self._build("baseline")
        self.tried: dict[str, BuildRecord] = {}

    def _build(self, title: str, flags: Sequence[str] = ()) -> BuildRecord:
        return build(
            self._tree,
            f"--file={self._recipe}",
            *flags,
            title=title,
            output="cache",
        ).require_ok()

    def run(self, name: str) -> BuildRecord:
        """Make one edit of `EDITS`, build, take the edit back. The record is of that build."""
        flags = self._edits[name].apply(self._tree)
        try:
            record = self._build(name, flags)
        finally:
            self._tree.reset()
        self.tried[name] = record
        return record

    def run_all(self, names: Sequence[str] = ()) -> Runs:
        """These edits, or all, against the baseline. What was tried already is not built again."""
        names = tuple(names) or tuple(self._edits)
        for name in names:
            if name not in self.tried:
                self.run(name)
        return crossed({"baseline": self.baseline, **{n: self.tried[n] for n in names}})


@contextmanager
def rules() -> Iterator[Rules]:
    """The bench of the lesson, removed at the end."""
    with workspace(sample_app()) as tree:
        yield Rules(tree)


@replayable
def order() -> Runs:
    """One source edit against two orders of the same instructions."""
    records: dict[str, BuildRecord] = {}
    for name, recipe in (
        ("dependencies first", RULES),
        ("source first", "source-first.Dockerfile"),
    ):
        with workspace(sample_app()) as tree:
            bench = Rules(tree, recipe)
            records[name] = bench.run("source file")
    return Runs(records)


def _push_base(shop: Registry, tree: Workspace, name: str) -> str:
    """Push a base image unlike any before under one tag; returns the digest that it has now."""
    tree.write("base.Dockerfile", "FROM debian:trixie-slim\nCOPY which /which\n")
    tree.write("which", f"{name} {secrets.token_hex(8)}\n")
    ref = f"{shop.address}/base:1"
    build(
        tree, "--file=base.Dockerfile", "--push", f"--tag={ref}", title=name, output="none"
    ).require_ok()
    return shop.digest(ref)


@replayable
def base_image_moved() -> Runs:
    """A base image that moves under its tag, taken by tag and by digest.

    Facts: whether each way saw the new base (`by_tag_ran`, `by_digest_ran`).
    """
    records: dict[str, BuildRecord] = {}
    with engine() as lab, registry(lab) as shop, workspace(RECIPES) as tree:
        first = _push_base(shop, tree, "first base")
        froms = {"by tag": f"{shop.address}/base:1", "by digest": f"{shop.address}/base:1@{first}"}
        for name, base in froms.items():
            tree.write(f"{name}.Dockerfile", f"FROM {base}\nRUN cat /which > /seen\n")

        def both(when: str) -> None:
            for name in froms:
                records[f"{name}, {when}"] = build(
                    tree, f"--file={name}.Dockerfile", title=f"{name}, {when}", output="cache"
                ).require_ok()

        both("before")
        _push_base(shop, tree, "second base")
        both("after")
    facts = {
        f"{name.replace(' ', '_')}_ran": any(
            s == "ran" for s in records[f"{name}, after"].states().values()
        )
        for name in froms
    }
    return Runs(records, facts)
