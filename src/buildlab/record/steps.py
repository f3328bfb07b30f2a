"""What a build is made of: steps and their times, internal work, warnings, a failure, files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """How a step ended. `CACHED` on FROM means nothing: see `Step.cacheable`."""

    CACHED = "cached"
    RAN = "ran"
    FAILED = "failed"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True, order=True)
class StepKey:
    """Identifies a step across builds while the Dockerfile's structure is the same.

    A vertex digest does not: it changes with every input. `stage` is "" in a Dockerfile
    with a single unnamed stage; `index` counts from 1 within the stage.
    """

    stage: str
    index: int

    def __str__(self) -> str:
        return f"{self.stage} {self.index}".strip()

    def of(self, total: int) -> str:
        """The place as BuildKit writes it: "build 4/6"."""
        return f"{self}/{total}"


class Interval(NamedTuple):
    """A span of work, in seconds since the build's first event."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class CacheMount:
    """A cache mount of a RUN step: `id` as BuildKit keys it, without our namespace."""

    id: str
    target: str
    sharing: str = "shared"


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as exported: compressed size, from the max provenance."""

    digest: str
    size_bytes: int
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One piece of a step's output; `stream` is 1 for stdout and 2 for stderr."""

    at_s: float
    stream: int
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One Dockerfile instruction that BuildKit turned into work."""

    key: StepKey
    total: int
    instruction: str
    state: State
    intervals: tuple[Interval, ...] = ()
    inputs: tuple[StepKey, ...] = ()
    reads_context: bool = False
    lines: tuple[int, int] | None = None
    cache_mounts: tuple[CacheMount, ...] = ()
    secret_ids: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = ()
    logs: tuple[LogLine, ...] = ()
    error: str = ""
    platform: str = ""
    digests: tuple[str, ...] = ()
    source: str = ""
    """The instruction as the Dockerfile has it, heredocs and all; "" where that isn't known."""
    arguments: tuple[str, ...] = ()
    """What ARG gives a RUN step, "NAME=value", used or not; "NAME" where no value is known."""
    environment: tuple[str, ...] = ()
    """What the Dockerfile's ENV lines give it; a base image's own isn't known."""
    settings: tuple[str, ...] | None = None
    """USER and SHELL of a RUN step, FROM where it is a stage: "NAME=value"; None: not known."""
    base_digest: str = ""
    """Of FROM: the base image's digest, where the engine tells it."""
    fetched: tuple[str, ...] = ()
    """"ADDRESS DIGEST" of what the engine fetched for it: for ADD, for --from=IMAGE."""
    shared_with: StepKey | None = None
    """The step that did this work, where equal steps of two stages are one; it has the times."""

    @property
    def stage(self) -> str:
        return self.key.stage

    @property
    def place(self) -> str:
        """Where it stands, as BuildKit writes it: "build 4/6"."""
        return self.key.of(self.total)

    @property
    def output(self) -> str:
        """What it printed, both streams in the order in which they came."""
        return "".join(line.text for line in self.logs)

    @property
    def keyword(self) -> str:
        """The instruction's first word, upper case: FROM, RUN, COPY, …"""
        return self.instruction.split(maxsplit=1)[0].upper() if self.instruction else ""

    @property
    def cacheable(self) -> bool:
        """Whether a cached state means saved work: true for all but FROM."""
        return self.keyword != "FROM"

    @property
    def stopped(self) -> bool:
        """Whether it was at work when the build failed or was stopped: "not reached" is its end."""
        return self.state is State.NOT_REACHED and bool(self.intervals)

    @property
    def duration_s(self) -> float:
        """Sum of the merged intervals, so that two overlapping reports count once."""
        return sum(i.end_s - i.start_s for i in self.intervals)

    @property
    def start_s(self) -> float | None:
        return self.intervals[0].start_s if self.intervals else None

    @property
    def end_s(self) -> float | None:
        return self.intervals[-1].end_s if self.intervals else None


@dataclass(frozen=True, slots=True)
class Internal:
    """A vertex that is no Dockerfile step: context transfer, metadata, export, cache import."""

    name: str
    kind: str
    """One of definition, metadata, dockerignore, context (sent by the client), remote context
    (fetched by the engine), export, cache import, cache export, client, other."""
    intervals: tuple[Interval, ...] = ()
    cached: bool = False
    transferred_bytes: int = 0
    error: str = ""
    commit: str = ""
    """Of a git source: the commit that its ref stood for."""

    @property
    def duration_s(self) -> float:
        return sum(i.end_s - i.start_s for i in self.intervals)


@dataclass(frozen=True, slots=True)
class BuildWarning:
    """A build check's finding (`docker build --check` knows the same rules)."""

    rule: str
    message: str
    url: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a build failed: the error in plain words, what the step said, the Dockerfile excerpt."""

    message: str
    excerpt: str = ""
    step: StepKey | None = None
    output: tuple[str, ...] = ()
    """The last lines that the failed step wrote; all of them are in the step's logs."""
    output_left_out: int = 0
    """How many lines came before."""
    earlier: tuple[str, ...] = ()
    """Lines among those left out that name an error."""
    raw: str = ""
    """The error as BuildKit worded it, with its ids; "" where it has no words of its own."""

    @property
    def words(self) -> str:
        """BuildKit's own words, where they are known: what a program looks for."""
        return self.raw or self.message


@dataclass(frozen=True, slots=True)
class Files:
    """What a build could read on this machine: of files with one `key` the digests compare.
    `unread` says why the files that are sent are not among the entries; "" where they are."""

    key: str
    entries: tuple[str, ...] = ()
    """"MODE DIGEST NAME" each; NAME is "CONTEXT:NAME", "secret ID", "ssh ID" for others."""
    unread: str = ""
