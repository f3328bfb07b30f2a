"""What each line of the tuned Dockerfile is worth: take it away, and measure again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from buildlab.artifact import container
from buildlab.bench.bench import salted
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.bench.sample import NOTHING_IGNORED, sample_file
from buildlab.builds import build
from buildlab.builds.asked.command import tag
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import Engine, engine
from buildlab.errors import UsageError
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State

HERE = Path(__file__).parent
PROGRAM: Final = HERE / "ablation"
WHOLE: Final = "nothing"
LINE: Final = "internal/hello/hello.go"
ROUNDS: Final = 2

Cut = Callable[[str], str]


def _without(*texts: str) -> Cut:
    """Take these texts out. Raises UsageError where the Dockerfile has one no longer."""
    return _swapped(*((text, "") for text in texts))


def _swapped(*pairs: tuple[str, str]) -> Cut:
    def cut(dockerfile: str) -> str:
        for old, new in pairs:
            if old not in dockerfile:
                raise UsageError(f"the tuned Dockerfile has no {old!r} any more")
            dockerfile = dockerfile.replace(old, new)
        return dockerfile

    return cut


def _early(dockerfile: str) -> str:
    """ARG VERSION in the first stage, above everything, and handed on."""
    line = "ARG VERSION=dev\n"
    first, rest = dockerfile.replace(line, "").split("\n", 3)[:3], dockerfile.replace(line, "")
    head = "\n".join(first)
    return rest.replace(head, f"{head}\n{line.rstrip()}", 1)


def tuned() -> str:
    """The tuned Dockerfile, as it is in the service."""
    return sample_file("Dockerfile").read_text()


def numbered() -> str:
    """The same with its line numbers."""
    return "\n".join(f"{n:3}  {line}" for n, line in enumerate(tuned().splitlines(), 1))


@dataclass(frozen=True, slots=True)
class Ablation:
    """One thing taken away: from the Dockerfile, or from the folder beside it."""

    name: str
    lesson: str
    cut: Cut = lambda text: text
    ignored: bool = True
    """Whether the .dockerignore stays."""


MODULES_MOUNT: Final = "    --mount=type=cache,target=/go/pkg/mod \\\n"
COMPILER_MOUNT: Final = "    --mount=type=cache,target=/root/.cache/go-build \\\n"
SOURCE_BIND: Final = "RUN --mount=type=bind,target=. \\\n"
STATIC_BASE: Final = "FROM gcr.io/distroless/static-debian13:nonroot AS runtime"

ABLATIONS: Final = (
    Ablation("module cache mount", "04", _without(MODULES_MOUNT)),
    Ablation("compiler cache mount", "04", _without(COMPILER_MOUNT)),
    Ablation("source bound, not copied", "03", _swapped((SOURCE_BIND, "COPY . .\nRUN \\\n"))),
    Ablation("-s -w", "08", _without("-s -w ")),
    Ablation("-trimpath", "09", _without(" GOFLAGS=-trimpath")),
    Ablation("CGO_ENABLED=0", "08", _without("CGO_ENABLED=0 ")),
    Ablation("ARG VERSION late", "01", _early),
    Ablation(
        "a folder for the output", "15",
        _swapped(("-o /out/server", "-o /server"), ("=build-server /out/", "=build-server /")),
    ),
    Ablation(
        "one program a step", "03",
        _swapped(("-o /out/server ./cmd/server", "-o /out/ ./cmd/...")),
    ),
    Ablation("a small base", "08", _swapped((STATIC_BASE, "FROM golang:1.27-trixie AS runtime"))),
    Ablation(".dockerignore", "02", ignored=False),
)  # fmt: skip


@dataclass(slots=True)
class Measured:
    """One Dockerfile, built and edited: what is read off its builds."""

    lab: Engine
    tree: Workspace
    ablation: Ablation
    number: int
    cache_ns: str
    walls_s: list[float]
    image_bytes: int = 0
    line: str = ""
    starts: bool = False
    ran: dict[str, int] | None = None

    @property
    def file(self) -> str:
        return f"ablation-{self.number}.Dockerfile"

    def build(self, title: str, version: str = "v1") -> BuildRecord:
        return build(
            self.tree,
            f"--file={self.file}",
            "--target=server",
            f"--build-arg=VERSION={version}",
            title=f"{self.ablation.name}: {title}",
            cache_ns=self.cache_ns,
        ).require_ok()

    def prepare(self) -> None:
        """Write the Dockerfile, and build it where that makes the next build warm.

        Without a compiler cache it makes nothing warm.
        """
        self.tree.write(self.file, self.ablation.cut(tuned()))
        own = sample_file(".dockerignore").read_text()
        ignore = own if self.ablation.ignored else NOTHING_IGNORED
        self.tree.write(f"{self.file}.dockerignore", ignore)
        if COMPILER_MOUNT in self.tree.read(self.file):
            self.build("before")

    def one_line(self) -> BuildRecord:
        """Change one line of Go as it never was before, and build."""
        self.line = re.sub(r"line \w+", f"line {secrets.token_hex(4)}", self.tree.read(LINE))
        self.tree.write(LINE, self.line)
        record = self.build("one line")
        self.walls_s.append(record.wall_s)
        self.image_bytes = record.image_size_bytes or 0
        return record

    def other_edits(self) -> dict[str, int]:
        """Steps that run after edits that change no line of the program."""
        found = {}
        self.tree.write(LINE, self.line)  # as it was in the build before: others have edited it
        self.tree.write("README.md", f"# Pier\n\n{secrets.token_hex(8)}\n")
        found["README"] = _ran(self.build("README"))
        found["version"] = _ran(self.build("version", f"v-{secrets.token_hex(4)}"))
        self.ran = found
        return found

    def start(self) -> bool:
        """Whether the program in the image starts and ends as it should."""
        ref = tag(f"{self.ablation.name}: one line", self.lab.session)
        self.starts = container.run(self.lab, ref, "-h").ok
        return self.starts


def _ran(record: BuildRecord) -> int:
    return sum(state is State.RAN for state in record.states().values())


@experiment(uses=("sample/Dockerfile", "sample/.dockerignore"))
def ablation(names: Sequence[str] = ()) -> Runs:
    """The tuned Dockerfile whole, and without each of `ABLATIONS` (or those named), in turn.

    Rows: without, one_line (times as long as the whole; median of `ROUNDS` rounds, in each of
    which every Dockerfile is built once), image (times as large), steps that run after a README
    edit and after a new version, and whether the program starts. Facts: the same by name.
    Raises UsageError for a line that the Dockerfile no longer has.
    """
    chosen = [a for a in ABLATIONS if not names or a.name in names]
    records: dict[str, BuildRecord] = {}
    with engine() as lab, workspace(PROGRAM) as tree:
        cache_ns = f"buildlab-{salted(tree)}"
        every = [
            Measured(lab, tree, a, n, cache_ns, [])
            for n, a in enumerate((Ablation(WHOLE, ""), *chosen))
        ]
        for one in every:
            one.prepare()
        for _ in range(ROUNDS):
            for one in every:
                records[one.ablation.name] = one.one_line()
        for one in every:
            one.other_edits()
            one.start()
    facts: dict[str, Fact] = {}
    rows = []
    for one in every:
        row = _row(one, every[0])
        rows.append(row)
        facts |= {f"{row['without']}: {k}": v for k, v in row.items() if k != "without"}
    return Runs(records, facts, rows=tuple(rows))


def _row(one: Measured, whole: Measured) -> Row:
    ratios = [a / b for a, b in zip(one.walls_s, whole.walls_s, strict=True)]
    ran = one.ran or {}
    return {
        "without": one.ablation.name,
        "one_line_times": round(median(ratios), 2),
        "image_times": round(one.image_bytes / max(1, whole.image_bytes), 2),
        "steps after README": ran.get("README", 0),
        "steps after version": ran.get("version", 0),
        "starts": one.starts,
        "lesson": one.ablation.lesson,
    }
