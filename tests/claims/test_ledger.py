"""The whole ledger: every verdict is computed from measurements, and is the one that was seen."""

from __future__ import annotations

from collections import Counter

import pytest

from buildlab import claims
from buildlab.claims import Ledger, Verdict

ARTICLES = ("buildkit-with-go", "go-ci-layer-caching")
CLAIMS = claims.read()


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """All claims, judged by what lessons measured a moment ago, and else by new measurements."""
    return claims.run()


@pytest.mark.parametrize("name", [c.id for c in CLAIMS])
def test_the_verdict_is_the_one_that_was_seen(ledger: Ledger, name: str) -> None:
    """A claim's measured verdict is the one that its file expects."""
    judged = ledger[name]
    assert judged.verdict is judged.claim.expected, f"{judged.verdict_text}\n{judged.evidence_text}"


def test_verdicts_rest_on_evidence(ledger: Ledger) -> None:
    """Each verdict has facts, an engine's versions and a date; what has none says why."""
    for judged in ledger.judged:
        if judged.verdict is Verdict.NOT_TESTABLE:
            assert len(judged.claim.untestable.split()) > 5, judged.claim.id
        else:
            assert judged.evidence and judged.measured_at and judged.engine, judged.claim.id


def test_the_articles_are_covered() -> None:
    """At least 80 claims of the two articles, and 12 of other sources, each with its link."""
    count = Counter(c.group for c in CLAIMS)
    assert sum(count[name] for name in ARTICLES) >= 80
    others = [c for c in CLAIMS if c.group not in ARTICLES]
    assert len(others) >= 12
    assert all(c.source.url.startswith("https://") for c in CLAIMS)
    assert {Verdict.FAILS, Verdict.HOLDS_IF, Verdict.HOLDS} <= {c.expected for c in others}


def test_most_claims_are_tested() -> None:
    """What is not testable here is the exception."""
    untestable = [c.id for c in CLAIMS if c.untestable]
    assert len(untestable) < len(CLAIMS) / 5
