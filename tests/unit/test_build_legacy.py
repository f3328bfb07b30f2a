"""What the legacy builder says, read without an engine."""

from __future__ import annotations

from buildlab.builds.client.legacy import read

SAID = """\
Sending build context to Docker daemon  3.072kB
Step 1/5 : FROM debian:trixie-slim AS base
 ---> 7eeb4f3cec10
Step 2/5 : RUN true
 ---> Using cache
 ---> 9d0bef2ff9b4
Step 3/5 : FROM scratch
 --->
Step 4/5 : COPY --from=base /etc/hostname /
 ---> 531ac9a12a88
Step 5/5 : RUN false
 ---> Running in 2b84b59e4aa8
The command '/bin/sh -c false' returned a non-zero code: 1
"""


def test_steps_have_stages_and_states() -> None:
    """Each step has its stage; cached ones are told; the one that failed is not done."""
    found = read(SAID.splitlines(), ("docker", "build"), 1.0, 1)
    assert [(s.stage, s.cached, s.done) for s in found.steps] == [
        ("base", False, True),
        ("base", True, True),
        ("stage-1", False, True),
        ("stage-1", False, True),
        ("stage-1", False, False),
    ]
    assert found.stages == ("base", "stage-1")
    assert found.started
    assert found.message == "The command '/bin/sh -c false' returned a non-zero code: 1"


def test_an_engine_without_it_has_not_started() -> None:
    """Where not even the first instruction is done, the engine has no such builder."""
    found = read(["ERROR: the legacy builder is gone"], ("docker", "build"), 0.1, 1)
    assert not found.started
    assert found.message == "ERROR: the legacy builder is gone"


def test_a_good_build_has_no_message() -> None:
    """Only a failed build has a last word."""
    found = read(SAID.splitlines()[:3], ("docker", "build"), 1.0, 0)
    assert found.ok
    assert found.message == ""
