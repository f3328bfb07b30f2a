"""What a record says of a real build, against what the engine's own history counts."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from typing import Any

import pytest

from buildlab.build import build
from buildlab.engine.model import Engine
from buildlab.record import BuildRecord, State
from buildlab.workspace import Workspace, workspace
from tests.engine.contexts import BASE, Context, context

__all__ = ["context"]

DOCKERFILE = """FROM {base} AS build
ARG WORD=none
WORKDIR /src/{salt}
COPY first.txt ./
RUN echo $WORD > word.txt
COPY . .
RUN --mount=type=cache,target=/var/cache/made {command}
FROM {base} AS other
RUN echo {salt} > /other.txt
FROM scratch
COPY --from=build /src/{salt}/word.txt /
COPY --from=other /other.txt /
"""


def history(engine: Engine, record: BuildRecord) -> dict[str, Any]:
    """The history's entry of this build: found by its time, since others may build meanwhile."""
    began = datetime.fromisoformat(record.started_at)
    seen = []
    for age in range(20):
        done = subprocess.run(
            [*engine.buildx, "history", "inspect", "--format", "json", f"^{age}"],
            env=engine.child_env(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            break
        entry: dict[str, Any] = json.loads(done.stdout)
        seen.append(entry["StartedAt"])
        if abs((datetime.fromisoformat(entry["StartedAt"]) - began).total_seconds()) < 0.05:
            return entry
    pytest.fail(f"no build of {record.started_at} in the history, only of {seen}: {done.stderr}")


def agree(engine: Engine, record: BuildRecord) -> None:
    """Totals and cached counts of the record are those of the history."""
    entry = history(engine, record)
    internals = [i for i in record.internals if i.kind != "client"]
    total = sum(len(s.digests) for s in record.steps) + len(internals)
    cached = sum(s.state is State.CACHED for s in record.steps) + sum(i.cached for i in internals)
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
        return build(place, *flags, engine=lab_engine, title="oracle", output="cache")

    with workspace(tree.path) as place:
        cold = run(place)
        agree(lab_engine, cold)
        assert set(cold.states().values()) == {State.RAN}

        unchanged = run(place)
        agree(lab_engine, unchanged)
        assert set(unchanged.states().values()) == {State.CACHED}

        place.write("second.txt", "another\n")
        edited = run(place)
        agree(lab_engine, edited)
        missed = [str(k) for k, state in edited.states().items() if state is State.RAN]
        assert missed == ["build 5", "build 6"]

        other = run(place, "--build-arg", "WORD=some")
        agree(lab_engine, other)
        assert other.step("build", 4).state is State.RAN
        assert other.step("build", 3).state is State.CACHED

        place.replace("Dockerfile", "target=/var/cache/made ls", "target=/var/cache/made exit 3")
        failed = run(place)
        agree(lab_engine, failed)
        assert failed.step("build", 6).state is State.FAILED
        assert failed.failure is not None
        assert "exit code: 3" in failed.failure.message
