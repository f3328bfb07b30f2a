"""The kit's environment variables: the only place that reads them, apart from child processes."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import platformdirs

from buildlab.errors import UsageError
from buildlab.host.paths import Home

Choice = Literal["auto", "embedded", "docker"]
CHOICES = ("auto", "embedded", "docker")

PACE_S = 1.0
OFF = ("", "0", "no", "false", "off")

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
_DAEMON_VARIABLES = ("LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose through BUILDLAB_… variables.

    `home` holds all that the kit keeps (BUILDLAB_HOME); `engine` limits which kind of engine
    is used (BUILDLAB_ENGINE) and `builder` names a buildx builder (BUILDLAB_BUILDER); `replay`
    and `record` are BUILDLAB_REPLAY and BUILDLAB_RECORD as given, "" where unset.
    `replay_pace_s` is the longest that a replayed build plays, in seconds; 0 shows its end at
    once (BUILDLAB_REPLAY_PACE).
    `packages_dir` moves the unpacked packages out of `home` (BUILDLAB_PACKAGES), so that
    several homes can share them. `evidence_dir` keeps results of experiments elsewhere
    (BUILDLAB_EVIDENCE): a test run has its own. `work_dir` is where learners' copies are, in
    place of work/ in the checkout (BUILDLAB_WORK).
    """

    home: Path
    engine: Choice = "auto"
    builder: str = ""
    replay: str = ""
    record: str = ""
    replay_pace_s: float = PACE_S
    packages_dir: Path | None = None
    evidence_dir: Path | None = None
    work_dir: Path | None = None
    docker_progress: str = "auto"
    """Docker's own BUILDKIT_PROGRESS: what --progress is where nobody gives it."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings now in force. Raises UsageError for a value that means nothing."""
        env = os.environ if environ is None else environ
        choice = env.get("BUILDLAB_ENGINE", "").strip() or "auto"
        if choice not in CHOICES:
            raise UsageError(
                f"BUILDLAB_ENGINE is {choice!r}, which names no kind of engine",
                f"set it to one of {', '.join(CHOICES)}, or unset it",
            )
        home = _folder(env, "BUILDLAB_HOME") or Path(platformdirs.user_cache_dir("buildlab"))
        return cls(
            home=Path(os.path.abspath(home)),  # noqa: PTH100 (resolve follows links)
            engine=cast(Choice, choice),
            builder=env.get("BUILDLAB_BUILDER", "").strip(),
            replay=env.get("BUILDLAB_REPLAY", "").strip(),
            record=_recordings(env),
            replay_pace_s=_pace(env.get("BUILDLAB_REPLAY_PACE", "").strip()),
            packages_dir=_folder(env, "BUILDLAB_PACKAGES"),
            evidence_dir=_folder(env, "BUILDLAB_EVIDENCE"),
            work_dir=_folder(env, "BUILDLAB_WORK"),
            docker_progress=env.get("BUILDKIT_PROGRESS", "").strip() or "auto",
        )

    @property
    def evidence(self) -> Path:
        """Where results of experiments are kept."""
        return self.evidence_dir or self.home / "evidence"

    @property
    def replaying(self) -> bool:
        """Whether builds are replayed: BUILDLAB_REPLAY is set, and not to a word for "no"."""
        return self.replay.lower() not in OFF

    @property
    def recording(self) -> str:
        """The folder that recordings go to; "" where none are made, as while replaying."""
        return "" if self.replaying or self.record.lower() in OFF else self.record

    @property
    def paths(self) -> Home:
        """Where each thing lies below `home`."""
        return Home(self.home, self.packages_dir)


def _pace(given: str) -> float:
    try:
        pace_s = float(given or PACE_S)
    except ValueError:
        pace_s = -1.0
    if not 0 <= pace_s < float("inf"):
        raise UsageError(
            f"BUILDLAB_REPLAY_PACE is {given!r}, which is no number of seconds",
            "set it to 0 (at once) or more, or unset it",
        )
    return pace_s


def program(default: str = "buildlab") -> str:
    """What was typed to start this: `./lab`, which tells its name, or the program itself."""
    return shlex.quote(os.environ.get("BUILDLAB_PROGRAM", "").strip() or default)


def daemon_env() -> dict[str, str]:
    """What an engine of ours inherits: proxies and certificate paths, nothing else."""
    wanted = [*_DAEMON_VARIABLES, *PROXY_VARIABLES, *(v.lower() for v in PROXY_VARIABLES)]
    return {name: os.environ[name] for name in wanted if name in os.environ}


def tool_env(**changes: str) -> dict[str, str]:
    """The caller's environment with `changes`, messages in plain English so they can be read."""
    return {**os.environ, "LC_ALL": "C.UTF-8", **changes}


def _recordings(env: Mapping[str, str]) -> str:
    """BUILDLAB_RECORD as given. Raises UsageError where it names a file."""
    given = env.get("BUILDLAB_RECORD", "").strip()
    return given if given.lower() in OFF or _folder(env, "BUILDLAB_RECORD") else ""


def _folder(env: Mapping[str, str], name: str) -> Path | None:
    """The folder that a variable names, which need not be there; None where it is not set.

    Raises UsageError for what can be no folder.
    """
    given = env.get(name, "").strip()
    if not given:
        return None
    # For `~nobody`, Python's Path raises.
    path = Path(os.path.abspath(os.path.expanduser(given)))  # noqa: PTH100, PTH111
    hint = f"export {name}=/path/to/folder, or unset it"
    if given.startswith("~") and not os.path.expanduser(given).startswith("/"):  # noqa: PTH111
        raise UsageError(f"{name} is {given!r}: there is no such user", hint)
    nearest = path
    while not os.path.lexists(nearest):
        nearest = nearest.parent
    try:
        given.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{name} is {given!r}: this is not valid UTF-8", hint) from None
    if not nearest.is_dir():
        raise UsageError(f"{name} is {given!r}: {nearest} is not a folder", hint)
    return path
