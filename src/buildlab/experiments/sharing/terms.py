"""Sharing the build cache, at which terms: compression, what commands export, who may write."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import engine
from buildlab.errors import BuildlabError
from buildlab.experiments.sharing.machines import MB
from buildlab.experiments.sharing.ways import PROGRAM
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State
from buildlab.services.registry import Registry, reached_by, registry

COMPRESSIONS = ("gzip", "zstd", "uncompressed")
FOREIGN = b"written by somebody else"
CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"


@experiment()
def compression() -> Runs:
    """One large layer, exported with each of `COMPRESSIONS`, and used by a machine of its own.

    Rows: seconds of the export, seconds of the build that imports the layer and runs a step on
    top of it, and the bytes that this build read. The layer has the go command and the source of
    the runtime, with another salt each time.
    """
    records: dict[str, BuildRecord] = {}
    rows: list[Row] = []
    flags = ("--file=compress.Dockerfile",)
    with workspace(PROGRAM) as tree, engine(fresh=True) as first, registry(first) as shop:
        for kind in COMPRESSIONS:
            salt = f"--build-arg=SALT={secrets.token_hex(6)}"
            ref = f"type=registry,ref={shop.address}/big:{kind}"
            build(tree, *flags, salt, "--target=big", title=f"{kind}: made", output="cache")
            out = build(
                tree,
                *(*flags, salt, "--target=big"),
                f"--cache-to={ref},mode=max,compression={kind}",
                title=f"{kind}: exported",
                output="cache",
            ).require_ok()
            with engine(fresh=True) as runner, reached_by(shop, runner) as traffic:
                used = build(
                    tree, *flags, salt, f"--cache-from={ref}", title=f"{kind}: used", output="cache"
                ).require_ok()
            records |= {out.title: out, used.title: used}
            rows.append(
                {
                    "compression": kind,
                    "export_s": round(out.wall_s, 3),
                    "use_s": round(used.wall_s, 3),
                    "read_mb": round(traffic.pulled_bytes / MB, 3),
                    "the layer was cached": _state(used, "mkdir /layer") is State.CACHED,
                }
            )
    by_kind = {str(r["compression"]): r for r in rows}
    gzip = by_kind["gzip"]
    facts: dict[str, Fact] = {}
    for kind in COMPRESSIONS[1:]:
        for column in ("export_s", "use_s", "read_mb"):
            ratio = float(by_kind[kind][column]) / float(gzip[column])
            facts[f"{kind} to gzip, {column.rpartition('_')[0]}: ratio"] = round(ratio, 2)
    return Runs(records, facts, rows=tuple(rows))


def _state(record: BuildRecord, instruction: str) -> State:
    return next(s.state for s in record.steps if instruction in s.instruction)


def quicker(runs: Runs) -> str:
    """Which of gzip and zstd exported sooner."""
    return "zstd" if float(runs.facts["zstd to gzip, export: ratio"]) < 1 else "gzip"


@dataclass(frozen=True, slots=True)
class Command:
    """A way to export, as it is written; `ref` is what it is to be imported from afterwards."""

    name: str
    flags: tuple[str, ...]
    ref: str
    tagged: bool = False


COMMANDS = (
    Command("--metadata=type=inline", ("--metadata=type=inline", "--push"), "app:a", tagged=True),
    Command("--output=type=registry", ("--output=type=registry",), "app:b", tagged=True),
    Command(
        "--build-arg BUILDKIT_INLINE_CACHE=1",
        ("--build-arg=BUILDKIT_INLINE_CACHE=1", "--push"),
        "app:c",
        tagged=True,
    ),
    Command("--cache-to type=inline", ("--cache-to=type=inline", "--push"), "app:d", tagged=True),
    Command(
        "--cache-to type=registry", ("--cache-to=type=registry,ref={shop}/cache:min",), "cache:min"
    ),
    Command(
        "--cache-to type=registry,mode=max",
        ("--cache-to=type=registry,ref={shop}/cache:max,mode=max",),
        "cache:max",
    ),
    Command("--cache-to type=gha,mode=max", ("--cache-to=type=gha,mode=max",), ""),
)


@experiment()
def cache_commands() -> Runs:
    """What the commands of articles and documentation export, judged by a second machine's hits.

    Rows: the command, whether the build took it, and how many steps a fresh engine that imports
    the result had cached, of three.
    """
    records: dict[str, BuildRecord] = {}
    rows: list[Row] = []
    facts: dict[str, Fact] = {}
    salt = f"--build-arg=SALT={secrets.token_hex(6)}"
    with workspace(PROGRAM) as tree, engine(fresh=True) as first, registry(first) as shop:
        for command in COMMANDS:
            tag = (f"--tag={shop.address}/{command.ref}",) if command.tagged else ()
            flags = (salt, *(f.format(shop=shop.address) for f in command.flags), *tag)
            made = _try(tree, command.name, flags)
            hits = 0
            if isinstance(made, str):
                facts[f"{command.name}: message"] = made
            else:
                records[command.name] = made
                hits = _hits(tree, command, salt, shop) if command.ref else 0
            taken = command.name in records
            rows.append({"command": command.name, "taken": taken, "steps cached": hits})
            facts[f"{command.name}: the build took it"] = taken
            facts[f"{command.name}: a second machine had steps cached"] = hits > 0
        low, high = shop.manifest("cache:min"), shop.manifest("cache:max")
    facts["mode=min: layers stored"] = _layers(low)
    facts["mode=max: layers stored"] = _layers(high)
    facts["the registry cache is no image that runs"] = CACHE_CONFIG in str(high)
    gha = records["--cache-to type=gha,mode=max"]
    exported = [i for i in gha.internals if i.kind == "cache export" and not i.error]
    facts["type=gha outside GitHub: something was exported"] = bool(exported)
    return Runs(records, facts, rows=tuple(rows))


def _layers(manifest: dict[str, object]) -> int:
    parts = manifest.get("layers") or manifest.get("manifests") or []
    assert isinstance(parts, list)
    return sum("cacheconfig" not in str(part) for part in parts)


def _two_stages(tree: Workspace, title: str, *flags: str) -> BuildRecord:
    push = any(f.startswith(("--push", "--output")) for f in flags)
    return build(
        tree,
        "--file=two-stages.Dockerfile",
        *flags,
        title=title,
        output="none" if push else "cache",
    ).require_ok()


def _try(tree: Workspace, title: str, flags: Sequence[str]) -> BuildRecord | str:
    """The build, or what was said in its place."""
    try:
        return _two_stages(tree, title, *flags)
    except BuildlabError as fault:
        return fault.message.splitlines()[0]


def _hits(tree: Workspace, command: Command, salt: str, shop: Registry) -> int:
    with engine(fresh=True) as runner, reached_by(shop, runner):
        source = f"--cache-from=type=registry,ref={shop.address}/{command.ref}"
        record = _two_stages(tree, f"{command.name}: imported", salt, source)
    return sum(s is State.CACHED for s in record.states().values())


@experiment()
def foreign_cache() -> Runs:
    """A cache written by somebody whose engine holds a changed module.

    Their tree, Dockerfile and go.sum are those of everybody; a cache mount is no part of a step's
    key. Facts say what a second machine makes of the cache they pushed: whether its program holds
    what they wrote into the module.
    """
    facts: dict[str, Fact] = {}
    with (
        workspace(PROGRAM) as tree,
        _foreign_writer(tree) as (shop, records),
        engine(fresh=True) as runner,
        reached_by(shop, runner),
    ):
        for name, flags in {
            "imported": (f"--cache-from={_main(shop)}",),
            "no longer imported": (),
            "built without cache": ("--no-cache",),
        }.items():
            records[name], foreign = _program(tree, name, *flags)
            ran = _state(records[name], "go build") is State.RAN
            facts[f"{name}: the program was compiled here"] = ran
            facts[f"{name}: the program holds the foreign code"] = foreign
    return Runs(records, facts)


@contextmanager
def _foreign_writer(tree: Workspace) -> Iterator[tuple[Registry, dict[str, BuildRecord]]]:
    """The writer's registry, with the cache in it, and the writer's builds."""
    with engine(fresh=True) as writer, registry(writer) as shop:
        title = "module changed"
        changed = build(tree, "--file=tampered.Dockerfile", title=title, output="cache")
        to = f"--cache-to={_main(shop)},mode=max"
        written, _ = _program(tree, "cache written", to)
        yield shop, {title: changed.require_ok(), written.title: written}


def _main(shop: Registry) -> str:
    return f"type=registry,ref={shop.address}/cache:main"


def _program(tree: Workspace, title: str, *flags: str) -> tuple[BuildRecord, bool]:
    """Build the program; whether it holds the foreign code."""
    with tempfile.TemporaryDirectory(prefix="buildlab-out-") as out:
        to = f"--output=type=local,dest={out}"
        record = build(tree, "--file=mounts.Dockerfile", *flags, to, title=title, output="none")
        return record.require_ok(), FOREIGN in (Path(out) / "greeter").read_bytes()


def verdict(foreign: Runs) -> str:
    """What `foreign_cache` found, as one of three answers."""
    if foreign.facts["imported: the program holds the foreign code"]:
        return "yes"
    compiled = foreign.facts["imported: the program was compiled here"]
    return "no: the cache key differs" if compiled else "no: go.sum notices it"
