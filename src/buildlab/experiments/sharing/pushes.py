"""For the ledger: what a push carries, and what an engine with an empty cache makes of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Runs
from buildlab.builds import build
from buildlab.builds.client import plain
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import engine
from buildlab.engine.model import Engine
from buildlab.experiments.programs import program
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State
from buildlab.services.registry import Registry, registry

STAGES = """FROM debian:trixie-slim AS build
COPY salt /salt
RUN --mount=type=cache,target=/store touch /store/marker && mkdir /out && date > /out/program
COPY source /source
RUN if [ -e /source ]; then date >> /out/program; fi

FROM debian:trixie-slim
COPY --from=build /out/ /
"""
LOOK = "RUN --mount=type=cache,target=/store if [ -e /store/marker ]; then echo kept; fi\n"


@dataclass
class Trial:
    """One fresh engine with a registry; pruned, it is another machine that knows the registry."""

    lab: Engine
    shop: Registry
    tree: Workspace
    records: dict[str, BuildRecord] = field(default_factory=dict)

    def build(self, title: str, *flags: str) -> BuildRecord:
        record = build(self.tree, *flags, title=title, engine=self.lab, output="none")
        self.records[title] = record.require_ok()
        return record

    def forget(self) -> None:
        """Empty the engine's cache, mounts included."""
        plain.prune("--all", engine=self.lab)

    def imported(self, title: str, cache: str) -> set[str]:
        """The cacheable instructions that are cached on an empty engine with this import."""
        self.forget()
        record = self.build(
            title, f"--cache-from=type=registry,ref={cache}", "--output=type=cacheonly"
        )
        return {s.instruction for s in record.steps if s.cacheable and s.state is State.CACHED}


@experiment(uses=("programs/small",))
def shared() -> Runs:
    """Four ways to push, each imported by an empty engine: nothing changed, and source edited.

    Facts: whether all steps, or those of the first stage, were cached there.
    """
    with (
        engine(fresh=True) as lab,
        registry(lab) as shop,
        workspace(program("small")) as tree,
    ):
        trial = Trial(lab, shop, tree)
        tree.write("Dockerfile", STAGES)
        tree.write("salt", secrets.token_hex(8))
        tree.write("source", "one\n")
        name = f"{shop.address}/app"
        max_ref, min_ref = f"{shop.address}/cache:max", f"{shop.address}/cache:min"
        push = f"--output=type=registry,name={name}"
        trial.build("pushed", f"{push}:plain")
        trial.build("pushed with inline cache", f"{push}:inline", "--cache-to=type=inline")
        for mode, ref in (("min", min_ref), ("max", max_ref)):
            to = f"--cache-to=type=registry,ref={ref},mode={mode}"
            trial.build(f"cache exported, {mode}", to, "--output=type=cacheonly")
        refs = {"a plain push": f"{name}:plain", "inline": f"{name}:inline",
                "mode=min": min_ref, "mode=max": max_ref}  # fmt: skip
        facts = _imports(trial, refs)
        facts["the cache of type=registry has a tag of its own"] = "max" in shop.tags("cache")
        facts["the cache of type=registry is an image that runs"] = "config" in shop.manifest(
            max_ref
        ) and "vnd.buildkit" not in str(shop.manifest(max_ref))
    return Runs(trial.records, facts)


def _imports(trial: Trial, refs: dict[str, str]) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for name, ref in refs.items():
        cached = trial.imported(f"nothing changed, {name}", ref)
        facts[f"{name}: all steps cached when nothing changed"] = len(cached) == len(
            trial.records[f"nothing changed, {name}"].states()
        )
    trial.tree.write("source", "two\n")
    for name in ("inline", "mode=min", "mode=max"):
        cached = trial.imported(f"source edited, {name}", refs[name])
        first = any("touch /store/marker" in text for text in cached)
        facts[f"{name}: the step before the edit cached"] = first
    trial.tree.write("Dockerfile", f"FROM debian:trixie-slim\n{LOOK}")
    cache = f"--cache-from=type=registry,ref={refs['mode=max']}"
    record = trial.build("the mount, elsewhere", cache, "--output=type=cacheonly")
    said = record.output
    facts["mode=max carries what cache mounts hold"] = "kept" in said
    return facts


@experiment(uses=("programs/small",))
def pulled() -> Runs:
    """A base that moved under its tag, while the engine holds what the tag was.

    Facts: which builds saw the new base: as they are, with --no-cache, with --pull.
    """
    with engine() as lab, registry(lab) as shop, workspace(program("small")) as tree:
        trial = Trial(lab, shop, tree)
        facts: dict[str, Fact] = {}
        for name in ("old", "new"):
            tree.write("Dockerfile", "FROM debian:trixie-slim\nCOPY which /which\n")
            tree.write("which", f"{name} {secrets.token_hex(8)}\n")
            trial.build(f"{name} base", f"--output=type=registry,name={shop.address}/base:{name}")
        ref = f"{shop.address}/base:1"
        shop.retag(f"{shop.address}/base:old", ref)
        images = lab.client().images
        held = images.pull(ref)
        try:
            digests = held.attrs["RepoDigests"]
            facts["docker image inspect gives the digest to pin"] = any(
                d.endswith(shop.digest(ref)) for d in digests
            )
            shop.retag(f"{shop.address}/base:new", ref)
            for name, flags in WAYS.items():
                lines = f"FROM {ref}\nENV SALT={secrets.token_hex(4)}\nRUN cat /which\n"
                tree.write("Dockerfile", lines)
                record = trial.build(name, *flags, "--output=type=cacheonly")
                said = record.output
                facts[f"{name}: the build saw the new base"] = "new" in said
        finally:
            images.remove(ref, force=True)
    return Runs(trial.records, facts)


WAYS = {"as it is": (), "--no-cache": ("--no-cache",), "--pull": ("--pull",)}
