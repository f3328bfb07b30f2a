"""What lesson 09 states about checkers of Dockerfiles, held by running them."""

from __future__ import annotations

import pytest

from buildlab.bench.evidence import measured
from buildlab.engine import Engine
from buildlab.experiments.reproducible import checks

FRONTEND, HADOLINT = checks.TOOLS
FOUND = {
    "ENTRYPOINT as text": {FRONTEND, HADOLINT},
    "as in lower case": {FRONTEND},
    "a variable that nobody sets": {FRONTEND},
    "a secret in ENV": {FRONTEND, HADOLINT},
    "an unquoted variable in RUN": {HADOLINT},
    "apt-get without versions": {HADOLINT},
}


@pytest.mark.parametrize("fault", checks.FAULTS)
def test_who_finds_the_fault(lab_engine: Engine, fault: str) -> None:
    """Each fault is found by the tools that the lesson names; the rest by neither."""
    found = checks.findings(measured(checks.found))
    assert {tool for f, tool in found if f == fault} == FOUND.get(fault, set())


def test_the_clean_file_is_clean(lab_engine: Engine) -> None:
    """What is found is the planted fault's, since the file without it has no findings."""
    facts = measured(checks.found).facts
    assert all(facts[f"{tool} finds nothing in the clean file"] for tool in checks.TOOLS)


def test_two_faults_are_found_when_asked_for(lab_engine: Engine) -> None:
    """Labels need to be named to hadolint; a copied ignored file is an experimental check."""
    facts = measured(checks.found).facts
    assert facts["hadolint finds no labels, when told which"]
    assert facts["docker build --check finds COPY of an ignored file, when told to"]


def test_the_article_is_answered(lab_engine: Engine) -> None:
    """The facts about labels, stages and security are the lesson's answer to the article."""
    told = checks.told(measured(checks.found).facts)
    assert {name for name, value in told.items() if value} == {
        "hadolint finds no labels, when told which",
        "hadolint finds a secret in ENV",
    }
