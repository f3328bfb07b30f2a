"""What lesson 06 states, held by real builds."""

from __future__ import annotations

import json

import pytest

from buildlab.bench.evidence import measured
from buildlab.bench.runs import Runs
from buildlab.engine import Engine
from buildlab.experiments.secrets import hunting
from buildlab.experiments.secrets import rules as secret_mounts
from buildlab.record import store
from buildlab.record.words import record_text

EXPECTED = {
    "ARG": {"history", "provenance max", "log", "metadata file", "engine state"},
    "ARG, earlier stage": {"provenance max", "log", "metadata file", "engine state"},
    "proxy argument": {"provenance max", "metadata file", "engine state"},
    "ENV": {"history", "config", "provenance max", "engine state"},
    "RUN echo": {"history", "provenance max", "log", "engine state"},
    "COPY, then rm": {"layers", "exported cache", "engine state"},
    "COPY, earlier stage": {"exported cache", "engine state"},
    "secret mount": set(),
    "secret in a variable": set(),
    "secret, printed": {"log", "engine state"},
    "secret, copied": {"layers", "exported cache", "engine state"},
    "secret, in a cache mount": {"engine state"},
}


@pytest.fixture(scope="module")
def hunt(lab_engine: Engine) -> Runs:
    return measured(hunting.hunted)


@pytest.fixture(scope="module")
def rules(lab_engine: Engine) -> Runs:
    return measured(secret_mounts.secret_rules)


@pytest.mark.parametrize("technique", hunting.TECHNIQUES)
def test_where_a_token_is_found(hunt: Runs, technique: str) -> None:
    """A token is found where the lesson says, and nowhere else that was searched."""
    searched = {p for p in hunting.PLACES if f"{technique}: {p}" in hunt.facts}
    found = {place for _, place in hunting.cells(hunt, (technique,))}
    assert found == EXPECTED[technique] & searched


def test_every_place_was_searched(hunt: Runs, lab_engine: Engine) -> None:
    """No place is passed over: an empty cell means that it was read and holds nothing."""
    searched = {p for p in hunting.PLACES if f"ARG: {p}" in hunt.facts}
    elsewhere = set() if lab_engine.kind == "embedded" else {"engine state"}
    assert searched == set(hunting.PLACES) - elsewhere
    assert all(row[p] in (hunting.FOUND, hunting.NOT_FOUND) for row in hunt.rows for p in searched)


def test_a_deleted_key_is_whole(hunt: Runs) -> None:
    """A key that is copied in and removed can be taken out of its layer; its text is in no
    history."""
    assert hunt.facts["the deleted key is whole in a layer"]
    assert str(hunt.facts["COPY, then rm: where"]).endswith(f"/{hunting.KEY}")
    assert not hunt.facts["COPY, then rm: history"]


def test_a_cache_mount_hands_the_token_on(hunt: Runs) -> None:
    """Another Dockerfile that names the cache mount reads what was left in it."""
    assert hunt.facts["another build reads the cache mount"]


def test_build_checks_warn_of_names_only(hunt: Runs) -> None:
    """BuildKit warns of ARG and ENV with a secret's name, and of nothing else."""
    warned = hunt.facts["techniques that the build checks warn of"]
    assert warned == "ARG; ARG, earlier stage; ENV"


def test_the_record_masks(hunt: Runs) -> None:
    """The kit's own records hold no token, neither as text nor as JSON."""
    assert not hunt.facts["the kit's record holds a token"]
    for record in hunt.records.values():
        for text in (record_text(record), json.dumps(store.to_dict(record))):
            assert "buildlab-leak-" not in text
            assert "PRIVATE KEY" not in text


def test_a_changed_secret_does_not_invalidate(rules: Runs) -> None:
    """Another value, or none any more, leaves the step cached; a version argument runs it."""
    assert not rules.facts["a changed secret runs the step"]
    assert not rules.facts["a secret that is no longer given runs the step"]
    assert rules.facts["a version argument runs the step"]


def test_a_missing_required_secret_fails_its_step(rules: Runs) -> None:
    """It fails before the command starts, with BuildKit's message, but after the steps above."""
    assert rules.facts["a missing required secret fails the build"]
    assert rules.facts["message"] == "secret token: not found"
    assert not rules.facts["its command started"]
    assert rules.facts["the steps above a missing required secret ran"]


def test_a_missing_secret_can_go_unseen(rules: Runs) -> None:
    """Without `required` the step runs without the file; on a warm cache `required` is not
    asked."""
    assert not rules.facts["a missing secret fails the build"]
    assert not rules.facts["a missing required secret fails a warm build"]


def test_a_secret_belongs_to_root(rules: Runs) -> None:
    """Another user reads a secret only with uid=."""
    assert not rules.facts["another user reads the secret"]
    assert rules.facts["another user reads it with uid="]
