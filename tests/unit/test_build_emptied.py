"""Builds without the cache: which mounts they emptied, which filters reached no stage."""

from __future__ import annotations

import pytest

from buildlab.builds.trouble.emptied import emptied, unmatched
from buildlab.record.model import BuildRecord
from buildlab.record.steps import CacheMount, State, Step, StepKey

MOUNT = (CacheMount("/cc", "/cc"),)
STEPS = (
    Step(StepKey("one", 2), 2, "RUN a", State.RAN, cache_mounts=MOUNT),
    Step(StepKey("two", 2), 3, "RUN --mount=type=cache,id=x,target=/dd b", State.FAILED),
    Step(StepKey("two", 3), 3, "RUN --mount=type=cache,target=/ee c", State.NOT_REACHED),
    Step(StepKey("stage-2", 2), 2, "RUN --mount=type=bind,target=/ff d", State.RAN),
)
BUILT = BuildRecord("", "", (), ".", "Dockerfile", "", 1.0, 1, STEPS)
FILE = "FROM a AS one\nFROM a AS two\nFROM a\n"


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--no-cache",), "--no-cache has emptied the cache mounts that it met: /cc, /dd;"),
        (("--no-cache-filter", "TWO"), "two has emptied the cache mounts that it met: /dd;"),
        (("--no-cache-filter=one,three",), "that it met: /cc;"),
        (("--no-cache=false",), ""),
        ((), ""),
    ],
    ids=["all", "a filter", "two names", "switched off", "no flag"],
)  # fmt: skip
def test_mounts_of_steps_that_ran_are_told_of(flags: tuple[str, ...], told: str) -> None:
    """They begin empty for whatever build comes next; those of steps not reached do not."""
    said = emptied(BUILT, flags)
    assert told in said
    assert bool(said) == bool(told)
    assert "/ee" not in said and "/ff" not in said


@pytest.mark.parametrize(
    ("name", "told"),
    [("one", ""), ("One", ""), ("stage-2", "stage-2"), ("2", "2"), ("one,nope", "nope")],
)
def test_a_filter_that_reaches_no_stage_is_told_of(name: str, told: str) -> None:
    """Docker passes over it, also over a stage's number: all was taken from the cache."""
    said = unmatched(("--no-cache-filter", name), FILE)
    assert bool(said) == bool(told)
    assert not told or f"no stage is called {told}, so nothing was built anew for it" in said
    assert not unmatched((), FILE)
    assert not unmatched(("--no-cache-filter", name), "")
