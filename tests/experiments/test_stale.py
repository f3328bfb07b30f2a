"""What lesson 12 states, held by real builds."""

from __future__ import annotations

import pytest

from buildlab.bench.evidence import measured
from buildlab.experiments.stale import frozen, unseen
from buildlab.record.steps import State

CURES = {
    "build again": False,
    "--no-cache": False,
    "--pull": False,
    "another COPY instruction": False,
    "one more file beside it": False,
    "touch the folder": False,
    "touch the file": True,
    "chmod the file": True,
    "one byte more": True,
    "delete and write, as git checkout": True,
    "another folder name": True,
    "a link of another name": True,
    "a named context, for the first time": True,
    "another client (BUILDX_CONFIG)": True,
    "prune step results (type=regular)": False,
    "prune received files (type=source.local)": True,
    "prune --all": True,
}


@pytest.mark.parametrize("attempt", CURES)
def test_attempt_cures_or_does_not(attempt: str) -> None:
    """Each attempt gets the new bytes of a hidden edit, or not, as the lesson's table says."""
    found = measured(unseen.hidden_edit).facts
    assert found[f"{attempt}: new bytes arrive"] is CURES[attempt]


def test_every_attempt_is_asserted() -> None:
    """No row of the lesson's table is without a test."""
    assert [row["tried"] for row in measured(unseen.hidden_edit).rows] == list(CURES)


def test_copy_can_run_and_ship_old_bytes() -> None:
    """--no-cache runs COPY again, on the bytes that BuildKit has: no cached state gives it away."""
    facts = measured(unseen.hidden_edit).facts
    assert facts["build again: COPY was cached"] is True
    assert facts["--no-cache: COPY was cached"] is False


def test_guard_sees_the_hidden_edit() -> None:
    """The kit's own build of the same edit has the new bytes, and ran COPY for them."""
    found = measured(unseen.hidden_edit)
    assert found.facts["with the guard: new bytes arrive"] is True
    assert set(found["guarded, after"].states().values()) == {State.RAN}
    assert set(found["unguarded, after"].states().values()) == {State.CACHED}


def test_folders_of_one_name_are_mixed() -> None:
    """The second of two folders of one name gets the first one's file, and the rest of its own."""
    assert all(measured(unseen.foreign).facts.values())


MODES = {
    "build again": False,
    "touch the directory": False,
    "one more file in it": True,
    "--no-cache": True,
    "another folder name": True,
}


@pytest.mark.parametrize("attempt", MODES)
def test_mode_of_a_directory(attempt: str) -> None:
    """A directory's new mode is missed by the cache key, and arrives where COPY runs."""
    found = measured(frozen.directory_mode).facts
    assert found[f"{attempt}: the new mode arrives"] is MODES[attempt]


FETCHED = {
    "run": False,
    "argument": True,
    "own-layer": False,
    "one-layer": True,
    "add": True,
    "swallowed": False,
    "loud": True,
}


@pytest.mark.parametrize("way", FETCHED)
def test_fetched_index(way: str) -> None:
    """Which ways of fetching notice that the index changed on its server."""
    found = measured(frozen.fetched).facts
    assert found[f"{frozen.WAYS[way]}: the second build has the new index"] is FETCHED[way]


def test_error_page_is_kept_as_content() -> None:
    """An error that the shell swallows is cached; one that fails the step is not."""
    facts = measured(frozen.fetched).facts
    assert facts["an error page was kept as content"] is True
    assert facts["the loud fetch failed at first"] is True


def test_moved_tag_of_an_image_that_the_engine_holds() -> None:
    """An engine that holds an image of that name asks the registry with --pull only."""
    facts = measured(frozen.moved_tag).facts
    if not facts:
        pytest.skip("this engine keeps no images of its own")
    assert facts == {
        "registry there": "old",
        "registry there and --pull": "new",
        "registry gone": "old",
        "registry gone and --pull": "none: the build failed",
    }


def test_same_program_is_rightly_cached() -> None:
    """Without a build id a comment makes the same program, and COPY --from is cached."""
    assert measured(frozen.same_program).facts == {
        "comment: the compiler ran": True,
        "comment, with build id: COPY --from was cached": False,
        "comment, without build id: COPY --from was cached": True,
        "constant: the compiler ran": True,
        "constant, with build id: COPY --from was cached": False,
        "constant, without build id: COPY --from was cached": False,
    }
