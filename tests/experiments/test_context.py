"""What lesson 02 states, held by real builds."""

from __future__ import annotations

from buildlab.bench.evidence import measured
from buildlab.bench.runs import Runs
from buildlab.engine import Engine
from buildlab.experiments.context import order
from buildlab.record.steps import State


def rows_with_a_miss(runs: Runs) -> set[str]:
    """The edits after which a step ran."""
    return {
        name
        for name, record in runs.records.items()
        if name != "baseline" and State.RAN in record.states().values()
    }


def test_every_stray_file_runs_steps_without_an_ignore_file(lab_engine: Engine) -> None:
    """Without a .dockerignore each stray file invalidates COPY, as an edit of the source does."""
    with order.strays(ignored=False) as bench:
        assert rows_with_a_miss(bench.run_all()) == set(bench.edits)


def test_only_the_source_counts_with_the_ignore_file(lab_engine: Engine) -> None:
    """With the service's .dockerignore only the edit that changes the program runs a step."""
    with order.strays(ignored=True) as bench:
        assert rows_with_a_miss(bench.run_all()) == {"source file"}


def test_only_new_bytes_are_sent(lab_engine: Engine) -> None:
    """A new file is sent whole; not again unchanged, nor where ignored or named by no COPY."""
    facts = measured(order.transfer).facts
    for size_mb in order.SIZES_MB:
        assert int(facts[f"sent_{size_mb}_mb_bytes"]) >= size_mb * order.MEGABYTE
    assert int(facts["again_bytes"]) < order.MEGABYTE
    assert int(facts["not_copied_bytes"]) < order.MEGABYTE
    assert int(facts["ignored_bytes"]) < order.MEGABYTE


def test_split_copy_leaves_the_other_folder_cached_and_runs_the_rest(lab_engine: Engine) -> None:
    """COPY by folder keeps the other folder's COPY cached, but the RUN below runs either way."""
    with order.split_copy() as bench:
        runs = bench.run_all()
    in_cmd = {s.instruction.split(">")[0]: s.state for s in runs["edit in cmd"].steps}
    assert in_cmd["COPY internal/ internal/"] is State.CACHED
    assert in_cmd["COPY cmd/ cmd/"] is State.RAN
    assert runs["edit in cmd"].steps[-1].state is State.RAN
