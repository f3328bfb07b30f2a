"""The event fold, against recorded streams of each trap."""

from __future__ import annotations

import base64
import json

import pytest

from buildlab.record.steps import StepKey
from buildlab.record.stream import Fold
from buildlab.record.stream.vertex import merged, parse_name, seconds
from tests.unit.streams import NAMES, folded, record, recorded, states


@pytest.mark.parametrize("name", NAMES)
def test_counts_agree_with_history_inspect(name: str) -> None:
    """Vertexes, cached and completed ones are those that `buildx history inspect` counts."""
    data = recorded(name)
    engine = [v for v in folded(data["stderr"]).vertexes() if v.parsed.kind != "client"]
    cached = [v for v in engine if v.cached or v.overruled]
    ended = [v for v in engine if v in cached or (v.started and not v.running)]
    assert len(engine) == data["inspect"]["total"]
    assert len(cached) == data["inspect"]["cached"]
    assert len(ended) == data["inspect"]["completed"]


@pytest.mark.parametrize("name", NAMES)
def test_any_cut_of_a_stream_can_be_shown(name: str) -> None:
    """After every line there is progress, its clock never goes back, and its end is the record."""
    fold = Fold(dockerfile=recorded(name)["dockerfile"], clock=lambda: 0.0)
    phases: dict[StepKey, str] = {}
    elapsed = 0.0
    for line in recorded(name)["stderr"]:
        fold.feed(line)
        progress = fold.progress()
        assert progress.elapsed_s >= elapsed
        elapsed = progress.elapsed_s
        phases = {step.key: step.phase for step in progress.steps}
    after = {s.key: s.state.value for s in record(name).steps}
    assert after.keys() == phases.keys()
    for key, phase in phases.items():
        assert phase == after[key] or after[key] == "not reached"


def test_intervals_are_merged_not_replaced() -> None:
    """A vertex that worked in two spans has both, so that its last report is not its whole time."""
    base = record("context_40_mb").step("", 1)
    assert len(base.intervals) == 2
    assert base.duration_s > 10 * (base.intervals[-1].end_s - base.intervals[-1].start_s)


def test_overlapping_spans_count_once() -> None:
    """Overlapping and touching spans are one, an open one ends now, order does not matter."""
    assert merged([(5, None), (1, 2), (2, 3), (1.5, 2.5)], now=7) == [(1, 3), (5, 7)]
    assert merged([(1, 9), (2, 3)], now=9) == [(1, 9)]
    assert merged([], now=1) == []


def test_copy_link_is_one_step() -> None:
    """The copy and the merge of a `COPY --link` are one step with the instruction as written."""
    steps = record("copy_link").steps
    assert [s.key.index for s in steps] == [1, 2, 3, 4, 5]
    assert steps[2].instruction == "COPY --link . ."
    assert len(steps[2].digests) == 2
    assert steps[3].inputs == (StepKey("", 3),)
    assert steps[3].reads_context


def test_copy_link_stays_cached_on_a_changed_base() -> None:
    """A `COPY --link` whose copy is cached is cached, though it is merged onto another base."""
    found = record("copy_link_base_changed")
    assert [s.state.value for s in found.steps[1:]] == ["ran", "cached", "cached"]


def test_inputs_survive_a_report_without_them() -> None:
    """A later report that names no inputs does not erase those known."""
    last = [v for v in folded(recorded("copy_link_edit")["stderr"]).vertexes() if v.parsed.link]
    assert all(len(v.inputs) == 2 for v in last)


def test_cached_survives_a_report_without_it() -> None:
    """A step that was cached stays cached when its last report does not say so again."""
    begun = {"digest": "d", "name": "[1/2] RUN x", "started": "2026-01-05T09:00:00Z"}
    done = {**begun, "completed": "2026-01-05T09:00:01Z"}
    fold = folded([json.dumps({"vertexes": [v]}) for v in ({**begun, "cached": True}, done)])
    assert [g.phase(ended=True) for g in fold.groups()] == ["cached"]


def test_nothing_is_cached_because_a_key_could_not_be_found() -> None:
    """Where a COPY's source is missing, what BuildKit only concludes from that ran nowhere; what
    it loaded from its cache was cached, and what worked until its end ran."""
    assert states("failed_key") == [
        "build 2: cached",
        "build 3: not reached",
        "build 4: failed",
        "build 5: not reached",
        "stage-1 2: not reached",
    ]
    assert states("failed_copy") == ["2: ran", "3: failed", "4: not reached"]
    assert states("failed_compile")[:2] == ["build 2: cached", "build 3: cached"]


def test_download_and_copy_are_one_step() -> None:
    """`ADD` of a URL is one step, though no progress group ties its two vertexes."""
    found = record("add_url")
    assert [s.key.index for s in found.steps] == [1, 2, 3, 4]
    assert len(found.step("", 3).digests) == 2


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("[build 4/6] RUN x", ("", "build", 4, 6, "RUN x")),
        ("[1/4] FROM y", ("", "", 1, 4, "FROM y")),
        ("[ 2/11] RUN x", ("", "", 2, 11, "RUN x")),
        ("[build  2/11] RUN x", ("", "build", 2, 11, "RUN x")),
        ("[b-2.x 1/1] RUN x [a 1/2] y", ("", "b-2.x", 1, 1, "RUN x [a 1/2] y")),
        ("[linux/amd64 2/4] RUN x", ("linux/amd64", "linux/amd64", 2, 4, "RUN x")),
        ("[linux/arm/v7 a 2/4] RUN x", ("linux/arm/v7", "linux/arm/v7 a", 2, 4, "RUN x")),
        ("[linux/amd64->arm64 a 2/4] x", ("linux/amd64->arm64", "linux/amd64->arm64 a", 2, 4, "x")),
        ("[app build 2/4] RUN x", ("", "app build", 2, 4, "RUN x")),
        ("[a 3/5] LINK COPY --link . .", ("", "a", 3, 5, "COPY --link . .")),
        ("[a 3/5] RUN <<EOF\nb\nEOF", ("", "a", 3, 5, "RUN <<EOF\nb\nEOF")),
    ],
)
def test_step_names(name: str, parts: tuple[str, str, int, int, str]) -> None:
    """Step names come apart into platform, stage, index and instruction."""
    found = parse_name(name)
    assert found.kind == "step"
    assert (found.platform, found.stage, found.index, found.total, found.text) == parts


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("[internal] load build definition from Dockerfile", "definition"),
        ("[internal] load remote build context", "remote context"),
        ("[internal] load git source https://example.test/a.git#main", "remote context"),
        ("copy /context /", "remote context"),
        ("[linux/amd64 internal] load metadata for docker.io/library/golang:1.27", "metadata"),
        ("[auth] library/golang:pull token for registry.example", "metadata"),
        ("resolve image config for docker-image://docker.io/docker/dockerfile:1", "metadata"),
        ("[context extra] load .dockerignore", "dockerignore"),
        ("[context extra] load from client", "context"),
        ("[context golang:1.27] OCI load from client", "base"),
        ("importing cache manifest from local:498", "cache import"),
        ("exporting cache to client directory", "cache export"),
        ("exporting to oci image format", "export"),
        ("importing to docker", "export"),
        ("resolving provenance for metadata file", "client"),
        ("[internal] booting buildkit", "client"),
        ("[internal] preparing inline document", "other"),
        ("", "other"),
    ],
)
def test_kinds_of_internal_vertexes(name: str, kind: str) -> None:
    """What is no step is told apart by its name; an unknown name is "other"."""
    assert parse_name(name).kind == kind


def test_client_reports_in_its_own_time_zone() -> None:
    """Times with an offset and times in UTC are the same instant, to the microsecond."""
    utc, local = "2026-11-21T15:00:50.54480807Z", "2026-11-21T20:30:50.54480807+05:30"
    assert seconds(utc) == pytest.approx(seconds(local), abs=1e-5)
    assert seconds("2026-11-21T15:00:50Z") == int(seconds(utc))
    own = [i for i in record("client_time_zone").internals if i.kind == "client"]
    assert 0 < own[0].intervals[0].start_s < 2


def test_a_fast_client_clock_moves_no_step() -> None:
    """The build's first event is the engine's, whatever the client's clock says."""
    early = {"digest": "sha256:0", "name": "[internal] booting buildkit",
             "started": "2020-01-01T00:00:00Z", "completed": "2020-01-01T00:00:01Z"}  # fmt: skip
    lines = [json.dumps({"vertexes": [early]}), *recorded("service_edit")["stderr"]]
    assert folded(lines).origin == folded(recorded("service_edit")["stderr"]).origin


def test_frontend_by_syntax_directive() -> None:
    """The vertexes of a `# syntax=` line, made by hand, are internal and change no step."""
    directive = [
        {"digest": f"sha256:f{i}", "name": name, "started": "2026-11-21T14:53:42.1Z",
         "completed": "2026-11-21T14:53:42.11Z"}
        for i, name in enumerate((
            "resolve image config for docker-image://docker.io/docker/dockerfile:1",
            "[auth] docker/dockerfile:pull token for registry.example",
            "docker-image://docker.io/docker/dockerfile:1@sha256:b6afd42430b15f2d2a4c5a02b919e98a",
        ))
    ]  # fmt: skip
    lines = [json.dumps({"vertexes": directive}), *recorded("service_edit")["stderr"]]
    plain = folded(recorded("service_edit")["stderr"])
    assert [g.key for g in folded(lines).groups()] == [g.key for g in plain.groups()]


def test_unknown_messages_are_passed_over() -> None:
    """New kinds, new fields, nulls and odd items of a newer BuildKit cost nothing."""
    odd = [
        '{"telemetry":[{"x":1}],"vertexes":null}',
        '{"vertexes":[{"digest":"sha256:a","name":"[1/1] RUN x","mood":{"deep":[1]}},{},7,null]}',
        '{"statuses":[{"vertex":"sha256:unknown","id":"a","name":"transferring","timestamp":"x"}]}',
        '{"logs":[{"vertex":"sha256:a","data":"%%%","timestamp":"yesterday","stream":9}]}',
        '{"warnings":[{"short":null}]}',
        "[1,2]",
        "7",
        "null",
        "",
    ]
    fold = folded(odd)
    assert [g.instruction for g in fold.groups()] == ["RUN x"]
    assert fold.plain == ["[1,2]", "7", "null"]
    assert fold.progress().steps == ()
    fold.feed(b'{"vertexes":[{"digest":"sha256:a","started":"2026-01-01T00:00:00Z"}]}\n')
    assert [s.phase for s in fold.progress().steps] == ["running"]


def test_plain_text_is_kept() -> None:
    """Lines that are no events are kept in order, also when they are not UTF-8."""
    fold = folded(recorded("failed_run")["stderr"])
    assert fold.plain[0] == "Dockerfile:4"
    assert fold.plain[-1].startswith("ERROR: failed to build: failed to solve: process")
    fold.feed(b"caf\xe9\r\n")
    assert fold.plain[-1] == "caf\N{REPLACEMENT CHARACTER}"


def test_transferred_bytes_are_the_largest_report() -> None:
    """Context bytes are what the last report of each transfer says, not the sum of reports."""
    fold = folded(recorded("context_40_mb")["stderr"])
    assert 40_000_000 < fold.progress().transferred_bytes < 40_100_000
    assert record("context_40_mb").context_bytes == fold.progress().transferred_bytes


def test_a_running_step_gets_older_without_events() -> None:
    """A step that says nothing is at work all the same: its time goes on by the clock."""
    now = [100.0]
    fold = Fold(clock=lambda: now[0])
    for line in recorded("parallel_stages")["stderr"]:
        if "sleep 1.5" in line and '"completed"' in line:
            break
        fold.feed(line)
    (first,) = [s for s in fold.progress().steps if s.instruction.startswith("RUN sleep 1.5")]
    now[0] += 30
    (second,) = [s for s in fold.progress().steps if s.instruction.startswith("RUN sleep 1.5")]
    assert first.phase == second.phase == "running"
    assert second.elapsed_s == pytest.approx(first.elapsed_s + 30, abs=0.01)
    assert fold.progress().elapsed_s > 30


def test_the_live_view_shows_no_secret() -> None:
    """Values of ARG and ENV with a secret's name are masked in step names while the build runs."""
    fold = folded(recorded("warnings")["stderr"], "hunter4")
    shown = str(fold.progress()) + str(fold.warnings()) + str(fold.plain)
    assert "hunter" not in shown
    assert "RUN echo ***masked***" in shown


def test_a_default_in_the_dockerfile_is_learned_from_the_warning() -> None:
    """The engine's warning carries the Dockerfile: ARG defaults with a secret's name are masked."""
    data = base64.b64encode(b"FROM a\nARG API_TOKEN=tiger42\nRUN echo $API_TOKEN\n").decode()
    fold = folded([
        json.dumps({"vertexes": [{"digest": "sha256:a", "name": "[2/2] RUN echo tiger42",
                                  "started": "2026-01-01T00:00:00Z"}]}),
        json.dumps({"warnings": [{"short": "", "sourceInfo": {"data": data}}]}),
    ])  # fmt: skip
    assert fold.progress().steps[0].instruction == "RUN echo ***masked***"


def test_replaced_base_images_change_no_key() -> None:
    """A base image given as a named context is step 1 all the same, as it is everywhere else."""
    for name in ("base_by_image", "base_by_oci_layout"):
        found = record(name)
        assert [str(s.key) for s in found.steps] == ["1", "2"]
        assert found.step("", 1).instruction == "FROM example.test/static:1"
        assert found.step("", 2).instruction == "COPY x.txt /x"
        assert found.step("", 2).inputs == (StepKey("", 1),)


def test_a_single_stage_has_no_name_with_a_cache_mount_either() -> None:
    """BuildKit says stage-0 where a RUN has a mount: the key is that of the stage without one."""
    found = record("single_stage_cache_mount")
    assert [str(s.key) for s in found.steps] == ["1", "2", "3"]
