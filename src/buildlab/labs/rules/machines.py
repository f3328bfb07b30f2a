"""Rules of a second machine: what it finds of what a first one built, through a registry alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from buildlab.artifact.image import remove
from buildlab.basics import jsontext
from buildlab.builds import build
from buildlab.builds.unwatched import unwatched
from buildlab.builds.workspace import workspace
from buildlab.engine import engine as engines
from buildlab.engine.images import GOLANG
from buildlab.engine.model import Engine
from buildlab.host import child
from buildlab.labs.model import Fact
from buildlab.labs.rules.caching import fits
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.toolchain import Told
from buildlab.labs.trial import NotBuilt, Trial, Ungradable, error_text
from buildlab.record.model import BuildRecord
from buildlab.record.phrases import count, format_bytes
from buildlab.services.registry import Registry, reached_by, registry

BAKE: Final = "docker-bake.hcl"
_EMPTY = Path(__file__).parents[1] / "leaky"
"""A small folder, to begin from."""
_LIMIT_S = 240.0
_ASK_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the answer's bake file asks of a build."""

    flags: tuple[str, ...]
    imports: tuple[str, ...]
    exports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Second:
    record: BuildRecord
    told: Told
    pulled_bytes: int


@rule
def compiles_only_elsewhere(
    trial: Trial, *, edit: str, packages: tuple[str, ...], at_least: int = 1
) -> Seen:
    """On an empty engine that has the registry alone, after this edit, no package is compiled but
    these (patterns), and at least so many.

    Facts: `compiled`, `too many`, `first` (one that is too many), `std` (whether Go's own packages
    were compiled), `before` (what a build from nothing compiles).
    """
    told = _second(trial, edit).told
    extra = [p for p in told.packages if not fits(p, packages)]
    own = [p for p in extra if "." not in p.partition("/")[0] and not p.startswith("main in")]
    facts: dict[str, Fact] = {
        "compiled": len(told.packages),
        "too many": len(extra),
        "first": extra[0] if extra else "",
        "std": bool(own),
        "before": len(trial.built().told.packages),
    }
    if extra:
        text = f"on a second machine, after {edit}, {count(len(told.packages), 'package')} compiled"
        return Seen(False, f"{text}, {', '.join(extra[:4])} among them", facts)
    if len(told.packages) < at_least:
        return Seen(False, f"nothing was compiled after {edit}: the edit doesn't arrive", facts)
    return Seen(True, f"on a second machine, compiled: {', '.join(told.packages)}", facts)


@rule
def fetches_nothing_elsewhere(trial: Trial, *, edit: str) -> Seen:
    """On that engine, after this edit, no module is fetched; the first machine fetched some.

    Facts: `fetched`, `first`, `before`.
    """
    fetched, before = _second(trial, edit).told.fetched, trial.built().told.fetched
    if not before:
        raise Ungradable("the first machine fetched no module either", "see what its step does")
    facts: dict[str, Fact] = {
        "fetched": len(fetched),
        "first": fetched[0] if fetched else "",
        "before": len(before),
    }
    if fetched:
        return Seen(False, f"on a second machine, fetched: {', '.join(fetched)}", facts)
    return Seen(True, f"on a second machine none of {count(len(before), 'module')} fetched", facts)


@rule
def pulls_less(trial: Trial, *, edit: str, size_bytes: int) -> Seen:
    """On that engine, after this edit, the build reads less than that from the registry, which
    counts it. The Go image was there before. Facts: `pulled_bytes`."""
    pulled = _second(trial, edit).pulled_bytes
    limit = format_bytes(size_bytes)
    text = f"{format_bytes(pulled)} read from the registry, at most {limit} asked for"
    return Seen(pulled <= size_bytes, text, {"pulled_bytes": pulled})


@rule
def builds_without_cache(trial: Trial) -> Seen:
    """The first machine builds although the cache that it asks for isn't there yet.

    Facts: `built`, `asked` (how many caches it asks for).
    """
    shop = _shop(trial)
    asked = _asked(trial, shop)
    facts: dict[str, Fact] = {"built": False, "asked": len(asked.imports)}
    try:
        _first(trial)
    except NotBuilt as fault:
        said = (fault.hint or fault.message).splitlines()[0]
        return Seen(False, f"without a cache the build fails: {said}", facts)
    facts["built"] = True
    if not asked.imports:
        return Seen(False, f"{BAKE} asks for no cache at all", facts)
    return Seen(True, "the first build, which found no cache, succeeded", facts)


def _shop(trial: Trial) -> Registry:
    return trial.once("shop", lambda: trial.open.enter_context(registry(trial.engine)))


def _first(trial: Trial) -> Registry:
    """The first machine: builds, pushes the image, exports its cache. Raises NotBuilt."""

    def make() -> BuildRecord:
        shop = _shop(trial)
        _push_go(trial, shop)
        asked = _asked(trial, shop)
        return trial.again(
            flags=(
                *(_go(shop), *asked.flags, *asked.imports, *asked.exports),
                *("--push", f"--tag={shop.address}/app:1"),
            ),
            title="first machine",
            output="none",
            fails=True,
        ).record

    record = trial.once("first machine", make)
    if not record.ok:
        raise NotBuilt("first machine: the build fails", error_text(record))
    return _shop(trial)


def _second(trial: Trial, edit: str) -> _Second:
    """The second machine: an empty engine, with the Go image, the registry, and this edit."""

    def make() -> _Second:
        shop = _first(trial)
        asked = _asked(trial, shop)
        trial.progress("building it on an empty engine")
        with engines(fresh=True) as other, workspace(trial.tree.path) as tree:
            _have_go(other, shop)
            more = trial.lab.edits[edit].apply(tree)
            title = f"second machine: {edit}"
            with reached_by(shop, other) as traffic:
                record = build(
                    tree,
                    *(_go(shop), *asked.flags, *asked.imports, *more),
                    title=title,
                    engine=other,
                    output="cache",
                    timeout_s=_LIMIT_S,
                )
        trial.records[title] = record
        trial.asked.append(title)
        return _Second(record, Told.by(record.work), traffic.pulled_bytes)

    made = trial.once(("second machine", edit), make)
    if not made.record.ok:
        raise NotBuilt("second machine: the build fails", error_text(made.record))
    return made


def _go(shop: Registry) -> str:
    return f"--build-context={GOLANG}=docker-image://{shop.address}/go:1"


def _push_go(trial: Trial, shop: Registry) -> None:
    """The Go image of this check, with its tools that count, where the second machine finds it.

    It is the same manifest: with another one the steps above it would have other keys there.
    """
    if not trial.go_image:
        raise Ungradable(
            "this engine keeps no images, so a second machine can't have the lab's Go image",
            "use the kit's own engine: unset BUILDLAB_BUILDER, BUILDLAB_ENGINE=embedded",
        )
    argv = [*trial.engine.cli, "tag", trial.go_image, f"{shop.address}/go:1"]
    env = trial.engine.child_env()
    child.run(argv, env=env, limit_s=_ASK_LIMIT_S).require_ok("the Go image can't be named")
    trial.open.callback(remove, trial.engine, f"{shop.address}/go:1")
    argv = [*trial.engine.cli, "push", "--quiet", f"{shop.address}/go:1"]
    child.run(argv, env=env, limit_s=_LIMIT_S).require_ok("the Go image can't be pushed")


def _have_go(other: Engine, shop: Registry) -> None:
    with reached_by(shop, other), workspace(_EMPTY) as tree, unwatched():
        tree.write("Dockerfile", f"FROM {GOLANG}\nRUN true\n")
        build(
            *(tree, _go(shop)),
            title="the Go image, pulled",
            engine=other,
            output="cache",
            timeout_s=_LIMIT_S,
        ).require_ok()


def _asked(trial: Trial, shop: Registry) -> _Asked:
    return trial.once("bake", lambda: _baked(trial, shop))


def _baked(trial: Trial, shop: Registry) -> _Asked:
    """What `docker buildx bake --print` says of the answer's file, as flags of a build."""
    path = trial.tree.path / BAKE
    if not path.is_file():
        raise Ungradable(f"there is no {BAKE}", "write it again, or: buildlab labs reset")
    env = {**trial.engine.child_env(), "REGISTRY": shop.address}
    argv = [*trial.engine.buildx, "bake", "--print", f"--file={path}"]
    said = child.run(argv, env=env, limit_s=_ASK_LIMIT_S)
    if not said.ok:
        raise NotBuilt(f"{BAKE} can't be read", said.last(3))
    told: dict[str, Any] = jsontext.loads(said.stdout)
    names = told.get("group", {}).get("default", {}).get("targets") or list(told["target"])
    target: Mapping[str, Any] = told["target"][names[0]]
    flags = [f"--build-arg={k}={v}" for k, v in (target.get("args") or {}).items()]
    flags += [f"--target={target['target']}"] if target.get("target") else []
    for name, where in (target.get("contexts") or {}).items():
        if not str(where).startswith("docker-image://"):
            raise NotBuilt(f"{BAKE}: the context {name} is no image", "machines share a registry")
        flags.append(f"--build-context={name}={where}")
    return _Asked(
        tuple(flags),
        tuple(f"--cache-from={_cache(c)}" for c in target.get("cache-from") or ()),
        tuple(f"--cache-to={_cache(c)}" for c in target.get("cache-to") or ()),
    )


def _cache(told: str | Mapping[str, Any]) -> str:
    """A cache as docker's flags have it. Raises NotBuilt for one that stays on a machine."""
    text = told if isinstance(told, str) else ",".join(f"{k}={v}" for k, v in told.items())
    if not any(part in text for part in ("type=registry", "type=inline")) and "type=" in text:
        raise NotBuilt(
            f"{BAKE}: {text} is nowhere where a second machine finds it",
            "between these machines there is a registry and nothing else",
        )
    return text
