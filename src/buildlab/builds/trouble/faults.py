"""Tells a build that failed from a build that could not be: the client's last words, classified.

A build that fails because of its Dockerfile or its sources gives a record. What is raised
here is the rest: no engine, an engine that went away, a full disk, a call that can't work.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from buildlab.errors import BuildlabError, DiskFull, EngineError, UsageError
from buildlab.record.failing import message

_DOCTOR = "see what is wrong: buildlab doctor"

_UNREACHABLE = re.compile(
    r"cannot connect to the docker daemon|error during connect|failed to connect to the docker"
    r"|is the docker daemon running|permission denied while trying to connect"
    r"|failed to find driver|connect: connection refused|connect: no such file or directory"
    r"|error response from daemon: container \S+ is (?:restarting|paused|not running)",
    re.I,
)
_DIED = re.compile(
    r"code = unavailable|^error: .*\beof\b|unexpected eof$|error reading from server"
    r"|connection reset by peer|transport is closing|use of closed network connection"
    r"|broken pipe|failed to receive status|error reading preface|graceful_stop"
    r"|cannot connect to the docker daemon|listing workers for build"
    r"|transport: error while dialing|containerd\.sock|ttrpc: closed",
    re.I | re.M,
)
_NO_BUILDER = re.compile(r'no builder "?([^"\s]+)"? found|no valid drivers? found', re.I)
_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded", re.I)
_NO_PLUGIN = re.compile(r"'buildx' is not a docker command|unknown command: docker buildx", re.I)
_NO_DOCKERFILE = re.compile(r"failed to read dockerfile: open ([^:]+): no such file", re.I)
_SENDER = re.compile(r"error from sender: (?P<what>.*(permission denied|input/output error).*)")
_RECEIVER = re.compile(r"error from receiver: |failed to solve: EOF$", re.M)
"""A folder could not be written by the client, which says no more."""
_BAD_NAME = re.compile(r"string field contains invalid UTF-8")
_FRONTEND = re.compile(
    r"^\s*\d+ \| >>> #\s*syntax\s*=\s*(?P<image>\S+)(?=[\s\S]*failed to resolve source metadata)",
    re.I | re.M,
)
_LOST_SNAPSHOT = re.compile(r"parent snapshot \S+ does not exist", re.I)
_DAMAGED = re.compile(r"missing parent \S+ bucket: not found|blob not found", re.I)
_CANCELED = re.compile(r"context canceled|\bcanceled:", re.I)
_ITS_OWN = re.compile(
    r"process \".*\" did not complete successfully: (exit code: \d+|cannot allocate memory)\s*$",
    re.S,
)
_KILLED = re.compile(r"did not complete successfully: (exit code: 137|cannot allocate memory)\s*$")


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known of a client that ended with an exit code other than 0.

    `tail` holds its last lines of plain text, `seen_events` whether the engine said anything,
    `logs` the output of the step that failed, `running` the names of what was running.
    """

    exit_code: int
    tail: str
    seen_events: bool
    logs: str = ""
    running: Sequence[str] = ()
    engine_lost: bool = False
    """Whether a process of the engine itself ended while it built."""
    disk_full: bool = False
    """Whether the engine's disk was seen to be full meanwhile."""
    engine_failed: str = ""
    """How the engine failed while the build waited for it, in words; "" where it did not."""
    exported: bool = False
    """Whether the image was exported before the client ended."""


def lost_snapshot(tail: str) -> bool:
    """A fault of the engine's store that happens once in several hundred builds: worth a retry."""
    return bool(_LOST_SNAPSHOT.search(tail))


def canceled(ending: Ending) -> bool:
    """Whether the client was told to stop (a signal to the whole process group, say)."""
    return ending.exit_code in (130, -2, -15, 143) or (
        bool(_CANCELED.search(ending.tail)) and not _DIED.search(ending.tail)
        and not _BAD_NAME.search(ending.tail) and not _RECEIVER.search(ending.tail)
    )  # fmt: skip


def classify(ending: Ending, *, builder: str, context: str) -> BuildlabError | None:
    """The error that this ending means, None where the build itself failed."""
    text = _error_of(ending.tail)
    if _ITS_OWN.search(text) and not ending.engine_lost:
        return None  # whatever its words look like, they are the command's own
    if _NO_SPACE.search(text):
        return DiskFull(f"the engine's disk is full: {message(text)}")
    if not ending.seen_events:
        return _never_began(text, builder)
    if ending.engine_lost or _DAMAGED.search(text) or _DIED.search(text):
        return _engines_fault(text, ending.running)
    if image := missing_frontend(ending.tail):
        return UsageError(
            f"the frontend {image} of the # syntax line can't be had: {message(text)}",
            "take the # syntax line out: the engine has a frontend built in; or name an image "
            "that this engine can pull",
        )
    return _bad_input(text, context)


def not_received(tail: str) -> bool:
    """Whether the client gave up writing a result, whatever the reason."""
    return bool(_RECEIVER.search(tail))


def bad_name(tail: str) -> bool:
    """Whether a text that is no UTF-8 ended the build: a file's name, or a line of a Dockerfile."""
    return bool(_BAD_NAME.search(_error_of(tail)))


def missing_frontend(tail: str) -> str:
    """The frontend that a # syntax line names and that can't be had, "" where it isn't that."""
    found = _FRONTEND.search(tail)
    return found["image"] if found else ""


def _never_began(text: str, builder: str) -> BuildlabError:
    if _NO_PLUGIN.search(text):
        return EngineError("this docker client has no buildx", _DOCTOR)
    if _NO_BUILDER.search(text):
        return UsageError(f"there is no builder {builder!r}: {message(text)}", "docker buildx ls")
    if _UNREACHABLE.search(text) or _DIED.search(text):
        return EngineError(f"no engine answers: {message(text)}", _DOCTOR)
    return UsageError(
        f"docker buildx build did not start: {message(text)}",
        'look at the flags: eval "$(buildlab env)"; docker buildx build --help',
    )


def _engines_fault(text: str, running: Sequence[str]) -> EngineError:
    if _DAMAGED.search(text):
        return EngineError(
            f"the engine's store is damaged, as after a crash of the machine: {message(text)}",
            "empty it, its images come back: buildlab engine reset && buildlab setup",
        )
    what = "lost one of its processes" if _ITS_OWN.search(text) else "stopped answering"
    return EngineError(
        f"the engine {what} while it ran {_named(running)}: {message(text)}",
        "build again (the engine is started anew); if it happens twice: buildlab doctor",
    )


def _bad_input(text: str, context: str) -> BuildlabError | None:
    if found := _NO_DOCKERFILE.search(text):
        return UsageError(f"there is no {found[1]} in {context}", "name it: --file PATH")
    if found := _SENDER.search(text):
        return UsageError(
            f"the context can't be read: {message(found['what'])}",
            "make the file readable, or name it in .dockerignore",
        )
    if _BAD_NAME.search(text):
        return UsageError(
            f"a file name in {context} is not valid UTF-8",
            f"find it: LC_ALL=C find {shlex.quote(context)} -name '*[^ -~]*'",
        )
    return None


def _error_of(tail: str) -> str:
    """The line that the client calls the error, without its prefix; the tail where none is."""
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    start = next((i for i, line in enumerate(lines) if line.startswith("ERROR:")), None)
    said = "\n".join(lines[start:]) if start is not None else "\n".join(lines[:3])
    return said.removeprefix("ERROR: ") or "it said nothing"


def was_killed(tail: str) -> bool:
    """Whether the step that failed was killed: by the kernel, for want of memory, or by hand."""
    return bool(_KILLED.search(_error_of(tail)))


def _named(running: Sequence[str]) -> str:
    return ", ".join(running) or "nothing yet"


def says_disk_full(logs: str) -> bool:
    """Whether a step's output says so. It may mean a tmpfs: check the disk before believing it."""
    return bool(_NO_SPACE.search(logs))
