"""The invalidation rules: one Dockerfile of cheap steps, one edit at a time, what ran again."""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from buildlab.bench.bench import Bench
from buildlab.bench.edits import Edit, longer, swapped, written
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Runs
from buildlab.bench.sample import recipe
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import engine
from buildlab.record.model import BuildRecord
from buildlab.services.registry import Registry, registry

HERE = Path(__file__).parent
RULES = "rules.Dockerfile"
LEAF = "internal/humanize/ago.go"

EDITS: tuple[Edit, ...] = (
    Edit("nothing"),
    Edit("comment in the Dockerfile", swapped(RULES, "WORKDIR", "# where\nWORKDIR")),
    Edit("text of the last RUN", swapped(RULES, "echo", "printf '%s\\n'")),
    Edit("ENV value", swapped(RULES, "CGO_ENABLED=0", "CGO_ENABLED=1")),
    Edit("argument given", flags=("--build-arg=VERSION=v2",)),
    Edit("argument nobody declares", flags=("--build-arg=OTHER=v2",)),
    Edit("source file", longer(LEAF, "\n// one more line\n")),
    Edit("mtime only", lambda t: t.touch(LEAF)),
    Edit("mode", lambda t: t.chmod(LEAF, 0o755)),
    Edit("rename", lambda t: t.rename(LEAF, "internal/humanize/since.go")),
    Edit("file that nothing compiles", written("notes.txt", "remember the milk\n")),
    Edit("ignored file", written("README.md", "# Another title\n")),
    Edit("go.mod", longer("go.mod", "\n// one more line\n")),
)


def rules() -> AbstractContextManager[Bench]:
    """The bench of lesson 01."""
    return recipe(HERE / RULES, EDITS, ignore=(HERE / f"{RULES}.dockerignore").read_text())


@experiment(uses=("sample",))
def order() -> Runs:
    """One source edit against two orders of the same instructions."""
    change = [e for e in EDITS if e.name == "source file"]
    with (
        recipe(HERE / RULES, change) as dependencies,
        recipe(HERE / "source-first.Dockerfile", change) as source,
    ):
        made = {"dependencies first": dependencies, "source first": source}
        return Runs({name: replace(b.run("source file"), title=name) for name, b in made.items()})


def _push_base(shop: Registry, tree: Workspace, name: str) -> str:
    """Push a base image unlike any before under one tag; returns the digest that it has now.

    The engine keeps no image of that name: it would take its own, and not ask the registry.
    """
    tree.write("base.Dockerfile", "FROM debian:trixie-slim\nCOPY which /which\n")
    tree.write("which", f"{name} {secrets.token_hex(8)}\n")
    ref = f"{shop.address}/base:1"
    build(
        tree,
        "--file=base.Dockerfile",
        f"--output=type=image,name={ref},push=true,store=false",
        title=name,
        output="none",
    ).require_ok()
    return shop.digest(ref)


@experiment(uses=("sample",))
def base_image_moved() -> Runs:
    """A base image that moves under its tag, taken by tag and by digest.

    Facts: whether each way saw the new base ("by tag, the step ran again", and by digest).
    """
    records: dict[str, BuildRecord] = {}
    with engine() as lab, registry(lab) as shop, workspace(HERE) as tree:
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
        f"{name}, the step ran again": any(
            s == "ran" for s in records[f"{name}, after"].states().values()
        )
        for name in froms
    }
    return Runs(records, facts)
