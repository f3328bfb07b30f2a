"""What lesson 14 states: each fault is made, named by today's message, and cured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from buildlab.bench.evidence import measured
from buildlab.bench.runs import Fact
from buildlab.builds import build
from buildlab.engine.model import Engine
from buildlab.errors import UsageError
from buildlab.experiments.clinic import faults
from buildlab.experiments.clinic.cases import Case, cases

AS_PRINTED = {
    "secret-not-given": False,
    "read-only-path": False,
    "ssh-flag": False,
    "parse-error": False,
    "cache-unsupported": False,
    "cache-owner": False,
    "unexpected-eof": True,
    "private-module": False,
    "image-size": False,
}
NO_MESSAGE = {"image-size"}


def found(case: Case) -> dict[str, Fact]:
    """The facts of one fault, without its id."""
    facts = measured(faults.clinic, case.source).facts
    if f"{case.id}: fails" not in facts:
        pytest.skip("this engine has no docker API, and so no legacy builder")
    head = f"{case.id}: "
    return {name.removeprefix(head): f for name, f in facts.items() if name.startswith(head)}


@pytest.mark.parametrize("case", cases().values(), ids=lambda c: c.id)
def test_fault_is_named_and_cured(case: Case, lab_engine: Engine) -> None:
    """The broken build fails with the line that the case looks for; the cured one succeeds."""
    facts = found(case)
    assert facts["cure works"] is True
    assert facts["today"] != "another message"
    assert facts["fails"] is (case.id not in NO_MESSAGE)


@pytest.mark.parametrize("case_id", AS_PRINTED)
def test_words_of_the_articles(case_id: str, lab_engine: Engine) -> None:
    """Which of the articles' messages are printed today."""
    assert found(cases()[case_id])["message as printed"] is AS_PRINTED[case_id]


def test_every_article_message_is_asserted() -> None:
    """No message of an article is without a test."""
    assert {c.id for c in cases().values() if c.said} == set(AS_PRINTED)


def test_today_has_nothing_random(lab_engine: Engine) -> None:
    """The lines can be compared between runs: no digest, port, path or salt."""
    for source in ("article 1", "article 2", "common"):
        for name, fact in measured(faults.clinic, source).facts.items():
            if name.endswith(": today"):
                assert not re.search(r"/rootfs/|sha256:[0-9a-f]|127\.0\.0\.1:\d{4}", str(fact))


def test_the_program_is_copied_and_its_loader_is_missing(lab_engine: Engine) -> None:
    """The dynamic program fails where it is started, not where it is copied."""
    assert str(found(cases()["dynamic-program"])["failed at"]).startswith("RUN")


def test_no_cache_cures_none(lab_engine: Engine) -> None:
    """A step that fails is never cached, so --no-cache changes nothing."""
    facts = measured(faults.without_cache).facts
    assert list(facts.values()) == [False] * len(faults.WITHOUT_CACHE)


def test_card_has_message_cause_and_cure(lab_engine: Engine) -> None:
    """A card names today's message, cause, cure, and whether the cure was seen to work."""
    text = faults.card(measured(faults.clinic, "article 1"), "secret-not-given")
    for part in ("FROM debian", "article 1", "today", "cause", "cure", "succeeded"):
        assert part in text


def test_unknown_names_are_refused(lab_engine: Engine) -> None:
    """A source or an id that is none is a UsageError that lists what there is."""
    with pytest.raises(UsageError, match="article 2"):
        faults.clinic("article 3")
    with pytest.raises(UsageError, match="secret-not-given"):
        faults.card(measured(faults.clinic, "article 1"), "nothing")


def test_kit_gives_a_hint_on_the_syntax_line(tmp_path: Path, lab_engine: Engine) -> None:
    """A frontend that can't be pulled is told with what to do about the # syntax line."""
    case = cases()["syntax-line"]
    (tmp_path / "Dockerfile").write_text(case.dockerfile)
    with pytest.raises(UsageError, match="take the # syntax line out"):
        build(tmp_path, engine=lab_engine, output="cache")
