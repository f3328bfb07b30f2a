"""Heredocs, and bind mounts of the context in place of COPY."""

from __future__ import annotations

import secrets

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Runs
from buildlab.builds import build
from buildlab.experiments.graph.shapes import exported, recipe
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State

BINDS = ("copied", "bound", "one-file")


@experiment()
def heredocs() -> Runs:
    """Three commands of which the second fails, as a heredoc and as a chain; files in a heredoc.

    Facts: which of them failed, and what was written.
    """
    salt = secrets.token_hex(4)
    flag = f"--build-arg=SALT={salt}"
    with recipe("heredocs") as tree:
        record, files = exported(tree, flag, title="heredocs")
        written = {p.name: p.read_text() for p in files.iterdir()}
        failing = {
            name: build(tree, f"--target={name}", flag, title=name, output="cache")
            for name in ("strict", "chained")
        }
    step = next(s for s in record.steps if s.stage == "heredoc")
    facts: dict[str, Fact] = {
        "a heredoc of three commands makes steps": len(
            [s for s in record.steps if s.stage == "heredoc" and s.cacheable]
        ),
        "heredoc, its second command failed": "nowhere" in step.output,
        "heredoc, its last command ran": "last" in written["heredoc"],
        "heredoc, the build failed": step.state is State.FAILED,
        "with set -e, the build failed": not failing["strict"].ok,
        "chained with &&, the build failed": not failing["chained"].ok,
        "#!/usr/bin/env bash: the heredoc was run by bash": bool(written["bash"].strip()),
        "COPY <<EOF replaced the argument": written["replaced"] == f"salt={salt}\n",
        'COPY <<"EOF" replaced the argument': written["verbatim"] != "salt=${SALT}\n",
    }
    return Runs({"heredocs": record, **failing}, facts)


@experiment()
def binds() -> Runs:
    """One program's input, copied, bound whole, and bound as a single file; a file is edited.

    Facts: what ran after the edit of a file that no step reads, and what became of writes into a
    bind mount. Rows: each way, its steps, and whether the edit ran a RUN again.
    """
    with recipe("binds") as tree:
        tree.write("used.txt", secrets.token_hex(8))
        before, files = exported(tree, "--target=all", title="before the edit")
        counts = {name: (files / name / "count").read_text() for name in BINDS}
        inside = (files / "writable" / "count").read_text().split()
        after_write = (files / "writable" / "after").read_text().split()
        reached = (tree.path / "written").exists()
        tree.write("unused.txt", secrets.token_hex(8))
        edited = build(tree, "--target=all", title="after the edit", output="cache").require_ok()
        refused = build(tree, "--target=read-only", title="write", output="cache")
    rows = tuple(
        {
            "stage": stage,
            "steps": len([s for s in before.steps if s.stage == stage and s.cacheable]),
            "is given": "used.txt" if stage == "one-file" else "all files",
            "RUN after the edit": _run_state(edited, stage),
        }
        for stage in BINDS
    )
    facts: dict[str, Fact] = {
        **{
            f"{row['stage']}, RUN after an edit it doesn't read": row["RUN after the edit"]
            for row in rows
        },
        "copied and bound steps read the same": counts["copied"] == counts["bound"],
        "a write into a bind mount is refused": not refused.ok,
        "refused with": "Read-only file system" if "Read-only" in refused.output else "",
        "with rw, the step saw its own file": "written" in inside,
        "with rw, the file was there for the next step": "written" in after_write,
        "with rw, the file reached the context": reached,
    }
    return Runs(
        {"before the edit": before, "after the edit": edited, "write": refused}, facts, rows=rows
    )


def _run_state(record: BuildRecord, stage: str) -> str:
    return next(s.state.value for s in record.steps if s.stage == stage and s.keyword == "RUN")
