"""What lesson 01 states, held by real builds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from buildlab.bench.bench import Bench
from buildlab.bench.evidence import measured
from buildlab.engine import Engine
from buildlab.experiments.layer_cache import invalidation
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State

COPY_MODULES = "COPY go.mod"
DOWNLOAD = "RUN --mount=type=cache,target=/go/pkg/mod go mod download"
COPY_ALL = "COPY . ."
LIST = "RUN --mount=type=cache,target=/go/pkg/mod go list"
DATE = "RUN date"
VERSION = "RUN echo"

RAN = {
    "nothing": (),
    "comment in the Dockerfile": (),
    "text of the last RUN": ("RUN printf",),
    "ENV value": (DOWNLOAD, COPY_ALL, LIST, DATE, VERSION),
    "argument given": (DATE, VERSION),
    "argument nobody declares": (),
    "source file": (COPY_ALL, LIST, DATE, VERSION),
    "mtime only": (),
    "mode": (COPY_ALL, LIST, DATE, VERSION),
    "rename": (COPY_ALL, LIST, DATE, VERSION),
    "file that nothing compiles": (COPY_ALL, LIST, DATE, VERSION),
    "ignored file": (),
    "go.mod": (COPY_MODULES, DOWNLOAD, COPY_ALL, LIST, DATE, VERSION),
}


def ran(record: BuildRecord) -> list[str]:
    return [s.instruction for s in record.steps if s.cacheable and s.state is State.RAN]


@pytest.fixture(scope="module")
def bench(lab_engine: Engine) -> Iterator[Bench]:
    with invalidation.rules() as made:
        yield made


@pytest.mark.parametrize("edit", [e.name for e in invalidation.EDITS])
def test_edit_runs_what_the_lesson_says(bench: Bench, edit: str) -> None:
    """Each edit runs exactly the steps that lesson 01 names, on a warm engine too."""
    seen = ran(bench.run(edit))
    assert len(seen) == len(RAN[edit])
    assert all(text.startswith(start) for text, start in zip(seen, RAN[edit], strict=True))


def test_matrix_has_a_row_for_every_edit(bench: Bench) -> None:
    """The lesson's heat map crosses every edit with every cacheable step."""
    matrix = bench.run_all().matrix
    assert matrix is not None
    assert list(matrix.edits) == [e.name for e in invalidation.EDITS]
    assert len(matrix.steps) == len(bench.baseline.states())


def test_source_first_downloads_again(lab_engine: Engine) -> None:
    """Copying the source above the download makes a source edit run the download again."""
    runs = measured(invalidation.order)
    assert any("go mod download" in text for text in ran(runs["source first"]))
    assert not any("go mod download" in text for text in ran(runs["dependencies first"]))


def test_moved_base_reaches_the_tag_and_not_the_digest(lab_engine: Engine) -> None:
    """A base image pushed under the same tag invalidates a FROM by tag, not one by digest."""
    facts = measured(invalidation.base_image_moved).facts
    assert facts["by tag, the step ran again"] is True
    assert facts["by digest, the step ran again"] is False
