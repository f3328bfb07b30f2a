"""Two real builds beside each other: what differs between them is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from buildlab.builds import build
from buildlab.engine.model import Engine
from buildlab.record.compare import Comparison, compare, summary
from tests.engine.contexts import Context, context

__all__ = ["context"]

FIRST = """\
FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "/bin"]
FROM base AS tool
ARG LEVEL=1
ENV MODE=quiet
RUN echo one SALT
RUN <<EOF
echo body
EOF
FROM base AS final
COPY --from=tool /bin/sh /sh
RUN echo two SALT
"""


@dataclass(frozen=True, slots=True)
class Edit:
    """What differs between the two builds, and what must be told of it."""

    old: str = ""
    new: str = ""
    flags: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


EDITS = {
    "inserted line": Edit(
        "RUN echo two",
        "RUN echo new\nRUN echo two",
        told=("new: RUN echo new",),
    ),
    "removed line": Edit(
        "RUN echo two SALT\n",
        "",
        told=("gone: RUN echo two",),
    ),
    "moved line": Edit(
        "COPY --from=tool /bin/sh /sh\nRUN echo two SALT\n",
        "RUN echo two SALT\nCOPY --from=tool /bin/sh /sh\n",
        told=("moved: ",),
    ),
    "value of an ARG": Edit(flags=("--build-arg", "LEVEL=2"), told=("argument LEVEL: 1 → 2",)),
    "ENV": Edit("MODE=quiet", "MODE=loud", told=("environment MODE: quiet → loud",)),
    "heredoc body": Edit("echo body", "echo other", told=("heredoc: − echo body; + echo other",)),
    "base": Edit("FROM base AS final", "FROM tool AS final", told=("FROM: base → tool",)),
    "stage renamed": Edit("base", "ground", told=("no instruction changed",)),
    "target": Edit(flags=("--target", "tool"), told=("--target: (none) → tool",)),
    "failed on one side": Edit(
        "RUN echo two SALT", "RUN false SALT", told=("the second failed after", "RUN false")
    ),
    "user": Edit("RUN echo one", "USER 7\nRUN echo one", told=("USER: (none) → 7",)),
    "shell": Edit(
        "RUN echo two",
        'SHELL ["/bin/sh", "-ec"]\nRUN echo two',
        told=('SHELL: (none) → ["/bin/sh", "-ec"]',),
    ),
    "health check": Edit(
        "RUN echo two SALT\n",
        "RUN echo two SALT\nHEALTHCHECK NONE\n",
        told=("of the image: HEALTHCHECK: (none) → NONE",),
    ),
    "nothing": Edit(told=("no instruction changed",)),
}


@pytest.fixture
def both(
    lab_engine: Engine, engine_packages: Path, context: Context
) -> Callable[[Edit], Comparison]:
    """Builds before and after an edit."""
    shutil.copy(engine_packages / "bin/busybox", context.path / "busybox")
    text = FIRST.replace("SALT", context.salt)

    def make(edit: Edit) -> Comparison:
        context.dockerfile(text)
        before = build(context.path, engine=lab_engine).require_ok()
        old, new = (part.replace("SALT", context.salt) for part in (edit.old, edit.new))
        assert old in text
        context.dockerfile(text.replace(old, new) if old else text)
        return compare(before, build(context.path, *edit.flags, engine=lab_engine))

    return make


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_differs_is_named(both: Callable[[Edit], Comparison], edit: Edit) -> None:
    """Each kind of edit, in the sentence or beside the step that has it."""
    found = both(edit)
    kinds = (f"{c.status}: {c.instruction}" for c in found.changes)
    texts = (str(d) for c in found.changes for d in c.differences)
    told = "\n".join([summary(found), *kinds, *texts])
    for words in edit.told:
        assert words in told


def test_files_that_differ_are_named(lab_engine: Engine, context: Context) -> None:
    """Of what was sent: the cause of a COPY that runs again is not in the Dockerfile."""
    context.dockerfile("FROM scratch\nCOPY . /\n")
    context.write("main.go", context.salt)
    before = build(context.path, engine=lab_engine, output="cache").require_ok()
    context.write("main.go", context.salt[::-1])
    after = build(context.path, engine=lab_engine, output="cache").require_ok()
    assert "other files: main.go (changed); no instruction changed" in summary(
        compare(before, after)
    )
