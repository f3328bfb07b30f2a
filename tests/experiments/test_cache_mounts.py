"""What lesson 04 states, held by real builds."""

from __future__ import annotations

import pytest

from buildlab.bench.evidence import measured
from buildlab.bench.runs import Runs
from buildlab.engine import Engine
from buildlab.experiments import cache_mounts
from buildlab.experiments.programs.harbour import MOUNTS, compiled, dockerfile, fetched

WITH_COMPILER = ("compiler cache", "both")
WITH_MODULES = ("module cache", "both")


@pytest.fixture(scope="module")
def worth(lab_engine: Engine) -> Runs:
    return measured(cache_mounts.crossed)


def test_no_change_costs_no_work_with_any_mounts(worth: Runs) -> None:
    """Where nothing changed the layer cache answers: nothing is fetched, nothing compiled."""
    for mounts in MOUNTS:
        assert worth.facts[f"no change, {mounts}: modules fetched"] == "none"
        assert worth.facts[f"no change, {mounts}: packages compiled"] == "none"


@pytest.mark.parametrize("edit", ["leaf", "core", "bump"])
def test_only_the_compiler_cache_spares_compiling(worth: Runs, edit: str) -> None:
    """After any edit all packages are compiled without the compiler cache, and some with it."""
    for mounts in MOUNTS:
        found = worth.facts[f"{edit}, {mounts}: packages compiled"]
        assert found == ("some" if mounts in WITH_COMPILER else "all"), mounts


@pytest.mark.parametrize("edit", ["leaf", "core"])
def test_a_cached_download_needs_no_module_mount(worth: Runs, edit: str) -> None:
    """While go.mod stays as it is, the layer of the download spares it, mount or not."""
    for mounts in MOUNTS:
        assert worth.facts[f"{edit}, {mounts}: modules fetched"] == "none", mounts


def test_the_module_cache_fetches_only_what_is_new(worth: Runs) -> None:
    """After a bump one module is fetched with the module cache, and all without it."""
    for mounts in MOUNTS:
        found = worth.facts[f"bump, {mounts}: modules fetched"]
        assert found == ("one" if mounts in WITH_MODULES else "all"), mounts
    assert cache_mounts.fewer_fetched(worth) == "bump"


def test_a_core_edit_reaches_more_than_a_leaf_edit(worth: Runs) -> None:
    """With both mounts the core edit compiles more packages than the leaf edit, far from all."""
    count = {
        row["edit"]: int(row["packages_compiled"]) for row in worth.rows if row["mounts"] == "both"
    }
    assert 0 < count["leaf"] < count["core"] < 10


@pytest.mark.parametrize("edit", ["leaf", "core", "bump"])
def test_both_mounts_are_worth_a_wide_margin(worth: Runs, edit: str) -> None:
    """One edit without mounts takes at least twice as long as with both."""
    assert float(worth.facts[f"{edit}: no mounts against both, ratio"]) > 2


def test_each_command_writes_to_its_own_cache(lab_engine: Engine) -> None:
    """go mod download fills the module cache only, go build the compiler cache only."""
    facts = measured(cache_mounts.where_go_writes).facts
    assert facts["GOMODCACHE"] == "/go/pkg/mod"
    assert facts["GOCACHE"] == "/root/.cache/go-build"
    assert facts["go mod download writes to GOMODCACHE"] is True
    assert facts["go mod download writes to GOCACHE"] is False
    assert facts["go build writes to GOMODCACHE"] is False
    assert facts["go build writes to GOCACHE"] is True


def test_archives_and_unpacked_modules_lie_apart(lab_engine: Engine) -> None:
    """The module cache holds archives under cache/download and unpacked modules beside it."""
    runs = measured(cache_mounts.where_go_writes)
    places = {row["place"] for row in runs.rows if row["command"] == "go mod download"}
    assert {"/go/pkg/mod/cache/download", "/go/pkg/mod/<module>@<version>"} <= places


def test_a_mount_is_seen_by_who_mounts_it_and_in_no_layer(lab_engine: Engine) -> None:
    """Another image sees both caches by mounting them, and nothing without."""
    facts = measured(cache_mounts.inside_mounts).facts
    for cache in ("module cache", "compiler cache"):
        assert facts[f"with the mounts, the {cache} is there"] is True
        assert facts[f"without the mounts, the {cache} is there"] is False


def test_mounts_do_not_travel_with_the_build_cache(lab_engine: Engine) -> None:
    """A fresh machine with the imported cache has the download step, and an empty mount."""
    facts = measured(cache_mounts.mounts_on_a_fresh_machine).facts
    assert facts["here: packages compiled"] == "some"
    assert facts["here: modules fetched by the compile step"] == "none"
    assert facts["fresh machine: download step"] == "cached"
    assert facts["fresh machine: modules fetched by the compile step"] == "all"
    assert facts["fresh machine: packages compiled"] == "all"


def test_only_one_mistake_is_loud(lab_engine: Engine) -> None:
    """A mount on another target, step or HOME spares nothing and says nothing; no HOME fails."""
    runs = measured(cache_mounts.silent_no_op)
    assert runs.facts["as it should be"] == "spared"
    for way in ("another target", "another step", "another HOME"):
        assert runs.facts[way] == "compiled all again", way
    assert cache_mounts.loud(runs) == "HOME unset"


def test_the_published_mounts_spare_nothing_of_an_edit(lab_engine: Engine) -> None:
    """With both mounts on the download step only, one edit fetches and compiles everything."""
    facts = measured(cache_mounts.as_published).facts
    assert facts["compile step: cache mounts"] == 0
    assert facts["compile step: modules fetched"] == "all"
    assert facts["compile step: packages compiled"] == "all"


def test_variants_differ_by_their_mounts_only() -> None:
    """Taking the mounts out of a variant leaves the lines that all variants have."""
    bare = dockerfile("no mounts")
    assert "--mount" not in bare
    for mounts in MOUNTS:
        text = dockerfile(mounts)
        assert [x.split()[-3:] for x in text.splitlines() if "go " in x] == [
            x.split()[-3:] for x in bare.splitlines() if "go " in x
        ]


def test_what_go_prints_is_counted() -> None:
    """Fetched archives and compiled packages are counted; other lines of Go are not."""
    text = (
        "# get https://proxy.example/a/@v/v1.0.0.zip\n"
        "# get https://proxy.example/a/@v/v1.0.0.zip: 404 Not Found (0.001s)\n"
        "# get https://other.example/a/@v/v1.0.0.zip: 200 OK (0.001s)\n"
        "go: downloading golang.org/x/text v0.42.0\n"
        "runtime\nexample.com/harbour/internal/port\n"
    )
    assert fetched(text) == 2
    assert compiled(text) == ("runtime", "example.com/harbour/internal/port")
