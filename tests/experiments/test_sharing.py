"""What lesson 10 states, held by what was measured."""

from __future__ import annotations

import pytest

from buildlab.bench.evidence import measured
from buildlab.bench.runs import Runs
from buildlab.engine import Engine
from buildlab.experiments.sharing import machines, terms
from buildlab.experiments.sharing.ways import CROSSED, WAYS

IMAGE_ONLY = ("inline", "registry, min")
ALL_STAGES = ("registry, max", "local, max")
SHARED = tuple(name for name in WAYS if name != "no cache")


@pytest.fixture(scope="module")
def crossed(lab_engine: Engine) -> Runs:
    return measured(machines.second_machines)


@pytest.fixture(scope="module")
def commands(lab_engine: Engine) -> Runs:
    return measured(terms.cache_commands)


def cached(runs: Runs, way: str, edit: str) -> str:
    return next(
        str(row["steps cached"]) for row in runs.rows if (row["cache"], row["edit"]) == (way, edit)
    )


def test_every_way_meets_every_edit(crossed: Runs) -> None:
    """The matrix is complete."""
    assert {(r["cache"], r["edit"]) for r in crossed.rows} == {
        (way, edit) for way in WAYS for edit in CROSSED
    }


@pytest.mark.parametrize("way", [w for w in SHARED if w != "mounts carried"])
def test_no_change_is_a_full_hit(crossed: Runs, way: str) -> None:
    """Each kind of build cache spares a second machine all steps where nothing changed."""
    done, _, total = cached(crossed, way, "no change").partition(" of ")
    assert done == total
    assert crossed.facts[f"{way}, no change: packages compiled"] == 0


@pytest.mark.parametrize("way", IMAGE_ONLY)
@pytest.mark.parametrize("edit", ["source edit", "dependency bump"])
def test_the_final_stage_is_of_no_use_after_an_edit(crossed: Runs, way: str, edit: str) -> None:
    """Inline and mode=min have nothing for a multi-stage build whose program differs."""
    assert crossed.facts[f"{way}, {edit}: steps cached"] == 0


@pytest.mark.parametrize("way", ALL_STAGES)
def test_a_cached_download_leaves_an_empty_mount(crossed: Runs, way: str) -> None:
    """With mode=max the download step is a hit, and the module is downloaded all the same."""
    assert crossed.facts[f"{way}, source edit: the download step was cached"] is True
    assert crossed.facts[f"{way}, source edit: modules that go build downloaded"] == 1


@pytest.mark.parametrize("way", ALL_STAGES)
def test_the_compilers_cache_does_not_travel(crossed: Runs, way: str) -> None:
    """With cache mounts a second machine compiles as much as one that has nothing: after a bump
    that is inline's, as without a cache only the source edit is measured."""
    for edit, bare in (("source edit", "no cache"), ("dependency bump", "inline")):
        assert crossed.facts[f"{bare}, {edit}: steps cached"] == 0
        compiled = crossed.facts[f"{way}, {edit}: packages compiled"]
        assert compiled == crossed.facts[f"{bare}, {edit}: packages compiled"]


def test_where_few_packages_are_compiled(crossed: Runs) -> None:
    """No change for all; the layer for a source edit; carried mounts for every edit."""
    expected = {(way, "no change") for way in SHARED}
    expected |= {("dependencies in a layer", "source edit")}
    expected |= {("mounts carried", edit) for edit in CROSSED}
    assert machines.spared(crossed) == expected


def test_the_layer_is_worth_it_after_a_source_edit(crossed: Runs) -> None:
    """Dependencies in a layer make a source edit at least half as long again faster."""
    fact = "dependencies in a layer, source edit: times as fast as no cache"
    assert float(crossed.facts[fact]) > 1.5


def test_what_is_stored(crossed: Runs) -> None:
    """mode=max stores far more than mode=min, the base image's layers among it."""
    assert float(crossed.facts["registry, max: stored_mb"]) > 5 * float(
        crossed.facts["registry, min: stored_mb"]
    )
    assert [row["cache"] for row in machines.exports(crossed)] == list(SHARED)


def test_bytes_are_read_only_where_needed(crossed: Runs) -> None:
    """An import of mode=max reads less than is stored: layers come when a step needs them."""
    read = {(r["cache"], r["edit"]): r["read_mb"] for r in crossed.rows}
    for edit in CROSSED:
        stored = float(crossed.facts["registry, max: stored_mb"])
        assert float(read["registry, max", edit]) < stored / 2
        assert read["local, max", edit] == machines.NOT_REPORTED


def test_fetched_after_an_edit(crossed: Runs) -> None:
    """The check of lesson 10: one with mounts, none with a layer."""
    assert machines.fetched_after_edit(crossed) == "1, 0"


def test_zstd_is_smaller_and_uncompressed_larger(lab_engine: Engine) -> None:
    """Compression decides on bytes; the exported layer is used in each form."""
    packed = measured(terms.compression)
    assert float(packed.facts["zstd to gzip, read: ratio"]) < 1.05
    assert float(packed.facts["uncompressed to gzip, read: ratio"]) > 2
    assert all(row["the layer was cached"] is True for row in packed.rows)


def test_metadata_is_no_flag(commands: Runs) -> None:
    """`--metadata=type=inline` is refused by docker."""
    assert commands.facts["--metadata=type=inline: the build took it"] is False
    assert "--metadata" in str(commands.facts["--metadata=type=inline: message"])


def test_a_push_alone_exports_no_cache(commands: Runs) -> None:
    """An image pushed by --output=type=registry serves no second machine as a cache."""
    name = "--output=type=registry"
    assert commands.facts[f"{name}: the build took it"] is True
    assert commands.facts[f"{name}: a second machine had steps cached"] is False


@pytest.mark.parametrize(
    "name",
    [
        "--build-arg BUILDKIT_INLINE_CACHE=1",
        "--cache-to type=inline",
        "--cache-to type=registry",
        "--cache-to type=registry,mode=max",
    ],
)
def test_what_exports_a_cache(commands: Runs, name: str) -> None:
    """Both spellings of inline, and a registry reference, give a second machine its hits."""
    assert commands.facts[f"{name}: a second machine had steps cached"] is True


def test_the_dedicated_tag(commands: Runs) -> None:
    """A registry cache is of a kind of its own; mode=max stores more layers than mode=min."""
    assert commands.facts["the registry cache is no image that runs"] is True
    low, high = (int(commands.facts[f"mode={m}: layers stored"]) for m in ("min", "max"))
    assert low < high


def test_githubs_cache_outside_github(commands: Runs) -> None:
    """type=gha is taken anywhere and exports nothing outside a workflow."""
    assert commands.facts["--cache-to type=gha,mode=max: the build took it"] is True
    assert commands.facts["type=gha outside GitHub: something was exported"] is False


def test_who_writes_the_cache_decides_what_is_shipped(lab_engine: Engine) -> None:
    """A foreign result is taken, stays without the import, and goes with --no-cache."""
    foreign = measured(terms.foreign_cache)
    for name, foreign_code in {
        "imported": True,
        "no longer imported": True,
        "built without cache": False,
    }.items():
        assert foreign.facts[f"{name}: the program holds the foreign code"] is foreign_code
        assert foreign.facts[f"{name}: the program was compiled here"] is not foreign_code
    assert terms.verdict(foreign) == "yes"
