"""One vertex as its events tell of it, and the grammar of vertex names."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

from buildlab.record.steps import Interval

_STEP = re.compile(
    r"\[(?:(?P<platform>[^\s\]]+/[^\s\]]+) )?(?P<stage>[^\]]*?)\s*(?P<index>\d+)/(?P<total>\d+)\] "
    r"(?P<link>LINK )?(?P<text>.*)",
    re.S,
)
_CONTEXT = re.compile(r"\[(?:\S+/\S+ )?context (?P<name>[^\]]+)\] (?P<what>.*)", re.S)
_PLATFORM = re.compile(r"^\[[^\s\]]+/[^\s\]]+ ")
_CANCELED: Final = "context canceled"

_KINDS: Final = (
    (re.compile(r"\[internal\] load build definition"), "definition"),
    (re.compile(r"\[(internal|context [^\]]+)\] load metadata|resolve image config|\[auth\]"),
     "metadata"),
    (re.compile(r"\[(internal|context [^\]]+)\] load \.dockerignore"), "dockerignore"),
    (re.compile(r"\[internal\] load build context|\[context [^\]]+\] load from client"), "context"),
    (re.compile(r"\[internal\] load (git source|remote build context)|copy /context /"),
     "remote context"),
    (re.compile(r"exporting cache|preparing build cache|sending cache export"), "cache export"),
    (re.compile(r"importing cache"), "cache import"),
    (re.compile(r"exporting to|importing to|sending tarball|pushing |merging manifest"), "export"),
    (re.compile(r"resolving provenance|\[internal\] (booting|waiting|connect|starting)"), "client"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """A vertex name, taken apart. `kind` is "step", "base" or a kind of `record.Internal`."""

    kind: str
    text: str
    platform: str = ""
    stage: str = ""
    index: int = 0
    total: int = 0
    link: bool = False


@functools.lru_cache(maxsize=4096)
def parse_name(name: str) -> Name:
    """Take a vertex name apart. What matches no grammar is an internal vertex of kind "other".

    "base" is a base image that stands for FROM because a named context replaced it; its text is
    the image's name as the Dockerfile has it.
    """
    if step := _STEP.match(name):
        platform, stage = step["platform"] or "", step["stage"].strip()
        return Name(
            "step",
            step["text"].strip(),
            platform,
            f"{platform} {stage}".strip(),  # two platforms have the same (stage, index)
            int(step["index"]),
            int(step["total"]),
            bool(step["link"]),
        )
    plain = _PLATFORM.sub("[", name)
    for grammar, kind in _KINDS:
        if grammar.match(plain):
            return Name(kind, name)
    if named := _CONTEXT.match(name):
        return Name("base", named["name"])
    return Name("other", name)


@functools.lru_cache(maxsize=1024)
def _second(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def seconds(timestamp: str) -> float:
    """Seconds since 1970 of an RFC 3339 time. The client's own vertexes are in its time zone."""
    if timestamp.endswith("Z"):
        fraction = timestamp[19:-1]
        return _second(timestamp[:19]) + (float(f"0{fraction}") if fraction else 0.0)
    return datetime.fromisoformat(timestamp).timestamp()


class LogPiece(NamedTuple):
    """Output of a step as it came: `data` is still base64."""

    timestamp: str
    stream: int
    data: str


@dataclass(slots=True)
class Vertex:
    """What all events so far say of one vertex. Times are seconds since 1970.

    A vertex is reported many times, and can run in several intervals: they are kept by their
    start. Cached is kept once said, since a later report can lack it; inputs, too, are missing
    from some later reports.

    BuildKit says cached of two kinds: what it loads from its cache, which takes time, and what
    it concludes: when a vertex begins, each of its inputs that has not ended is reported as
    cached, begun and completed in the instant in which that vertex began. If the vertex failed
    in finding its key (a missing source of a COPY), it needed nothing of its inputs, and the
    conclusion is void: they ran nowhere.
    """

    digest: str
    name: str
    parsed: Name
    inputs: tuple[str, ...] = ()
    spans: dict[str, tuple[float, float | None]] = field(default_factory=dict)
    loaded: bool = False
    """Said to be cached in a report that takes time, or that has none yet."""
    concluded: set[str] = field(default_factory=set)
    """Starts of reports that are only BuildKit's conclusion from another vertex's beginning."""
    overruled: bool = False
    """A conclusion was void: BuildKit's own count of cached vertexes still has it."""
    error: str = ""
    transfers: dict[str, int] = field(default_factory=dict)
    logs: list[LogPiece] = field(default_factory=list)

    @property
    def cached(self) -> bool:
        return self.loaded or bool(self.concluded)

    def void(self, start: str | None) -> None:
        """Forget what was concluded from the beginning, at `start`, of a vertex that failed."""
        if start is not None and start in self.concluded:
            self.concluded.discard(start)
            self.spans.pop(start, None)
            self.overruled = True

    @property
    def started(self) -> bool:
        return bool(self.spans)

    @property
    def running(self) -> bool:
        return not self.error and any(end is None for _, end in self.spans.values())

    @property
    def canceled(self) -> bool:
        """Ended because something else failed or the client went away, not by its own fault."""
        return _CANCELED in self.error

    @property
    def failed(self) -> bool:
        return bool(self.error) and not self.canceled

    @property
    def done(self) -> bool:
        return self.started and not self.running and not self.error

    @property
    def transferred_bytes(self) -> int:
        return sum(self.transfers.values())


def merged(spans: Iterable[tuple[float, float | None]], now: float) -> list[tuple[float, float]]:
    """Spans in order of time, overlapping ones made one; an open one ends `now`."""
    out: list[tuple[float, float]] = []
    for start, end in sorted((s, max(s, now if e is None else e)) for s, e in spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def intervals(vertexes: Iterable[Vertex], origin: float, now: float) -> tuple[Interval, ...]:
    """The merged intervals of some vertexes, in seconds since `origin`, to the microsecond."""
    spans = merged((span for v in vertexes for span in v.spans.values()), now)
    return tuple(Interval(round(s - origin, 6), round(e - origin, 6)) for s, e in spans)
