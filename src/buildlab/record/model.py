"""The build record: what one `docker buildx build` did, as facts.

Every number says its unit in its name. Times are seconds since the build's first event, all
taken from BuildKit's clock except `BuildRecord.wall_s`, which is the client's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from buildlab.errors import BuildFailed
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.failed import failed_text
from buildlab.record.steps import (
    BuildWarning,
    Failure,
    Files,
    Internal,
    Layer,
    State,
    Step,
    StepKey,
)

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """All that is known of one build. Everything else (tables, plots, grades) reads this."""

    id: str
    title: str
    command: tuple[str, ...]
    context: str
    dockerfile: str
    started_at: str
    """UTC, ISO 8601, from BuildKit's first event."""
    wall_s: float
    exit_code: int
    steps: tuple[Step, ...] = ()
    internals: tuple[Internal, ...] = ()
    warnings: tuple[BuildWarning, ...] = ()
    failure: Failure | None = None
    image_digest: str = ""
    image_id: str = ""
    """What `docker buildx build --quiet` prints; "" where there is no image."""
    image_size_bytes: int | None = None
    """Compressed size of all layers of the image; None where no image was exported."""
    layers: tuple[Layer, ...] = ()
    """The image's layers, base first."""
    engine: EngineInfo = field(default_factory=lambda: EngineInfo("unknown"))
    commit: str = ""
    """The commit that was built, where the context is a git repository."""
    recorded: str = ""
    """"" for a build made in this process; in replay: where and when it was recorded."""
    settings: tuple[str, ...] | None = None
    """What the built stage sets without a step: "CMD=…", "LABEL name=…"; None: not known."""
    files: Files | None = None
    """The files that the client sent, and those of secrets; None where that isn't known."""
    suspect: tuple[StepKey, ...] = ()
    """Steps that ran while no space was left: what they made may be cut short."""
    schema_version: int = SCHEMA_VERSION

    @property
    def ok(self) -> bool:
        return self.exit_code == 0

    @property
    def context_bytes(self) -> int:
        """Bytes of build context that the client sent for this build."""
        return sum(i.transferred_bytes for i in self.internals if i.kind == "context")

    def step(self, stage: str, index: int) -> Step:
        """The step at (stage, index). Raises KeyError where the build has none."""
        if found := [s for s in self.steps if s.key == StepKey(stage, index)]:
            return found[0]
        raise KeyError(StepKey(stage, index))

    @property
    def work(self) -> tuple[Step, ...]:
        """Each step once, also where it stands in several stages."""
        return tuple(s for s in self.steps if s.shared_with is None)

    @property
    def output(self) -> str:
        """What the steps printed, one after another, each from the start of a line."""
        return "\n".join(s.output.removesuffix("\n") for s in self.steps if s.logs)

    def states(self) -> dict[StepKey, State]:
        """State of each cacheable step, in Dockerfile order; of what stages share, once."""
        return {s.key: s.state for s in self.work if s.cacheable}

    def require_ok(self) -> BuildRecord:
        """Itself. If the build failed, raises BuildFailed with what the failed step said."""
        if self.ok:
            return self
        raise BuildFailed(failed_text(self))

    def __repr__(self) -> str:
        ended = "ok" if self.ok else f"exit code {self.exit_code}"
        return f"<BuildRecord {self.title!r}: {ended}, {len(self.work)} steps>"
