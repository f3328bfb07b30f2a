"""Sharing the build cache: what a second machine finds of what a first one built.

Every machine here is a fresh engine. The first builds a small program and exports its cache in
each way; for each way and each edit another one imports it, builds and pushes the image.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import engine
from buildlab.experiments.sharing.ways import CROSSED, EDITS, PROGRAM, WAYS
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State, Step
from buildlab.services.registry import Registry, Traffic, reached_by, registry

MB = 1_000_000
FEW_PACKAGES = 4
"""No more than this is the program's own, and a dependency: the rest was there."""
NOT_REPORTED = "not reported"


@dataclass(frozen=True, slots=True)
class Shop:
    """Where caches are kept: a registry, and a folder for those that are files."""

    registry: Registry
    folder: Path

    def fill(self, text: str) -> str:
        return text.format(shop=self.registry.address, folder=self.folder)


@dataclass(frozen=True, slots=True)
class Second:
    """What a second machine did: its builds (one, or two where mounts are carried)."""

    record: BuildRecord
    before: BuildRecord | None
    traffic: Traffic

    def row(self, way: str, edit: str) -> dict[str, Fact]:
        cached = sum(s is State.CACHED for s in self.record.states().values())
        return {
            "cache": way,
            "edit": edit,
            "wall_s": round(self.wall_s, 3),
            "steps cached": f"{cached} of {len(self.record.states())}",
            "packages compiled": compiled(self.record),
            "download step": str(download_step(self.record).state),
            "fetched by go build": fetched_late(self.record),
            "read_mb": self._read_mb(),
            "pushed_mb": round(self.traffic.pushed_bytes / MB, 3),
        }

    @property
    def wall_s(self) -> float:
        return self.record.wall_s + (self.before.wall_s if self.before else 0)

    def _read_mb(self) -> Fact:
        """From the registry, or as files from the client; no transfer is reported of type=local."""
        if any("importing cache manifest from local" in i.name for i in self.record.internals):
            return NOT_REPORTED
        files = self.before.context_bytes if self.before else 0
        return round((self.traffic.pulled_bytes + files) / MB, 3)


def compiled(record: BuildRecord) -> int:
    """Packages that `go build -v` named: those it compiled, standard library included."""
    lines = "".join(s.output for s in record.steps if s.state is State.RAN)
    return len(re.findall(r"^[a-z][\w.]*(?:/[\w.]+)*$", lines, re.MULTILINE))


def download_step(record: BuildRecord) -> Step:
    """The step that downloads modules, and says nothing of them."""
    return next(s for s in record.steps if "go mod download" in s.instruction)


def fetched_late(record: BuildRecord) -> int:
    """Modules that `go build` said it downloads: they were not where the step before put them."""
    lines = "".join(s.output for s in record.steps if s.state is State.RAN)
    return len(re.findall(r"^go: downloading ", lines, re.MULTILINE))


@contextmanager
def first_machine(ways: Iterable[str]) -> Iterator[tuple[Shop, dict[str, BuildRecord]]]:
    """A machine that built everything once and exported it; its shop stays open in the block."""
    with (
        workspace(PROGRAM) as tree,
        engine(fresh=True) as first,
        registry(first) as running,
        tempfile.TemporaryDirectory(prefix="buildlab-caches-") as folder,
    ):
        shop = Shop(running, Path(folder))
        records: dict[str, BuildRecord] = {}
        for dockerfile in dict.fromkeys(WAYS[way].dockerfile for way in ways):
            title = f"first machine, {dockerfile.removesuffix('.Dockerfile')}"
            records[title] = build(
                tree, f"--file={dockerfile}", title=title, output="cache"
            ).require_ok()
        for name in ways:
            if WAYS[name].to or WAYS[name].carried:
                records[f"export: {name}"] = _export(tree, name, shop).require_ok()
        yield shop, records


def _export(tree: Workspace, name: str, shop: Shop) -> BuildRecord:
    """Build again, with nothing left to do but to hand the cache on."""
    way = WAYS[name]
    if way.carried:
        flags = ("--file=carry.Dockerfile", "--target=out", f"--build-arg=WHEN={_token()}")
        output = f"--output=type=local,dest={shop.folder}/carried"
        return build(tree, *flags, output, title=f"export: {name}", output="none")
    push = ("--push", f"--tag={shop.registry.address}/app:{way.to.removeprefix('type=')}")
    return build(
        tree,
        f"--file={way.dockerfile}",
        f"--cache-to={shop.fill(way.to)}",
        *(push if way.to == "type=inline" else ()),
        title=f"export: {name}",
        output="none" if way.to == "type=inline" else "cache",
    )


def second_machine(name: str, edit: str, shop: Shop) -> Second:
    """A fresh engine that imports the cache, builds the edited tree and pushes the image."""
    way, title = WAYS[name], f"{name}, {edit}"
    with (
        workspace(PROGRAM) as tree,
        engine(fresh=True) as runner,
        reached_by(shop.registry, runner) as traffic,
    ):
        EDITS[edit].apply(tree)
        before = _unpack(tree, title, shop).require_ok() if way.carried else None
        record = build(
            tree,
            f"--file={way.dockerfile}",
            *((f"--cache-from={shop.fill(way.source)}",) if way.source else ()),
            "--push",
            f"--tag={shop.registry.address}/app:{_token()}",
            title=title,
            output="none",
        ).require_ok()
    return Second(record, before, traffic)


def _unpack(tree: Workspace, title: str, shop: Shop) -> BuildRecord:
    return build(
        tree,
        "--file=carry.Dockerfile",
        "--target=in",
        f"--build-arg=WHEN={_token()}",
        f"--build-context=carried={shop.folder}/carried",
        title=f"{title}: mounts filled",
        output="cache",
    )


@experiment()
def second_machines() -> Runs:
    """Each way to hand a cache on × each edit, on a second machine that is new each time.

    Rows: one for each, with seconds, steps cached, packages compiled and bytes moved. Facts: the
    same as statements, and `stored_mb` of each export. Without a cache the edit makes no
    difference: it is measured once, for the source edit.
    """
    facts: dict[str, Fact] = {}
    found: dict[tuple[str, str], Second] = {}
    with first_machine(tuple(WAYS)) as (shop, records):
        for name in WAYS:
            facts[f"{name}: stored_mb"] = round(stored_bytes(name, shop) / MB, 3)
        for edit in ("source edit", *(e for e in CROSSED if e != "source edit")):
            for name in WAYS:
                once = found.get((name, "source edit")) if name == "no cache" else None
                found[name, edit] = once or second_machine(name, edit, shop)
    for edit in CROSSED:
        for name in WAYS:
            facts |= _statements(found[name, edit], found["no cache", edit], f"{name}, {edit}")
    kept = {f"{n}, source edit": found[n, "source edit"].record for n in WAYS}
    rows = tuple(found[n, e].row(n, e) for e in CROSSED for n in WAYS)
    return Runs({**records, **kept}, facts, rows=rows)


def _statements(second: Second, bare: Second, about: str) -> dict[str, Fact]:
    record, states = second.record, second.record.states()
    return {
        f"{about}: steps cached": sum(s is State.CACHED for s in states.values()),
        f"{about}: packages compiled": compiled(record),
        f"{about}: the download step was cached": download_step(record).state is State.CACHED,
        f"{about}: modules that go build downloaded": fetched_late(record),
        f"{about}: times as fast as no cache": round(bare.wall_s / second.wall_s, 2),
    }


def stored_bytes(way: str, shop: Shop) -> int:
    """What a way keeps between two machines: in the registry as it lies there, or as files."""
    if WAYS[way].carried or way == "local, max":
        folder = shop.folder / ("carried" if WAYS[way].carried else "cache")
        return sum(p.lstat().st_size for p in folder.rglob("*") if p.is_file())
    ref = WAYS[way].source.rpartition("/")[2]
    return shop.registry.size_bytes(ref) if ref else 0


def exports(runs: Runs) -> tuple[Row, ...]:
    """What `second_machines` found of each export: its seconds, and what it stores."""
    return tuple(
        {
            "cache": way,
            "export_s": round(runs[f"export: {way}"].wall_s, 3),
            "stored_mb": runs.facts[f"{way}: stored_mb"],
        }
        for way in WAYS
        if f"export: {way}" in runs.records
    )


def spared(runs: Runs) -> set[tuple[str, str]]:
    """The cells of `second_machines` in which no more was compiled than the edit asks for."""
    return {
        (str(row["cache"]), str(row["edit"]))
        for row in runs.rows
        if int(row["packages compiled"]) <= FEW_PACKAGES
    }


def fetched_after_edit(runs: Runs) -> str:
    """After a source edit: with mode=max, then with the dependencies in a layer."""
    ways = ("registry, max", "dependencies in a layer")
    return ", ".join(
        str(runs.facts[f"{w}, source edit: modules that go build downloaded"]) for w in ways
    )


def states_by_way(runs: Runs, edit: str) -> tuple[Row, ...]:
    """One edit without a figure of time or bytes: the same on every machine.

    `compiled` is "all" where the standard library was compiled again.
    """
    return tuple(
        {
            "cache": row["cache"],
            "steps cached": row["steps cached"],
            "download step": row["download step"],
            "fetched by go build": row["fetched by go build"],
            "compiled": "few" if int(row["packages compiled"]) <= FEW_PACKAGES else "all",
        }
        for row in runs.rows
        if row["edit"] == edit
    )


def _token() -> str:
    return secrets.token_hex(6)
