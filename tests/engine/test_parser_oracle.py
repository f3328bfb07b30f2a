"""What a record says of a real build, against what the engine's own history counts."""

from __future__ import annotations

import json
import secrets
import subprocess
from typing import Any

import pytest

from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine.model import Engine
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State
from tests.engine.contexts import BASE, Context, context

__all__ = ["context"]

# What is copied between stages is new in each run, too: COPY is cached by content.
DOCKERFILE = """FROM {base} AS build
ARG WORD=none
WORKDIR /src/{salt}
COPY first.txt ./
RUN echo $WORD {salt} > word.txt
COPY . .
RUN --mount=type=cache,target=/var/cache/made {command}
FROM {base} AS other
RUN echo {salt} > /other.txt
FROM scratch
COPY --from=build /src/{salt}/word.txt /
COPY --from=other /other.txt /
"""


def said(engine: Engine, *command: str) -> str:
    """What `docker buildx history` prints."""
    return subprocess.run(
        [*engine.buildx, "history", *command, "--format", "json"],
        env=engine.child_env(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def history(engine: Engine, token: str) -> dict[str, Any]:
    """The history's entry of one build, found by an argument that no step reads.

    "The latest" would not do: others may build on this engine meanwhile.
    """
    listed = [json.loads(line) for line in said(engine, "ls").splitlines()]
    for each in sorted(listed, key=lambda e: str(e["created_at"]), reverse=True)[:100]:
        entry: dict[str, Any] = json.loads(said(engine, "inspect", each["ref"].split("/")[-1]))
        if token in [argument["Value"] for argument in entry.get("BuildArgs") or ()]:
            return entry
    pytest.fail(f"no build with the argument {token} among {len(listed)} in the history")


def agree(engine: Engine, record: BuildRecord, token: str) -> None:
    """Totals and cached counts of the record are those of the history."""
    entry = history(engine, token)
    internals = [i for i in record.internals if i.kind != "client"]
    total = sum(len(s.digests) for s in record.work) + len(internals)
    cached = sum(s.state is State.CACHED for s in record.work) + sum(i.cached for i in internals)
    assert (total, cached) == (entry["NumTotalSteps"], entry["NumCachedSteps"])
    ended = {s.state for s in record.steps} - {State.NOT_REACHED}
    assert (State.FAILED in ended) == (entry["Status"] == "failed")


@pytest.fixture
def tree(context: Context) -> Context:
    """A context of two stages and a cache mount."""
    context.write("first.txt", "1\n")
    context.write("second.txt", "2\n")
    context.dockerfile(DOCKERFILE.format(base=BASE, salt=context.salt, command="ls"))
    return context


def test_record_agrees_with_history(lab_engine: Engine, tree: Context) -> None:
    """Cold, unchanged, edited, with another argument, failed: counts are the engine's own."""

    def run(place: Workspace, *flags: str) -> BuildRecord:
        token = secrets.token_hex(8)
        mark = ("--build-arg", f"ORACLE={token}")
        record = build(place, *mark, *flags, engine=lab_engine, title="oracle", output="cache")
        agree(lab_engine, record, token)
        return record

    with workspace(tree.path) as place:
        cold = run(place)
        assert set(cold.states().values()) == {State.RAN}

        unchanged = run(place)
        assert set(unchanged.states().values()) == {State.CACHED}

        place.write("second.txt", "another\n")
        edited = run(place)
        missed = [str(k) for k, state in edited.states().items() if state is State.RAN]
        assert missed == ["build 5", "build 6"]

        other = run(place, "--build-arg", "WORD=some")
        assert other.step("build", 4).state is State.RAN
        assert other.step("build", 3).state is State.CACHED

        place.replace("Dockerfile", "target=/var/cache/made ls", "target=/var/cache/made exit 3")
        failed = run(place)
        assert failed.step("build", 6).state is State.FAILED
        assert failed.failure is not None
        assert "exit code: 3" in failed.failure.message
