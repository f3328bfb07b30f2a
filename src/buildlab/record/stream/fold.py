"""The one state machine over BuildKit's events: for the live view and for the final record."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from buildlab import masking
from buildlab.basics import jsontext
from buildlab.dockerfile.reading import parse
from buildlab.record.steps import BuildWarning, StepKey
from buildlab.record.stream.grouping import Group, group
from buildlab.record.stream.placing import placed
from buildlab.record.stream.vertex import LogPiece, Vertex, merged, parse_name, seconds
from buildlab.record.style import Phase


@dataclass(frozen=True, slots=True)
class StepProgress:
    """One step as it stands; `elapsed_s` is its time at work so far."""

    key: StepKey
    total: int
    instruction: str
    phase: Phase
    elapsed_s: float
    shared_with: StepKey | None = None
    """The step that does this work: equal steps of two stages are one."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The build as it stands. `internals` names what runs and is no step."""

    elapsed_s: float
    steps: tuple[StepProgress, ...] = ()
    internals: tuple[str, ...] = ()
    transferred_bytes: int = 0
    """Build context sent so far."""
    trouble: str = ""
    """What is wrong with the engine meanwhile, in words."""


class Fold:
    """Takes the lines that `docker buildx build --progress=rawjson` writes to stderr.

    `dockerfile` is the file's text, which tells two stages of one name apart, and where else a
    step stands; where it is known only later, see `written`.
    `mask` are secret values; more are learned from ARG and ENV lines that the engine warns of.
    Unknown kinds of messages and unknown fields are passed over; a line that is no event is
    kept in `plain`.
    """

    def __init__(
        self,
        mask: Iterable[str] = (),
        *,
        dockerfile: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = parse(dockerfile)
        self.masker = masking.Masker(mask)
        self._plain: list[str] = []
        self._vertexes: dict[str, Vertex] = {}
        self._clock = clock
        self._fed_at = 0.0
        self._latest = 0.0
        self._latest_text = ""
        self._warnings: dict[BuildWarning, None] = {}
        self._read_sources: set[str] = set()
        self._void: set[str | None] = set()
        self._groups: tuple[tuple[Group, str], ...] | None = None

    def feed(self, line: str | bytes) -> None:
        """Take one line, with or without its newline."""
        self._fed_at = self._clock()
        text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
        try:
            message = jsontext.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            if text.strip():
                self._plain.append(text.rstrip("\r\n"))
            return
        for kind, take in (
            ("vertexes", self._vertex),
            ("statuses", self._status),
            ("logs", self._log),
            ("warnings", self._warning),
        ):
            for item in message.get(kind) or ():
                try:
                    take(item)
                except (KeyError, TypeError, ValueError, AttributeError):
                    continue  # one odd item of a newer BuildKit must not cost the record

    # --- reading --------------------------------------------------------------------------------

    def _vertex(self, item: Mapping[str, Any]) -> None:
        vertex = self._known(item["digest"], item)
        if item.get("inputs"):
            vertex.inputs = tuple(item["inputs"])
        started, completed = item.get("started"), item.get("completed")
        if item.get("cached"):
            if not started or completed != started:
                vertex.loaded = True
            else:
                vertex.concluded.add(started)
        if started:
            begin = seconds(started)
            end = seconds(completed) if completed else vertex.spans.get(started, (0.0, None))[1]
            vertex.spans[started] = (begin, end)
            if vertex.parsed.kind != "client":  # that one runs by another clock
                self._latest = max(self._latest, begin, end or 0.0)
        if item.get("error"):
            vertex.error = item["error"]
            self._void.add(started)
            for other in self._vertexes.values():
                other.void(started)
        elif started in self._void:
            vertex.void(started)

    def _known(self, digest: str, item: Mapping[str, Any]) -> Vertex:
        vertex = self._vertexes.get(digest)
        if vertex is None:
            name = item.get("name") or ""
            together = item.get("progressGroup") or {}
            parsed = parse_name(name)
            if parsed.kind != "step" and together.get("name"):
                parsed = parse_name(together["name"])
            vertex = self._vertexes[digest] = Vertex(digest, name, parsed)
            self._groups = None
        return vertex

    def _status(self, item: Mapping[str, Any]) -> None:
        self._latest_text = item["timestamp"]
        if item.get("name") == "transferring":
            vertex = self._vertexes[item["vertex"]]
            sent = int(item.get("current") or 0)
            if sent > vertex.transfers.get(item["id"], -1):
                vertex.transfers[item["id"]] = sent

    def _log(self, item: Mapping[str, Any]) -> None:
        self._latest_text = stamp = item["timestamp"]
        piece = LogPiece(stamp, int(item.get("stream") or 1), item.get("data") or "")
        self._vertexes[item["vertex"]].logs.append(piece)

    def _warning(self, item: Mapping[str, Any]) -> None:
        source = item.get("sourceInfo") or {}
        data = source.get("data") or ""
        if data and data not in self._read_sources:
            self._read_sources.add(data)
            if self.masker.learn(masking.declared(decoded(data))):
                self._groups = None
        rule, colon, message = decoded(item.get("short") or "").partition(": ")
        if not colon or " " in rule:
            rule, message = "", decoded(item.get("short") or "")
        ranges = item.get("range") or [{}]
        line = (ranges[0].get("start") or {}).get("line")
        found = BuildWarning(rule, self.masker(message), item.get("url") or "", line)
        self._warnings[found] = None

    # --- telling --------------------------------------------------------------------------------

    def learn(self, values: Iterable[str]) -> None:
        """Mask these values too, from now on."""
        if self.masker.learn(values):
            self._groups = None

    @property
    def plain(self) -> list[str]:
        """The lines that were no events, masked: what the client said itself."""
        return self.masker.lines(self._plain)

    def written(self, dockerfile: str) -> None:
        """Take this text as the Dockerfile's: BuildKit has told which one it read."""
        self._file = parse(dockerfile)
        self._groups = None

    def vertexes(self) -> tuple[Vertex, ...]:
        """All vertexes in the order in which they were announced."""
        return tuple(self._vertexes.values())

    def warnings(self) -> tuple[BuildWarning, ...]:
        """Each build check's finding once."""
        return tuple(self._warnings)

    def groups(self) -> tuple[Group, ...]:
        """The steps."""
        return tuple(g for g, _ in self._shown())

    def _shown(self) -> tuple[tuple[Group, str], ...]:
        if self._groups is None:  # a new vertex or secret: seldom, so that progress() is cheap
            found = placed(group(self.vertexes()), self._file)
            self._groups = tuple((g, self.masker(g.instruction)) for g in found)
        return self._groups

    @property
    def origin(self) -> float:
        """The first event, in seconds since 1970 by the engine's clock; 0.0 before any."""
        engine = (v for v in self._vertexes.values() if v.parsed.kind != "client")
        starts = (span[0] for v in engine for span in v.spans.values())
        return min(starts, default=0.0)

    @property
    def latest(self) -> float:
        """The last event, likewise."""
        if self._latest_text:
            with suppress(ValueError):  # a time in a form that we don't know: the others do
                self._latest = max(self._latest, seconds(self._latest_text))
            self._latest_text = ""
        return self._latest

    def progress(self) -> Progress:
        """The build as it stands now; an open interval lasts until now by `clock`."""
        origin = self.origin
        if not origin:
            return Progress(0.0)
        now = self.latest + max(0.0, self._clock() - self._fed_at)
        steps: list[tuple[int, StepProgress]] = []
        for found, instruction in self._shown():
            spans = merged((s for v in found.members for s in v.spans.values()), now)
            worked = round(sum(end - start for start, end in spans), 3)
            phase = found.phase(ended=False)
            key = found.key
            steps.append((found.order, StepProgress(key, found.total, instruction, phase, worked)))
            steps += [
                (p.order, StepProgress(p.key, p.total, instruction, phase, 0.0, key))
                for p in found.elsewhere
            ]
        if all(order >= 0 for order, _ in steps):
            steps.sort(key=lambda s: (s[0], s[1].key))
        others = [v for v in self._vertexes.values() if v.parsed.kind != "step"]
        return Progress(
            round(now - origin, 3),
            tuple(step for _, step in steps),
            tuple(self.masker(v.name) for v in others if v.running and v.parsed.kind != "base"),
            sum(v.transferred_bytes for v in others if v.parsed.kind == "context"),
        )


def decoded(data: str) -> str:
    """Base64 text as BuildKit sends it; what is no base64 is taken as it is."""
    try:
        return base64.b64decode(data, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return data
