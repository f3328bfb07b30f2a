"""The invalidation rules: one Dockerfile of cheap steps, one edit at a time, what ran again."""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from buildlab.bench.experiment import experiment
from buildlab.bench.recipe import Bench, bench, edit, nothing
from buildlab.bench.runs import Runs
from buildlab.builds import build
from buildlab.builds.workspace import Edit, Workspace, workspace
from buildlab.engine import engine
from buildlab.record.model import BuildRecord
from buildlab.services.registry import Registry, registry

HERE = Path(__file__).parent
RULES = "rules.Dockerfile"
LEAF = "internal/humanize/ago.go"

EDITS: tuple[Edit, ...] = (
    edit("nothing", nothing),
    edit("comment in the Dockerfile", lambda t: t.replace(RULES, "WORKDIR", "# where\nWORKDIR")),
    edit("text of the last RUN", lambda t: t.replace(RULES, "echo", "printf '%s\\n'")),
    edit("ENV value", lambda t: t.replace(RULES, "CGO_ENABLED=0", "CGO_ENABLED=1")),
    edit("argument given", nothing, "--build-arg=VERSION=v2"),
    edit("argument nobody declares", nothing, "--build-arg=OTHER=v2"),
    edit("source file", lambda t: t.write(LEAF, t.read(LEAF) + "\n// one more line\n")),
    edit("mtime only", lambda t: t.touch(LEAF)),
    edit("mode", lambda t: t.chmod(LEAF, 0o755)),
    edit("rename", lambda t: t.rename(LEAF, "internal/humanize/since.go")),
    edit("file that nothing compiles", lambda t: t.write("notes.txt", "remember the milk\n")),
    edit("ignored file", lambda t: t.write("README.md", "# Another title\n")),
    edit("go.mod", lambda t: t.write("go.mod", t.read("go.mod") + "\n// one more line\n")),
)


def rules() -> AbstractContextManager[Bench]:
    """The bench of lesson 01."""
    return bench(HERE / RULES, EDITS, ignore=(HERE / f"{RULES}.dockerignore").read_text())


@experiment(uses=("sample",))
def order() -> Runs:
    """One source edit against two orders of the same instructions."""
    change = [e for e in EDITS if e.name == "source file"]
    with (
        bench(HERE / RULES, change) as dependencies,
        bench(HERE / "source-first.Dockerfile", change) as source,
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
