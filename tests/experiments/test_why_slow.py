"""What lesson 13 states, held by real builds."""

from __future__ import annotations

import pytest

from buildlab.bench.evidence import measured
from buildlab.engine.model import Engine
from buildlab.experiments.why_slow import slow

SAID = {
    "which steps ran": {"plain", "rawjson", "history"},
    "how long each took": {"plain", "rawjson", "history"},
    "when each began": {"rawjson"},
    "what each needs": {"rawjson"},
    "how much context was sent": {"plain", "rawjson"},
    "how many were cached": {"history"},
    "builds of before": {"history"},
    "what the cache holds": {"du"},
    "faults of style": {"--check"},
    "which files changed": set(),
    "why a step ran again": set(),
}


@pytest.mark.parametrize("question", SAID)
def test_instruments_answer(question: str, lab_engine: Engine) -> None:
    """Which of docker's instruments answers which question; none says why."""
    facts = measured(slow.instruments).facts
    said = {i for i in slow.INSTRUMENTS if facts[f"{i} says {question}"]}
    assert said == SAID[question]


def test_plain_has_no_skipping_cache(lab_engine: Engine) -> None:
    """What article 2 tells its readers to look for is not printed."""
    assert measured(slow.instruments).facts["plain says Skipping cache"] is False


def test_texts_are_there_to_read(lab_engine: Engine) -> None:
    """Every instrument's own words are kept for the lesson."""
    facts = measured(slow.instruments).facts
    for instrument in slow.INSTRUMENTS:
        assert len(str(facts[f"text of {instrument}"])) > 100


def test_context_export_names_the_changed_files(lab_engine: Engine) -> None:
    """Exporting what COPY gets, before and after, says which files changed."""
    facts = measured(slow.diagnosis).facts
    changed = {name: f for name, f in facts.items() if name.startswith("COPY saw change")}
    assert changed == {
        "COPY saw change: build.log": True,
        "COPY saw change: go.mod": False,
        "COPY saw change: main.go": True,
    }


def test_each_repair_does_what_it_is_for(lab_engine: Engine) -> None:
    """Tools are cached from the second repair on, the log is not sent from the third on."""
    facts = measured(slow.diagnosis).facts
    stages = ["as it was", *slow.REPAIRS]
    assert [facts[f"{s}: tools"] for s in stages] == ["ran", "ran", "cached", "cached", "cached"]
    assert [facts[f"{s}: the log was sent"] for s in stages] == [True, True, True, False, False]
    assert [facts[f"{s}: compile"] for s in stages] == ["ran"] * len(stages)


def test_the_repaired_build_is_faster(lab_engine: Engine) -> None:
    """By much, so that no noise hides it; and the compile was the largest part."""
    facts = measured(slow.diagnosis).facts
    assert facts["the largest step"] == "compile"
    assert float(facts["times as fast as at first"]) > 1.5


def test_the_gap_is_gone_with_a_folder_of_its_own(lab_engine: Engine) -> None:
    """The time before COPY --from is less where the program has a folder of its own."""
    rows = {row["after"]: row for row in measured(slow.diagnosis).rows}
    last, before = rows["a folder for the program"], rows["an ignore file"]
    assert float(last["gap_s"]) < float(before["gap_s"])
