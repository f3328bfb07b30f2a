"""Where steps stand in the Dockerfile: shared between stages, in two stages of one name."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from buildlab.record import derive, matrix, store
from buildlab.record.compare import compare
from buildlab.record.model import BuildRecord
from buildlab.record.steps import StepKey
from buildlab.record.words import describe
from buildlab.show import tables
from buildlab.show.html import record_html
from buildlab.show.plot.graph import graph
from buildlab.show.widgets.frame import settled_html
from tests.unit.streams import NAMES, joined, record, recorded


def listed(found: BuildRecord) -> list[str]:
    """Each step with its lines, and with whom it is shared."""
    return [
        f"{s.key} {s.keyword} {s.lines}" + (f" = {s.shared_with}" if s.shared_with else "")
        for s in found.steps
    ]


SHARED = [
    "api 1 FROM (1, 1)",
    "api 2 WORKDIR (2, 2)",
    "api 3 COPY (3, 3)",
    "api 4 RUN (4, 4)",
    "api 5 COPY (5, 5)",
    "api 6 RUN (6, 6)",
    "worker 1 FROM (7, 7) = api 1",
    "worker 2 WORKDIR (8, 8) = api 2",
    "worker 3 COPY (9, 9) = api 3",
    "worker 4 RUN (10, 10) = api 4",
    "worker 5 COPY (11, 11)",
    "worker 6 RUN (12, 12)",
    "stage-2 1 COPY (14, 14)",
    "stage-2 2 COPY (15, 15)",
]


def test_equal_steps_are_listed_in_both_stages() -> None:
    """A stage is listed whole, whichever of the names BuildKit chose for what stages share."""
    assert listed(record("shared_steps")) == SHARED
    other = copy.deepcopy(recorded("shared_steps"))
    for index in (1, 2, 3, 4):
        other["stderr"] = [
            x.replace(f"[worker {index}/6]", f"[api {index}/6]") for x in other["stderr"]
        ]
    assert listed(joined(other)) == SHARED
    failed = {**recorded("shared_steps"), "metadata": None}
    assert listed(joined(failed)) == SHARED


def test_shared_work_is_counted_once() -> None:
    """Sentences, totals, states, comparison, matrix and graph have each vertex once."""
    found = record("shared_steps")
    alone = replace(found, steps=found.work)
    assert "of 9 steps" in describe(found)
    assert len(found.states()) == 9
    assert derive.totals(found) == derive.totals(alone)
    assert derive.critical_path(found) == derive.critical_path(alone)
    assert len(compare(found, found).changes) == len(found.work)
    assert len(matrix.Matrix.from_records(found, {"edit": found}).steps) == 9
    cards = [t.get_text() for t in graph(found).texts if t.get_text().startswith("RUN go mod")]
    assert len(cards) == 1
    assert tables.steps(found)["layer_mb"].sum() == tables.steps(alone)["layer_mb"].sum()


def test_shared_work_is_called_so() -> None:
    """Text, table, HTML and live view say with which step it is shared."""
    found = record("shared_steps")
    for text in (record_html(found), settled_html(found, whole=True)):
        assert text.count("shared with api ") == 4
    assert list(tables.steps(found)["state"]).count("shared with api 2") == 1
    assert store.from_dict(store.to_dict(found)) == found


def test_two_stages_of_one_name_are_two_stages() -> None:
    """The second has a number; each of its steps is one step, with its own line."""
    expected = [
        "base 1 FROM (1, 1)",
        "base 2 RUN (2, 2)",
        "base (2) 1 RUN (4, 4)",
        "last 1 FROM (5, 5) = base 1",
        "last 2 COPY (6, 6)",
    ]
    assert listed(record("same_names")) == expected
    assert listed(joined({**recorded("same_names"), "metadata": None})) == expected
    last = record("same_names").step("last", 2)
    assert last.inputs == (StepKey("base", 1), StepKey("base (2)", 1))


def test_what_the_base_brings_is_shared_too() -> None:
    """ONBUILD steps have no line here; `WORKDIR /` is no step, and moves none."""
    assert listed(record("failed_onbuild")) == [
        "x 1 FROM (1, 1)",
        "x 2 ONBUILD None",
        "x 3 ONBUILD None",
        "x 4 ONBUILD None",
        "x 5 RUN (3, 3)",
        "stage-1 1 FROM (4, 4) = x 1",
        "stage-1 2 ONBUILD None = x 2",
        "stage-1 3 ONBUILD None = x 3",
        "stage-1 4 ONBUILD None = x 4",
        "stage-1 5 RUN (6, 9)",
        "stage-1 6 COPY (10, 10)",
        "stage-1 7 COPY (11, 11)",
    ]


def located(name: str) -> dict[str, set[int]]:
    """The first lines that the provenance gives for each vertex."""
    found: dict[str, set[int]] = {}
    for key, part in recorded(name)["metadata"].items():
        if key.startswith("buildx.build.provenance"):
            source = part["metadata"]["https://mobyproject.org/buildkit@v1#metadata"]["source"]
            for digest, step in part["buildConfig"]["digestMapping"].items():
                locations = source["locations"].get(step, {}).get("locations", [])
                lines = {min(r["start"]["line"] for r in x["ranges"]) for x in locations}
                found.setdefault(digest, set()).update(lines)
    return found


@pytest.mark.parametrize("name", [n for n in NAMES if recorded(n)["metadata"]])
def test_places_are_those_of_the_provenance(name: str) -> None:
    """Every line that a step is said to stand on is one that BuildKit gives for its vertex."""
    known = located(name)
    found = record(name)
    for step in found.work:
        lines = set().union(*(known.get(digest, set()) for digest in step.digests))
        said = {s.lines[0] for s in found.steps if s.lines and step.key in (s.key, s.shared_with)}
        if lines and step.keyword != "FROM":
            assert said == lines
