"""Last words of real clients, and what they mean."""

from __future__ import annotations

import pytest

from buildlab.builds.trouble.faults import Ending, canceled, classify, lost_snapshot, was_killed
from buildlab.errors import BuildlabError, DiskFull, EngineError, UsageError

SOLVE = "ERROR: failed to build: failed to solve: "
PROCESS = (
    'process "/bin/sh -c go build" did not complete successfully: exit code: 1'  # one that failed
)


def told(tail: str, *, seen: bool, code: int = 1) -> BuildlabError | None:
    ending = Ending(code, tail, seen, running=("[build 3] RUN go build",))
    return classify(ending, builder="lab", context="app")


@pytest.mark.parametrize(
    ("tail", "seen", "kind", "message"),
    [
        (
            "ERROR: Cannot connect to the Docker daemon at unix:///nope.sock. "
            "Is the docker daemon running?",
            False,
            EngineError,
            "no engine answers",
        ),
        (
            "Error response from daemon: Container a335c5e3b1a6 is restarting, wait until the "
            "container is running",
            False,
            EngineError,
            "no engine answers",
        ),
        ('ERROR: no builder "nope" found', False, UsageError, "no builder"),
        (
            "docker: 'buildx' is not a docker command.\nSee 'docker --help'",
            False,
            EngineError,
            "no buildx",
        ),
        ("unknown flag: --bogus\n\nUsage:  docker buildx build", False, UsageError, "--bogus"),
        (
            'ERROR: failed to build: invalid tag "BAD TAG": invalid reference format',
            False,
            UsageError,
            "BAD TAG",
        ),
        (
            "ERROR: failed to build: failed to stat missing: stat missing: no such file",
            False,
            UsageError,
            "stat missing",
        ),
        (
            SOLVE + "failed to read dockerfile: open None: no such file or directory",
            True,
            UsageError,
            "no None in app",
        ),
        (
            "ERROR: failed to build: failed to receive status: rpc error: code = Unavailable "
            "desc = error reading from server: EOF",
            True,
            EngineError,
            "stopped answering while it ran \\[build 3\\] RUN go build",
        ),
        (
            "Dockerfile:1\n--------------------\n   1 | >>> # syntax=docker/dockerfile:1\n"
            "   2 |     FROM debian:trixie-slim\n--------------------\n"
            + SOLVE
            + "failed to resolve source metadata for docker.io/docker/dockerfile:1: failed to do "
            'request: Head "https://registry-1.docker.io/v2/": dial tcp: no such host',
            True,
            UsageError,
            "docker/dockerfile:1 of the # syntax line .*\\n.*take the # syntax line out",
        ),
        (
            SOLVE + "failed to solve: error from sender: open /x/secret.txt: permission denied",
            True,
            UsageError,
            "secret.txt: permission denied",
        ),
        (
            SOLVE + "Internal: rpc error: code = Internal desc = grpc: failed to unmarshal the "
            "received message: string field contains invalid UTF-8",
            True,
            UsageError,
            "not valid UTF-8",
        ),
        (
            SOLVE + "failed to copy: write /data/ingest/ab/data: no space left on device",
            True,
            DiskFull,
            "disk is full",
        ),
    ],
)
def test_what_is_not_the_builds_fault_is_raised(
    tail: str, seen: bool, kind: type[BuildlabError], message: str
) -> None:
    """Each ending gets the error of its cause, never a traceback or a failed build."""
    fault = told(tail, seen=seen)
    assert isinstance(fault, kind)
    with pytest.raises(kind, match=message):
        raise fault


@pytest.mark.parametrize(
    "tail",
    [
        "Dockerfile:2\n>>> RUN x\nERROR: failed to build: failed to solve: " + PROCESS,
        SOLVE + "dockerfile parse error on line 1: unknown instruction: FRM",
        SOLVE + 'target stage "zz" could not be found',
        SOLVE + 'failed to compute cache key: "/nope": not found',
        SOLVE + "nowhere.invalid/x:1: failed to do request: dial tcp: lookup: no such host",
        SOLVE + PROCESS.replace("go build", "echo unexpected EOF, no space left on device"),
    ],
)
def test_a_build_that_fails_gives_a_record(tail: str) -> None:
    """A fault of the Dockerfile or the sources is a result, whatever its words look like."""
    assert told(tail, seen=True) is None


def test_interrupted_client_is_told_from_a_fault() -> None:
    """A client that was told to stop says that its context was canceled."""
    assert canceled(Ending(130, SOLVE + "Canceled: context canceled", True))
    assert canceled(Ending(1, SOLVE + "Canceled: context canceled", True))
    assert not canceled(Ending(1, SOLVE + PROCESS, True))


def test_lost_snapshot_is_recognised() -> None:
    """The engine's rare store fault is what a build is retried for."""
    assert lost_snapshot(SOLVE + "parent snapshot sha256:ab does not exist: not found")
    assert not lost_snapshot(SOLVE + PROCESS)


def test_a_store_that_a_crash_has_damaged_is_no_fault_of_the_build() -> None:
    """A snapshot that the engine has lost for good is named as such, with what empties it."""
    lost = 'failed to create snapshot: missing parent "moby/27/3ru9" bucket: not found'
    found = told(SOLVE + "failed to prepare 3ru9 as kc1y: " + lost, seen=True)
    assert isinstance(found, EngineError)
    assert "buildlab engine reset" in found.hint
    assert told(SOLVE + PROCESS.replace("go build", f"echo {lost}"), seen=True) is None


def test_a_base_image_that_cannot_be_had_is_no_fault_of_the_syntax_line() -> None:
    """The hint on the # syntax line is given where that line is the one that failed."""
    tail = (
        "Dockerfile:2\n   1 |     # syntax=docker/dockerfile:1\n   2 | >>> FROM nowhere/base:1\n"
        + SOLVE
        + "failed to resolve source metadata for docker.io/nowhere/base:1: no such host"
    )
    assert told(tail, seen=True) is None


def test_engine_that_lost_a_process_is_at_fault() -> None:
    """Whatever the last words are, a step is not blamed for an engine that died under it."""
    for tail in (SOLVE + PROCESS, SOLVE + "connection error: anything"):
        ending = Ending(1, tail, True, running=("[build 3] RUN go build",), engine_lost=True)
        found = classify(ending, builder="lab", context="app")
        assert isinstance(found, EngineError)
        assert "[build 3] RUN go build" in found.message


def test_containerd_that_is_gone_is_the_engines_fault() -> None:
    """dockerd's words about its containerd are no failed build."""
    gone = "dial unix /run/x/containerd/containerd.sock: connect: connection refused"
    tail = f'{SOLVE}connection error: desc = "transport: Error while dialing: {gone}"'
    assert isinstance(told(tail, seen=True), EngineError)


def test_killed_step_is_told_from_one_that_failed() -> None:
    """Exit code 137, and the engine's own word for memory that ran out."""
    for how in ("exit code: 137", "cannot allocate memory"):
        tail = SOLVE + PROCESS.replace("exit code: 1", how)
        assert told(tail, seen=True) is None
        assert was_killed(tail)
    assert not was_killed(SOLVE + PROCESS)
