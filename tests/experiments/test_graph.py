"""What lesson 03 states, held by real builds."""

from __future__ import annotations

import pytest

from buildlab.bench.evidence import measured
from buildlab.bench.runs import Runs
from buildlab.experiments.graph import foreign, instructions, shapes


@pytest.fixture(scope="module")
def site() -> Runs:
    return measured(shapes.stages)


@pytest.fixture(scope="module")
def legacy() -> Runs:
    found = measured(shapes.legacy)
    if not found.facts["the engine has a legacy builder"]:
        pytest.skip("this engine has no legacy builder")
    return found


def test_the_wall_time_is_below_the_sum_of_the_steps(site: Runs) -> None:
    """Stages that need nothing of each other run at the same time, and the chain is no longer."""
    facts = site.facts
    assert float(facts["wall_s"]) < float(facts["steps_s"])
    assert float(facts["critical_path_s"]) <= float(facts["wall_s"])
    assert facts["stages of the critical path"] == "base, style, site"
    assert facts["sleeps in the Dockerfile"] == 7
    assert facts["sleeps that ran"] == 5
    assert facts["sleeps on the critical path"] == 2


def test_what_is_not_needed_is_skipped_and_what_is_equal_is_merged(site: Runs) -> None:
    """A stage that the target doesn't need isn't built; two equal stages become one step."""
    assert site.facts["the stage that nobody needs was built"] is False
    assert site.facts["steps that two equal stages became"] == 1
    assert site.facts["both drew the same random number"] is True


def test_a_target_is_the_end_of_the_graph(site: Runs) -> None:
    """With --target nothing is built but that stage and what it needs."""
    assert site.facts["stages that --target tests came to"] == "base, tests"


def test_llb_names_operations_inputs_and_steps(site: Runs) -> None:
    """Each step of the build is one operation of the LLB, with the operations it needs."""
    by_op = {row["op"]: row for row in site.rows}
    assert {row["kind"] for row in site.rows} == {"source", "file", "exec", "result"}
    steps = {str(s.key) for s in site["the whole site"].work}
    assert steps <= {str(row["step"]) for row in site.rows}
    for row in site.rows:
        assert all(name in by_op for name in str(row["inputs"]).split(", ") if name)
    merged = [row for row in site.rows if "," in str(row["lines"])]
    assert [row["kind"] for row in merged] == ["exec"]


def test_one_compile_beats_two_in_cpu_time() -> None:
    """Two parallel stages that compile the same packages compile them twice."""
    facts = measured(shapes.twins).facts
    assert float(facts["cpu_ratio, apart to together"]) > 1.4
    assert facts["apart, the two steps ran side by side"] is True


def test_the_legacy_builder_builds_every_stage(legacy: Runs) -> None:
    """It builds what is not needed, one step after another, and takes equal steps from cache."""
    assert legacy.facts["stages that BuildKit left out"] == "tests"
    assert legacy.facts["stages that the legacy builder left out"] == "none"
    assert legacy.facts["legacy, the second of two equal steps"] == "cached"
    assert float(legacy.facts["wall_ratio, legacy to BuildKit"]) > 1.2
    assert ("tests", "legacy builder") in shapes.ran(legacy)
    assert ("tests", "BuildKit") not in shapes.ran(legacy)


def test_the_legacy_builder_refuses_mounts_and_drops_heredocs(legacy: Runs) -> None:
    """RUN --mount is an error there; a heredoc passes, and its commands never run."""
    assert legacy.facts["legacy, RUN --mount was built"] is False
    assert "requires BuildKit" in str(legacy.facts["legacy, RUN --mount"])
    assert legacy.facts["legacy, the step with a heredoc"] == "passed"
    assert legacy.facts["legacy, its commands were run"] is False


def test_a_heredoc_goes_on_after_a_failed_command() -> None:
    """A heredoc is one step, and without set -e only its last command decides."""
    facts = measured(instructions.heredocs).facts
    assert facts["a heredoc of three commands makes steps"] == 1
    assert facts["heredoc, its second command failed"] is True
    assert facts["heredoc, its last command ran"] is True
    assert facts["heredoc, the build failed"] is False
    assert facts["with set -e, the build failed"] is True
    assert facts["chained with &&, the build failed"] is True
    assert facts["#!/usr/bin/env bash: the heredoc was run by bash"] is True
    assert facts["COPY <<EOF replaced the argument"] is True
    assert facts['COPY <<"EOF" replaced the argument'] is False


def test_a_bind_mount_is_keyed_by_what_it_binds_and_keeps_no_writes() -> None:
    """The whole context bound runs again after any edit; writes are refused, or gone after it."""
    found = measured(instructions.binds)
    facts, steps = found.facts, {row["stage"]: row["steps"] for row in found.rows}
    assert facts["copied, RUN after an edit it doesn't read"] == "ran"
    assert facts["bound, RUN after an edit it doesn't read"] == "ran"
    assert facts["one-file, RUN after an edit it doesn't read"] == "cached"
    assert facts["copied and bound steps read the same"] is True
    assert facts["a write into a bind mount is refused"] is True
    assert facts["with rw, the step saw its own file"] is True
    assert facts["with rw, the file was there for the next step"] is False
    assert facts["with rw, the file reached the context"] is False
    assert steps == {"copied": 2, "bound": 1, "one-file": 1}


def test_a_compiler_of_this_platform_makes_programs_for_both() -> None:
    """With --platform=$BUILDPLATFORM the compiler runs natively and its targets differ."""
    facts = measured(foreign.platforms).facts
    native = str(facts["platform of the compiler's steps"]).removeprefix("linux/")
    assert native in foreign.BOTH
    assert facts["compiler's steps"] == len(foreign.BOTH)
    assert facts["steps above ARG TARGETARCH are shared"] is True
    for name in foreign.BOTH:
        assert facts[f"machine in the ELF header for {name}"] == name
    assert facts[f"a step of linux/{native} runs here"] is True


def test_emulation_is_told_as_it_is_here() -> None:
    """A step of the other platform runs and says how slow, or fails with the kernel's words."""
    facts = measured(foreign.platforms).facts
    if all(facts[f"a step of linux/{name} runs here"] for name in foreign.BOTH):
        assert float(facts["speed_ratio, emulated to native"]) >= 1
    else:
        assert facts["the step that doesn't run says"] == "exec format error"
