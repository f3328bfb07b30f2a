"""For the ledger: which edit makes which cheap step run again, in two stages beside each other."""

from __future__ import annotations

import secrets

from buildlab.bench.edits import Edit, by_name, longer, swapped, written
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Runs
from buildlab.bench.sample import NOTHING_IGNORED
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.experiments.context.order import split_copy
from buildlab.experiments.programs import program
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State

PROGRAM = "main.go"
STEPS = {
    "WORKDIR": "WORKDIR",
    "COPY of go.mod": "COPY go.mod",
    "modules step": "RUN : the modules",
    "COPY of the tree": "COPY . .",
    "program step": "RUN : the program",
    "documents step": "RUN : the documents",
}
"""What facts call a step → how its instruction begins."""

EDITS = by_name(
    (
        Edit("nothing"),
        Edit("comment in the Dockerfile", swapped("Dockerfile", "WORKDIR", "# x\nWORKDIR")),
        Edit("text of the program step", swapped("Dockerfile", "&& date", "&& date -u")),
        Edit("mtime only", lambda t: t.touch(PROGRAM)),
        Edit("mode", lambda t: t.chmod(PROGRAM, 0o755)),
        Edit("rename", lambda t: t.rename(PROGRAM, "start.go")),
        Edit("source file", longer(PROGRAM, "// more\n")),
        Edit("README", written("README.md", "# Another title\n")),
        Edit("README, ignored", written("README.md", "# A third\n")),
        Edit(".DS_Store", written(".DS_Store", "icon positions\n")),
        Edit(".DS_Store, ignored", written(".DS_Store", "icons\n")),
        Edit("comment in go.mod", longer("go.mod", "// more\n")),
        Edit(
            "arguments in another order",
            swapped("Dockerfile", "ARG FIRST=1\nARG SECOND=2", "ARG SECOND=2\nARG FIRST=1"),
        ),
        Edit("argument given", flags=("--build-arg=FIRST=another",)),
        Edit("argument nobody declares", flags=("--build-arg=OTHER=another",)),
        Edit("ENV added at the top", swapped("Dockerfile", "ARG FIRST", "ENV X=1\nARG FIRST")),
    )
)
IGNORE = f"{NOTHING_IGNORED}Dockerfile\n"


@experiment(uses=("programs/small",))
def edits() -> Runs:
    """Each edit made to the same tree, built, and taken back.

    Facts: "<edit>: <step> ran" for each of `STEPS`, with the baseline as the build before.
    "…, ignored" edits have a .dockerignore that names the file, in a baseline of their own.
    """
    with workspace(program("small")) as tree:
        tree.write("go.mod", f"{tree.read('go.mod')}// {secrets.token_hex(4)}\n")
        tree.write("docs/salt", secrets.token_hex(4))
        records = {}
        for ignored in (False, True):
            tree.write(".dockerignore", IGNORE + ("README.md\n.DS_Store\n" if ignored else ""))
            tree.checkpoint()
            records["ignoring baseline" if ignored else "baseline"] = _build(tree, "baseline")
            for name in (n for n in EDITS if n.endswith(", ignored") == ignored):
                records[name] = _build(tree, name, *EDITS[name].apply(tree))
                tree.reset()
    facts: dict[str, Fact] = {}
    for name in EDITS:
        facts |= {f"{name}: {step} ran": value for step, value in _ran(records[name]).items()}
    return Runs(records, facts)


@experiment(uses=("sample",))
def split() -> Runs:
    """cmd/ and internal/ of the service, copied by instructions of their own; one file edited.

    Facts: "<edit>: <step> ran" for both COPY and for the RUN below that needs both.
    """
    with split_copy() as bench:
        runs = bench.run_all()
    names = {
        "COPY of cmd": "COPY cmd/",
        "COPY of internal": "COPY internal/",
        "the step that needs both": "RUN",
    }
    facts: dict[str, Fact] = {}
    for edit in bench.edits:
        last = runs[edit].steps[-1].key
        for name, start in names.items():
            facts[f"{edit}: {name} ran"] = any(
                s.state is State.RAN and s.instruction.startswith(start)
                for s in runs[edit].steps
                if start != "RUN" or s.key == last
            )
    return Runs(runs.records, facts)


def _build(tree: Workspace, title: str, *flags: str) -> BuildRecord:
    return build(tree, *flags, title=title, output="cache").require_ok()


def _ran(record: BuildRecord) -> dict[str, bool]:
    """Whether each of `STEPS` ran."""
    return {
        name: any(s.state is State.RAN and s.instruction.startswith(start) for s in record.steps)
        for name, start in STEPS.items()
    }
