"""A month of pipelines: a sample is measured, the month is drawn from it."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from buildlab.bench import evidence
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.bench.sample import sample_file
from buildlab.builds import build
from buildlab.builds.workspace import workspace
from buildlab.errors import UsageError
from buildlab.experiments.sharing import machines
from buildlab.experiments.sharing.ways import PROGRAM
from buildlab.record.model import BuildRecord

STRATEGIES = ("no cache", "registry, max", "dependencies in a layer", "mounts carried")
HISTORY: Mapping[str, float] = {
    "source edit": 0.86,
    "no change": 0.06,
    "dependency bump": 0.06,
    "base bump": 0.02,
}
"""Share of each kind of commit. An assumption, made to look like a service under work; "no
change" is a commit to files that no image is made of."""
COMMITS = 400
SEED = 11
KIND = "source edit"
"""The commit of every day."""
MINUTE_S = 60


@experiment()
def month_sample() -> Runs:
    """Each strategy × each kind of commit, each on a new engine: what a month is drawn from.

    Rows: one for each build. What lesson 10 has measured in this session is not built again:
    its rows are taken too, and say so. Without a cache a build does not depend on the commit.
    """
    kept = evidence.find(machines.second_machines)
    rows: list[Row] = [
        _row(row, "lesson 10")
        for row in (kept.value.rows if kept else ())
        if row["cache"] in STRATEGIES[1:] or (row["cache"], row["edit"]) == (STRATEGIES[0], KIND)
    ]
    kinds = ("source edit", "base bump") if kept else tuple(HISTORY)
    facts: dict[str, Fact] = {"builds taken from lesson 10": len(rows)}
    with machines.first_machine(STRATEGIES) as (shop, records):
        for kind in kinds:
            for name in STRATEGIES:
                if name == "no cache" and kind != KIND:
                    continue
                second = machines.second_machine(name, kind, shop)
                records[f"{name}, {kind}"] = second.record
                rows.append(_row(second.row(name, kind), "this lesson"))
        for target, image in {"build": "single stage", "": "multi-stage"}.items():
            record, size = _pushed(shop, target)
            records[f"image, {image}"] = record
            facts[f"image, {image}: compressed_mb"] = round(size / machines.MB, 2)
    facts["builds measured for this lesson"] = len(rows) - int(facts["builds taken from lesson 10"])
    bare = _median(rows, "no cache")
    for name in STRATEGIES[1:]:
        faster = bare / _median(rows, name, KIND)
        facts[f"{name}, source edit: times as fast as no cache"] = round(faster, 2)
    return Runs(records, facts, rows=tuple(rows))


def _pushed(shop: machines.Shop, target: str) -> tuple[BuildRecord, int]:
    """The program's image, or that of one stage of it, and its compressed size."""
    ref = f"{shop.registry.address}/image:{target or 'last'}"
    with workspace(PROGRAM) as tree:
        record = build(
            tree,
            *("--file=mounts.Dockerfile", *((f"--target={target}",) if target else ())),
            *("--push", f"--tag={ref}"),
            title=f"image, {target or 'last'} stage",
            output="none",
        ).require_ok()
    return record, shop.registry.size_bytes(ref)


def _row(crossed: Row, where: str) -> Row:
    """A row of lesson 10's matrix as one of the sample."""
    return {
        "strategy": crossed["cache"],
        "kind": crossed["edit"],
        "wall_s": crossed["wall_s"],
        "packages compiled": crossed["packages compiled"],
        "measured in": where,
    }


def _walls(rows: Sequence[Row], strategy: str, kind: str = "") -> list[float]:
    """What was measured. Without a cache, every build stands for every kind of commit."""
    return [
        float(row["wall_s"])
        for row in rows
        if row["strategy"] == strategy
        and (not kind or strategy == "no cache" or row["kind"] == kind)
    ]


def _median(rows: Sequence[Row], strategy: str, kind: str = "") -> float:
    return median(_walls(rows, strategy, kind))


def quickest(sampled: Runs) -> str:
    """The strategy that was quickest after a source edit."""
    return min(STRATEGIES, key=lambda name: _median(sampled.rows, name, KIND))


def compiled_all(sampled: Runs) -> set[tuple[str, str]]:
    """Strategy and kind of commit, where the standard library was compiled again."""
    return {
        (str(row["strategy"]), str(row["kind"]))
        for row in sampled.rows
        if int(row["packages compiled"]) > machines.FEW_PACKAGES
        and row["strategy"] in STRATEGIES[1:]
    }


CHANGES = (
    "mode=min in place of mode=max",
    "the dependencies compiled in a layer",
    "the base image pinned by digest",
    "none of these",
)
MARGIN = 0.8
"""Seconds are noisy: what helps takes less than this share of what it is compared with."""


def best_change(sampled: Runs) -> str:
    """Which of `CHANGES` helps after a source edit. `min` holds less than `max`, and a pinned base
    changes nothing about an edit, so the layer helps or nothing of these does."""
    layer, mounts = (
        _median(sampled.rows, name, KIND) for name in ("dependencies in a layer", "registry, max")
    )
    return CHANGES[1] if layer < MARGIN * mounts else CHANGES[3]


def pipeline(name: str) -> str:
    """The text of a file of sample_go_app/ci: "github-actions.yml", "gitlab-ci.yml", …"""
    return sample_file(f"ci/{name}").read_text()


@dataclass(frozen=True, slots=True)
class Month:
    """Commits and, for each strategy, the seconds of each commit's build. Drawn, not measured."""

    kinds: tuple[str, ...]
    seconds: Mapping[str, tuple[float, ...]]
    recorded: str = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """One row for each build."""
        return tuple(
            {"strategy": name, "kind": kind, "wall_s": wall}
            for name, walls in self.seconds.items()
            for kind, wall in zip(self.kinds, walls, strict=True)
        )

    def history(self) -> tuple[Row, ...]:
        """How many commits of each kind were drawn."""
        return tuple({"kind": kind, "commits": self.kinds.count(kind)} for kind in HISTORY)


def draw(sampled: Runs, commits: int = COMMITS, seed: int = SEED) -> Month:
    """A month of commits. The same seed draws the same commits for every strategy.

    Each build takes what one of the measured builds of its strategy and kind took, by chance
    where there were several. Raises UsageError where a pair was not measured.
    """
    if commits < 1:
        raise UsageError(f"{commits} commits are no month", "draw one at least")
    dice = random.Random(seed)
    kinds = tuple(dice.choices(list(HISTORY), list(HISTORY.values()), k=commits))
    seconds: dict[str, tuple[float, ...]] = {}
    for name in STRATEGIES:
        measured = {kind: _walls(sampled.rows, name, kind) for kind in HISTORY}
        if missing := [kind for kind in HISTORY if not measured[kind]]:
            raise UsageError(
                f"no build of {name!r} was measured for: {', '.join(missing)}",
                "take a whole sample: experiments.ci_month.month_sample()",
            )
        seconds[name] = tuple(dice.choice(measured[kind]) for kind in kinds)
    return Month(kinds, seconds, sampled.recorded)


def cost(
    month: Month, price_per_minute: float, no_cache_minutes: float | None = None
) -> tuple[Row, ...]:
    """What the month costs, billed by the second and by the started minute of each build.

    With `no_cache_minutes`, how long *your* build takes without a cache, every duration is
    stretched so that this one fits: an extrapolation, as your ratios will differ. Raises
    UsageError for a price below 0 or a duration that is not above it.
    """
    if price_per_minute < 0 or (no_cache_minutes is not None and not no_cache_minutes > 0):
        raise UsageError(
            "a price can't be below 0, and a build takes some time",
            "cost(month, price_per_minute=0.01, no_cache_minutes=5)",
        )
    stretch = 1.0
    if no_cache_minutes is not None:
        stretch = no_cache_minutes * MINUTE_S / median(month.seconds["no cache"])
    rows: list[Row] = []
    for name, walls in month.seconds.items():
        minutes = [wall * stretch / MINUTE_S for wall in walls]
        started = sum(math.ceil(m) for m in minutes)
        rows.append(
            {
                "strategy": name,
                "minutes": round(sum(minutes), 1),
                "started minutes": started,
                "cost by second": round(sum(minutes) * price_per_minute, 2),
                "cost by started minute": round(started * price_per_minute, 2),
            }
        )
    return tuple(rows)


PUBLISHED: tuple[tuple[str, str, float, float, str], ...] = (
    ("the article's headline, a CI run", "layer caching", 12, 3, "min"),
    ("Uber, 200 services", "module stage, inline cache", 9, 6, "min"),
    ("Shopify", "go.mod before the source", 8, 2, "min"),
    ("the article's table, time", "multi-stage with cache", 9.8, 2.3, "min"),
    ("the article's table, time", "and the inline cache", 2.3, 1.8, "min"),
    ("the article's table, image", "multi-stage", 62, 15, "MB"),
)
"""Who, what was changed, before, after, unit: as published. None of it can be checked here."""


def beside_published(sampled: Runs) -> tuple[Row, ...]:
    """The articles' figures, and ours, each marked by where it comes from."""
    bare = _median(sampled.rows, "no cache")
    ours = [
        ("the kit's program, source edit", name, bare, _median(sampled.rows, name, KIND), "s")
        for name in STRATEGIES[1:]
    ]
    large, small = (
        float(sampled.facts[f"image, {image}: compressed_mb"])
        for image in ("single stage", "multi-stage")
    )
    ours.append(("the kit's program, compressed image", "multi-stage", large, small, "MB"))
    return tuple(
        {
            "whose": whose,
            "change": change,
            "before": round(before, 2),
            "after": round(after, 2),
            "unit": unit,
            "ratio": round(before / after, 1),
            "origin": origin,
        }
        for origin, figures in (("published", PUBLISHED), ("measured here", ours))
        for whose, change, before, after, unit in figures
    )
