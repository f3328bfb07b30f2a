"""Records from events and provenance together, against recorded builds."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from buildlab.record.engineinfo import EngineInfo
from buildlab.record.joining import make_record
from buildlab.record.steps import CacheMount, State, StepKey
from buildlab.record.words import describe
from buildlab.show.html import record_html
from buildlab.show.widgets.frame import settled_html
from tests.unit.streams import NAMES, folded, joined, record, recorded, states


def test_a_cold_build_and_its_rebuilds() -> None:
    """Cached and ran are told right for a cold build, an edit, and no change at all."""
    assert set(record("service_noop").states().values()) == {State.CACHED}
    assert states("service_edit") == [
        "build 2: cached",
        "build 3: cached",
        "build 4: cached",
        "build 5: ran",
        "build 6: ran",
        "stage-1 1: ran",
    ]


@pytest.mark.parametrize("name", [n for n in NAMES if recorded(n)["metadata"]])
def test_provenance_says_which_line(name: str) -> None:
    """Each step's lines begin with the step's own keyword, but for a base that has no FROM."""
    text = recorded(name)["dockerfile"].splitlines()
    for step in record(name).steps:
        if step.lines is None:
            assert name.startswith("base_by_")
            continue
        first, last = step.lines
        assert 1 <= first <= last <= len(text)
        assert text[first - 1].split()[0].upper() == step.keyword


def test_a_shared_from_moves_no_stage() -> None:
    """A FROM that two stages share has one stage's name and the other's line: order is kept."""
    stages = list(dict.fromkeys(s.stage for s in record("mounts").steps if s.cacheable))
    assert stages == ["tools", "build"]
    swapped = copy.deepcopy(recorded("mounts"))
    swapped["stderr"] = [
        x.replace("[tools 1/2] FROM", "[build 1/3] FROM") for x in swapped["stderr"]
    ]
    assert list(dict.fromkeys(s.stage for s in joined(swapped).steps)) == stages


def test_inputs_look_through_internal_vertexes() -> None:
    """A step's inputs are steps; reading the context, a here-document or a folder is no step."""
    assert record("service_edit").step("build", 5).inputs == (StepKey("build", 4),)
    assert record("service_edit").step("build", 5).reads_context
    assert not record("service_edit").step("build", 6).reads_context
    assert record("heredoc").step("", 3).inputs == (StepKey("", 2),)
    assert record("named_context").step("build", 2).reads_context
    final = record("parallel_stages").step("final", 2)
    assert final.inputs == (StepKey("b-2.x", 1), StepKey("final", 1))


def test_mounts() -> None:
    """Cache mounts have BuildKit's id without the namespace; secrets are named, not shown."""
    step = record("mounts").step("build", 3)
    assert step.cache_mounts == (
        CacheMount("gomod", "/go/pkg/mod", "locked"),
        CacheMount("/root/.cache/go-build", "/root/.cache/go-build", "private"),
    )
    assert step.secret_ids == ("netrc", "token")
    assert step.inputs == (StepKey("tools", 2), StepKey("build", 2))
    assert step.reads_context


def test_layers_belong_to_the_step_that_made_them() -> None:
    """Each layer of the image is made by exactly one step, base first; size is their sum."""
    for name in ("single_stage", "copy_link", "copy_link_noop", "service_noop", "parallel_stages"):
        found = record(name)
        final = found.steps[-1].stage
        made = [x.digest for s in found.steps if s.stage == final for x in s.layers]
        assert [x.digest for x in found.layers][-len(made) :] == made or name.startswith("copy")
        assert found.image_size_bytes == sum(x.size_bytes for x in found.layers)
        assert len(found.step(final, 1).layers) >= 1
    assert len(record("single_stage").step("", 4).layers) == 1
    assert len(record("copy_link").step("", 3).layers) == 1


def test_no_image_no_size() -> None:
    """A build that exports no image has no image size, also where layers are known."""
    found = record("service_edit_cacheonly")
    assert (found.image_digest, found.image_size_bytes, found.layers) == ("", None, ())
    assert found.step("stage-1", 1).layers


def test_an_image_without_attestation_has_a_size() -> None:
    """Digest and size are known with and without an attestation in the image."""
    for name in ("no_attestation", "push", "scratch_only"):
        assert record(name).image_digest.startswith("sha256:")
        assert (record(name).image_size_bytes or 0) > 0


def test_a_failed_step_and_what_it_stopped() -> None:
    """One step failed; what it stopped or kept from starting was not reached."""
    found = record("failed_run")
    assert states("failed_run") == [
        "build 2: cached",
        "build 3: ran",
        "build 4: failed",
        "build 5: not reached",
        "other 2: not reached",
        "stage-2 1: not reached",
        "stage-2 2: not reached",
    ]
    step = found.step("build", 4)
    assert [(x.stream, x.text) for x in step.logs] == [(1, "before\n"), (2, "oh no\n")]
    assert step.lines == (4, 6)
    assert found.failure is not None
    assert found.failure.step == StepKey("build", 4)
    assert found.failure.message == "exit code: 7"
    assert found.failure.raw.startswith('process "/bin/sh -c echo before')
    assert found.failure.output == ("before", "oh no")
    assert found.failure.output_left_out == 0
    assert "4 | >>> RUN echo before" in found.failure.excerpt
    assert "----" not in found.failure.excerpt


@pytest.mark.parametrize("name", [n for n in NAMES if recorded(n)["inspect"]["failed_vertex"]])
def test_the_failed_step_is_the_one_that_history_names(name: str) -> None:
    """The step to blame is the vertex that `history inspect` blames."""
    found = record(name)
    assert found.failure is not None
    blamed = recorded(name)["inspect"]["failed_vertex"]
    if found.failure.step is None:
        assert blamed.startswith("[internal]")
        return
    step = found.step(found.failure.step.stage, found.failure.step.index)
    assert step.state is State.FAILED
    assert f"{step.key.index}/{step.total}] " in blamed
    assert blamed.endswith(step.instruction)


def test_failures_before_any_step() -> None:
    """A Dockerfile that can't be read and a base that can't be had fail with their excerpt."""
    for name, said in (("failed_syntax", "unknown instruction: RUNN"), ("failed_base", "registry")):
        found = record(name)
        assert found.steps == ()
        assert found.failure is not None
        assert said in found.failure.message
        assert "failed to solve" not in found.failure.message
        assert ">>>" in found.failure.excerpt


def test_an_interrupted_build() -> None:
    """What ran when the user stopped the build was not reached; nothing failed."""
    found = record("interrupted")
    assert states("interrupted") == ["2: not reached", "3: not reached"]
    assert found.step("", 2).duration_s > 1
    assert found.failure is not None
    assert found.failure.message == "context canceled"


def test_a_client_that_was_killed() -> None:
    """Where the stream just ends, what ran has its time until the last event and no end."""
    data = recorded("failed_run")
    lines = data["stderr"]
    cut = next(i for i, line in enumerate(lines) if '"logs"' in line) + 1
    found = joined({**data, "stderr": lines[:cut], "exit_code": -9})
    step = found.step("build", 4)
    assert step.state is State.NOT_REACHED
    assert step.end_s == pytest.approx(step.logs[-1].at_s, abs=1e-5)
    assert found.failure is not None
    assert found.failure.message == "the build ended without saying why"


def test_two_platforms_have_steps_of_their_own() -> None:
    """Each platform's steps have their own keys; no size is told for two images."""
    found = record("two_platforms")
    assert len({s.key for s in found.steps}) == len(found.steps) == 7
    assert found.step("linux/amd64->arm64 build", 4).platform == "linux/amd64->arm64"
    assert found.image_size_bytes is None
    assert found.step("linux/arm64 stage-1", 1).lines == (7, 7)


def test_warnings_have_rule_and_line() -> None:
    """Build checks keep their rule, line and page."""
    found = {w.rule: w for w in record("warnings").warnings}
    assert found["JSONArgsRecommended"].line == 6
    assert found["FromAsCasing"].url.startswith("https://docs.docker.com/")


def test_no_secret_is_in_a_record() -> None:
    """Neither arguments nor defaults nor what a step printed of them is in the record's text."""
    assert "hunter4" in str(recorded("warnings")["stderr"])
    assert "hunter" not in repr(record("warnings"))
    assert "API_TOKEN=***masked***" in record("warnings").command


def test_kinds_of_internals() -> None:
    """Exports and imports of image and cache are told apart."""
    for name, kind in (
        ("service_cold", "export"),
        ("cache_export_local", "cache export"),
        ("cache_export_registry", "cache export"),
        ("cache_import_local", "cache import"),
        ("cache_import_missing", "cache import"),
        ("exporter_tar", "export"),
        ("exporter_local", "export"),
    ):
        assert [i.kind for i in record(name).internals].count(kind) == 1


def test_times_start_at_the_first_event() -> None:
    """Times are seconds since the first event, none before it, none after the wall time."""
    for name in NAMES:
        found = record(name)
        every = [x for s in found.steps for x in s.intervals]
        every += [x for i in found.internals for x in i.intervals]
        assert min(x.start_s for x in every) == 0
        assert max(x.end_s for x in every) <= found.wall_s + 0.1
        assert found.started_at.startswith("2026-11-") and found.started_at.endswith("Z")


def test_what_the_engine_fetched_is_told_by_its_digest() -> None:
    """Of ADD with an address: the same instruction gets other bytes another day."""
    found = [s.fetched for s in record("add_url").steps]
    (told,) = found.pop(2)
    assert told.startswith("http://127.0.0.1:38471/tool.txt sha256:67948dd9")
    assert not any(found)
    assert not any(s.fetched for s in record("service_edit").steps)


@pytest.mark.parametrize("name", ["service_edit", "add_url"])
def test_provenance_of_slsa_1_says_the_same(name: str) -> None:
    """The newer shape of the provenance, made from the recorded one, gives the same record."""
    old = recorded(name)
    new = copy.deepcopy(old)
    part = new["metadata"]["buildx.build.provenance"]
    extra = part["metadata"]["https://mobyproject.org/buildkit@v1#metadata"]
    new["metadata"]["buildx.build.provenance"] = {
        "buildDefinition": {
            "externalParameters": {"request": {"args": part["invocation"]["parameters"]["args"]}},
            "internalParameters": {"buildConfig": part["buildConfig"]},
            "resolvedDependencies": part["materials"],
        },
        "runDetails": {"metadata": {"buildkit_metadata": extra}},
    }
    assert joined(new) == joined(old)


@pytest.mark.parametrize("broken", [None, {}, {"buildx.build.provenance": 7},
                                    {"buildx.build.provenance": {"buildConfig": []}}])  # fmt: skip
def test_without_provenance_a_record_is_poorer_not_wrong(broken: Any) -> None:
    """Without readable metadata steps, states, inputs and lines stay; mounts and layers go."""
    poor = joined({**recorded("service_edit"), "metadata": broken})
    assert poor.states() == record("service_edit").states()
    assert [s.inputs for s in poor.steps] == [s.inputs for s in record("service_edit").steps]
    assert [s.lines for s in poor.steps] == [s.lines for s in record("service_edit").steps]
    assert all(not s.cache_mounts and not s.layers for s in poor.steps)


def test_a_git_context_is_a_context_with_a_commit() -> None:
    """What reads a fetched context reads a context, and the record says which commit it was."""
    data = recorded("git_context")
    fold = folded(data["stderr"])
    url = "http://192.0.2.1:8000/work/.git#main"
    found = make_record(
        fold, data["metadata"], id="x", title="x", command=(), context=url, dockerfile="Dockerfile",
        wall_s=1.0, exit_code=0, engine=EngineInfo("recorded"), plain_tail="",
    )  # fmt: skip
    assert [s.reads_context for s in found.steps] == [True, True]
    assert found.commit == "6e893b1a6753fa0e42bca14d4dd9d9543864d992"
    assert "at commit 6e893b1a6753:" in describe(found)
    assert "commit 6e893b1a6753" in record_html(found)
    assert [i.kind for i in found.internals] == ["remote context", "client"]


def test_what_add_fetches_is_no_context() -> None:
    """ADD of a URL or a repository reads no context, also where that is a named context too."""
    found = record("add_remote")
    assert [s.reads_context for s in found.steps] == [False, False, False, True, True]
    assert found.commit == ""
    assert [i.commit[:7] for i in found.internals if i.commit] == ["6e893b1"]


def test_a_cache_that_was_not_imported_is_a_warning() -> None:
    """A cache import that failed, or found nothing, is a warning; so is an export that failed."""
    failed = record("cache_export_fails")
    assert [w.rule for w in failed.warnings] == ["cache import", "cache import"]
    assert "localhost:5999/none:cache" in failed.warnings[0].message
    assert "connection refused" in failed.warnings[0].message
    assert "nowhere" in failed.warnings[1].message
    assert failed.failure is not None
    assert failed.failure.message.startswith("exporting cache to registry: error writing layer")
    ignored = {**recorded("cache_export_fails"), "exit_code": 0}
    ignored["stderr"] = [x for x in ignored["stderr"] if not x.startswith("ERROR: ")]
    assert [w.rule for w in joined(ignored).warnings] == [
        *("cache import", "cache export", "cache import")
    ]
    missing = record("cache_import_missing")
    assert [w.rule for w in missing.warnings] == ["cache import"]
    for page in (record_html(missing), settled_html(missing, whole=True)):
        assert "Warning: cache import: nothing was imported" in page
    assert not record("cache_import_registry").warnings
