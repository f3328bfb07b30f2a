"""One slow Dockerfile, every instrument that can be pointed at it, and its repair, measured."""

from __future__ import annotations

import os
import re
import secrets
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.builds import build
from buildlab.builds.client import plain
from buildlab.builds.workspace import Workspace, workspace
from buildlab.host import unpacking
from buildlab.record import derive
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State, Step

HERE = Path(__file__).parent
SOURCE = HERE / "slow"
LOG = "build.log"
LOG_BYTES = 24_000_000
TOOLS = "RUN cat /usr/local/go/bin/go | gzip > /tools.gz\n"
ARGUMENT = "ARG COMMIT=unknown\n"
COMPILE = "RUN CGO_ENABLED=0 go build"
MOUNT = "--mount=type=cache,target=/root/.cache/go-build"

ASKED: Mapping[str, Mapping[str, str]] = {
    "which steps ran": {
        "plain": r"^#\d+ CACHED$",
        "rawjson": r'"cached":true',
        "history": r"^#\d+ CACHED$",
    },
    "how long each took": {
        "plain": r"^#\d+ DONE [\d.]+s$",
        "rawjson": r'"completed":"',
        "history": r"^#\d+ DONE [\d.]+s$",
    },
    "when each began": {"rawjson": r'"started":"'},
    "what each needs": {"rawjson": r'"inputs":\['},
    "how much context was sent": {
        "plain": r"transferring context: [\d.]+[kM]?B",
        "rawjson": r'transferring context:?".*"current":\d',
    },
    "how many were cached": {"history": r"\(\d+% cached\)"},
    "builds of before": {"history": r"^BUILD ID"},
    "what the cache holds": {"du": r"Description:"},
    "faults of style": {"--check": r"JSONArgsRecommended"},
    "which files changed": dict.fromkeys(
        ("plain", "rawjson", "history", "du", "--check"), r"\bmain\.go\b.*chang|chang.*\bmain\.go\b"
    ),
    "why a step ran again": {
        **dict.fromkeys(
            ("plain", "rawjson", "history", "--check"),
            r"(?i)skipping cache|invalidat|because|cache miss|\bchanged\b",
        ),
        # It quotes the commands of every build on the engine, in which such words may stand.
        "du": r"(?i)skipping cache|cache miss",
    },
}
"""Questions, and what in an instrument's text answers them. A question without a pattern for an
instrument was looked for by hand and not found."""

INSTRUMENTS = ("plain", "rawjson", "history", "du", "--check")


class Project:
    """A copy of the slow project: cold, edited and built by name."""

    def __init__(self, tree: Workspace) -> None:
        self.tree = tree
        self._salt = secrets.token_hex(4)
        self._ns = f"buildlab-{self._salt}"
        self._revision = 0
        tree.write("go.mod", f"{tree.read('go.mod')}\n// {secrets.token_hex(8)}\n")
        self.edit()

    @property
    def dockerfile(self) -> str:
        return self.tree.read("Dockerfile")

    def edit(self) -> None:
        """What a commit does here: one line of source, and a log that a tool writes."""
        self.tree.replace(
            "main.go", f"revision = {self._revision}\n", f"revision = {self._revision + 1}\n"
        )
        self._revision += 1
        self.tree.write(LOG, os.urandom(LOG_BYTES))

    @property
    def flags(self) -> tuple[str, ...]:
        return (f"--build-arg=COMMIT={self._salt}{self._revision}",)

    def build(self, title: str) -> BuildRecord:
        return build(self.tree, *self.flags, title=title, cache_ns=self._ns).require_ok()

    def plain(self, *flags: str, progress: str = "plain") -> plain.Said:
        return plain.build(
            self.tree.path, *self.flags, *flags, progress=progress, cache_ns=self._ns
        )

    def context(self) -> dict[str, bytes]:
        """What COPY . . gets now: the build's own answer, not a guess of ours."""
        self.tree.write("context.Dockerfile", "FROM scratch\nCOPY . /\n")
        result = self.tree.path.with_name(f"{self.tree.path.name}.tar")
        build(
            self.tree,
            "--file=context.Dockerfile",
            f"--output=type=tar,dest={result}",
            title="what COPY gets",
        ).require_ok()
        self.tree.delete("context.Dockerfile")
        try:
            return {n: b for n, b in _files(result) if not n.endswith("Dockerfile")}
        finally:
            result.unlink()


def _files(result: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(result) as tar:
        for member, content in unpacking.files(tar, result.name):
            yield member.name, content


@contextmanager
def _project() -> Iterator[Project]:
    with workspace(SOURCE) as tree:
        yield Project(tree)


def dockerfile() -> str:
    """The slow Dockerfile."""
    return (SOURCE / "Dockerfile").read_text()


@experiment()
def instruments() -> Runs:
    """One edit of the slow project, seen through everything that Docker offers.

    Facts: "<instrument> says <question>" for each of `ASKED` and `INSTRUMENTS`,
    "plain says Skipping cache", and the texts under "text of <instrument>". The record is of the
    first build, before the edit.
    """
    with _project() as made:
        first = made.build("first build")
        made.edit()
        texts = _texts(made)
    facts: dict[str, Fact] = {
        f"{instrument} says {question}": bool(
            re.search(patterns.get(instrument, r"(?!)"), texts[instrument], re.M)
        )
        for question, patterns in ASKED.items()
        for instrument in INSTRUMENTS
    }
    facts["plain says Skipping cache"] = "skipping cache" in texts["plain"].lower()
    rows: tuple[Row, ...] = tuple(
        {"question": q, **{i: "yes" if facts[f"{i} says {q}"] else "" for i in INSTRUMENTS}}
        for q in ASKED
    )
    return Runs({"first": first}, {**facts, **_kept(texts)}, rows=rows)


def _texts(made: Project) -> dict[str, str]:
    """Each instrument's text; rawjson is of a build with nothing to do, which is the cheaper."""
    said = made.plain()
    history = [plain.read("history", "ls")] + [
        plain.read("history", what, said.ref) for what in ("inspect", "logs")
    ]
    return {
        "plain": said.text,
        "rawjson": made.plain(progress="rawjson").text,
        "history": "\n".join(h.text for h in history),
        "du": plain.read("du", "--verbose").text,
        "--check": made.plain("--call=check").text,
    }


def _kept(texts: Mapping[str, str]) -> dict[str, Fact]:
    """What a lesson shows of the texts: all of the short ones, the beginning of the long ones."""
    return {
        "text of plain": _quiet(texts["plain"]),
        "text of rawjson": "\n".join(line[:240] for line in texts["rawjson"].splitlines()[:4]),
        "text of history": _quiet("Name:" + texts["history"].partition("Name:")[2].split("\n#")[0]),
        "text of du": "\n".join(texts["du"].splitlines()[:9]),
        "text of --check": texts["--check"],
    }


def _quiet(text: str) -> str:
    """Without empty lines and the digests that say nothing to a reader."""
    lines = (line for line in text.splitlines() if line.strip())
    return "\n".join(re.sub(r"@?sha256:[0-9a-f]{64}", "", line) for line in lines)


def gap_s(record: BuildRecord) -> float:
    """The time between the end of the compiling step and the start of COPY --from."""
    steps = {_role(s): s for s in record.steps}
    compiled, copied = steps["compile"], steps["copy"]
    if compiled.end_s is None or copied.start_s is None:
        return 0.0
    return round(max(0.0, copied.start_s - compiled.end_s), 3)


def _role(step: Step) -> str:
    if "go build" in step.instruction:
        return "compile"
    if "--from=build" in step.instruction:
        return "copy"
    return "tools" if "gzip" in step.instruction else str(step.key)


def _mounted(tree: Workspace) -> None:
    tree.replace("Dockerfile", COMPILE, COMPILE.replace("RUN ", f"RUN {MOUNT} "))


def _tools_first(tree: Workspace) -> None:
    tree.replace("Dockerfile", TOOLS, "")
    tree.replace("Dockerfile", ARGUMENT, TOOLS)
    tree.replace("Dockerfile", "RUN --mount", f"{ARGUMENT}RUN --mount")


def _own_folder(tree: Workspace) -> None:
    tree.replace("Dockerfile", "-o /server .", "-o /out/server .")
    tree.replace(
        "Dockerfile", "COPY --from=build /server /server", "COPY --from=build /out/server /server"
    )


REPAIRS: Mapping[str, Callable[[Workspace], None]] = {
    "a compiler cache": _mounted,
    "tools above the source": _tools_first,
    "an ignore file": lambda t: t.write(".dockerignore", "*\n!go.mod\n!**/*.go\n"),
    "a folder for the program": _own_folder,
}


@experiment()
def diagnosis() -> Runs:
    """One edit of the slow project; then the repairs of `REPAIRS` one upon the other, each with
    an edit built after it.

    Facts: "COPY saw change: <file>", "the largest step"; for each repair, and "as it was" before
    any: "<repair>: <tools, compile or copy>" (a state), "<repair>: the log was sent"; then
    "times as fast as at first" and "the repaired Dockerfile".
    """
    records: dict[str, BuildRecord] = {}
    with _project() as made:
        before = made.context()
        records["first build"] = made.build("first build")
        made.edit()
        records["as it was"] = made.build("as it was")
        after = made.context()
        for name, repair in REPAIRS.items():
            repair(made.tree)
            made.build(f"{name}, first build")
            made.edit()
            records[name] = made.build(name)
        final = made.dockerfile
    edited = {name: r for name, r in records.items() if name != "first build"}
    facts: dict[str, Fact] = {
        f"COPY saw change: {name}": before.get(name) != after[name] for name in sorted(after)
    }
    largest = max(derive.misses(records["as it was"]), key=lambda s: s.duration_s)
    facts["the largest step"] = _role(largest)
    for name, record in edited.items():
        facts |= _states(name, record)
        facts[f"{name}: the log was sent"] = _sent_log(record)
    walls = [r.wall_s for r in edited.values()]
    facts["times as fast as at first"] = round(walls[0] / walls[-1], 2)
    facts["the repaired Dockerfile"] = final
    return Runs(records, facts, rows=tuple(_repair_row(n, r) for n, r in edited.items()))


def _states(name: str, record: BuildRecord) -> dict[str, Fact]:
    roles = {_role(s): s.state.value for s in record.steps}
    return {f"{name}: {role}": roles[role] for role in ("tools", "compile", "copy")}


def _sent_log(record: BuildRecord) -> bool:
    return record.context_bytes >= LOG_BYTES


def _repair_row(name: str, record: BuildRecord) -> Row:
    steps = {_role(s): s for s in record.steps}
    return {
        "after": name,
        "wall_s": round(record.wall_s, 2),
        "compile_s": round(steps["compile"].duration_s, 2),
        "tools_s": round(steps["tools"].duration_s, 2),
        "sent_mb": round(record.context_bytes / 1_000_000, 2),
        "gap_s": gap_s(record),
        "ran": sum(s.cacheable and s.state is State.RAN for s in record.work),
    }
