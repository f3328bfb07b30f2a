"""What lesson 02 states, held by real builds."""

from __future__ import annotations

from buildlab.engine import Engine
from buildlab.experiments import context
from buildlab.experiments.runs import Runs
from buildlab.record import State


def rows_with_a_miss(runs: Runs) -> set[str]:
    """The edits after which a step ran."""
    return {
        name
        for name, record in runs.records.items()
        if name != "baseline" and State.RAN in record.states().values()
    }


def test_every_stray_file_runs_steps_without_an_ignore_file(lab_engine: Engine) -> None:
    """Without a .dockerignore each stray file invalidates COPY, as an edit of the source does."""
    assert rows_with_a_miss(context.strays(ignored=False)) == {e.name for e in context.STRAYS}


def test_only_the_source_counts_with_the_ignore_file(lab_engine: Engine) -> None:
    """With the service's .dockerignore only the edit that changes the program runs a step."""
    assert rows_with_a_miss(context.strays(ignored=True)) == {"source file"}


def test_only_new_bytes_are_sent(lab_engine: Engine) -> None:
    """A new file is sent whole, an unchanged one not again, an ignored one not at all."""
    facts = context.transfer().facts
    for size_mb in context.SIZES_MB:
        assert int(facts[f"sent_{size_mb}_mb_bytes"]) >= size_mb * context.MEGABYTE
    assert int(facts["again_bytes"]) < context.MEGABYTE
    assert int(facts["ignored_bytes"]) < context.MEGABYTE


def test_split_copy_leaves_the_other_folder_cached_and_runs_the_rest(lab_engine: Engine) -> None:
    """COPY by folder keeps the other folder's COPY cached, but the RUN below runs either way."""
    runs = context.split_copy()
    in_cmd = {s.instruction.split(">")[0]: s.state for s in runs["edit in cmd"].steps}
    assert in_cmd["COPY internal/ internal/"] is State.CACHED
    assert in_cmd["COPY cmd/ cmd/"] is State.RAN
    assert runs["edit in cmd"].steps[-1].state is State.RAN
