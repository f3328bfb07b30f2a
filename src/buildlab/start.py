"""JupyterLab on the lessons: a free port, a token, the kit's settings, this environment's kernel.

Belongs to the outside world, as it starts a process; everything that the learner reads of it is
said by `cli.start`.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from buildlab.errors import TimedOut, UsageError

FIRST_LESSON = "notebooks/00_start_here.ipynb"
START_LIMIT_S = 90.0
STOP_LIMIT_S = 10.0
USUAL_PORT = 8888
PORTS_TRIED = 50
ANYWHERE = ("", "*", "0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class Lab:
    """A JupyterLab that answers. `url` holds the token; `log` is where the server writes."""

    url: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    def wait(self) -> int:
        """Wait until the server ends by itself; its exit code."""
        return self.process.wait()


def course_root() -> Path:
    """The folder that holds `notebooks/`: the checkout of this package, else the current one."""
    for folder in (Path(__file__).resolve().parents[2], Path.cwd()):
        if (folder / "notebooks").is_dir():
            return folder
    raise UsageError(
        f"no notebooks/ folder in {Path.cwd()}", "change into a checkout of buildlab, ./lab start"
    )


def choose_port(ip: str, wanted: int | None) -> int:
    """The port asked for, if free (UsageError if not), else the first free one from 8888 on."""
    if _bound(ip, 0) is None:
        raise UsageError(
            f"{ip!r} is no address of this machine that can be listened on",
            "./lab start (listens on 127.0.0.1)",
        )
    if wanted is not None:
        port = _bound(ip, wanted)
        if port is None:
            raise UsageError(
                f"port {wanted} is taken or not allowed on {ip or 'any address'}",
                "./lab start (takes the next free port), or ./lab start --port 0",
            )
        return port
    for candidate in range(USUAL_PORT, USUAL_PORT + PORTS_TRIED):
        if (port := _bound(ip, candidate)) is not None:
            return port
    raise UsageError(
        f"no free port from {USUAL_PORT} to {USUAL_PORT + PORTS_TRIED - 1}", "./lab start --port 0"
    )


def _bound(ip: str, port: int) -> int | None:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("" if ip in ANYWHERE else ip, port))
        except (OSError, OverflowError):
            return None
        found: int = probe.getsockname()[1]
        return found


def jupyter_variables(environ: Mapping[str, str], token: str) -> dict[str, str]:
    """What JupyterLab's environment has beyond `environ`.

    The kit's settings folder comes first on the configuration path, so a user's own settings stay
    and still win. The kernel is this environment's, whatever "python3" a user has registered.
    """
    settings = [
        str(found.parent.parent)
        for found in sorted(Path(__file__).parent.rglob("labconfig/default_setting_overrides.json"))
    ]
    configured = [*settings, *filter(None, [environ.get("JUPYTER_CONFIG_PATH")])]
    variables = {"JUPYTER_TOKEN": token, "JUPYTER_PREFER_ENV_PATH": "1"}
    if configured:
        variables["JUPYTER_CONFIG_PATH"] = ":".join(configured)
    return variables


@contextmanager
def jupyterlab(
    root: Path,
    environ: Mapping[str, str],
    log: Path,
    *,
    ip: str = "127.0.0.1",
    port: int | None = None,
    arguments: Sequence[str] = (),
) -> Iterator[Lab]:
    """A JupyterLab over `root` that answers when the block begins, and is gone after it.

    `arguments` go to `jupyter lab` as they are. A token that the caller set as JUPYTER_TOKEN is
    kept, else a new one is made. Raises UsageError (port taken, JupyterLab did not start) and
    TimedOut; both name the server's log.
    """
    token = environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
    chosen = choose_port(ip, port)
    command = [
        *(sys.executable, "-P", "-m", "jupyterlab", "--no-browser", f"--ServerApp.ip={ip}"),
        *(f"--ServerApp.port={chosen}", "--ServerApp.port_retries=0"),
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}",
        "--PasswordIdentityProvider.hashed_password=",  # a user's own password: the token is ours
        "--LabApp.extension_manager=readonly",  # asks no package index
        "--LanguageServerManager.autodetect=False",  # no search for what no lesson uses
        *_as_root(),
        *arguments,
    ]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=root,
            env={**environ, **jupyter_variables(environ, token)},
            stdin=subprocess.DEVNULL,  # on a terminal Jupyter would ask before it stops
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    from buildlab.build.watchdog import Watchdog

    try:
        with Watchdog(process.pid, STOP_LIMIT_S):  # who is killed can't stop the server
            host = _host(ip)
            _await_answer(f"http://{host}:{chosen}/api/status?token={token}", process, log)
            url = f"http://{host}:{chosen}/lab/tree/{FIRST_LESSON}?token={token}"
            yield Lab(url, chosen, log, process)
    finally:
        _stop(process)


def _host(ip: str) -> str:
    if ip in ANYWHERE:
        return "127.0.0.1"
    return f"[{ip}]" if ":" in ip else ip


def _as_root() -> list[str]:
    return ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def _await_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    # Never through a proxy that the user has set: the server is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise UsageError(
                f"JupyterLab ended at once (exit code {process.returncode}):\n{_tail(log)}",
                f"read {log}",
            )
        with suppress(urllib.error.URLError, OSError), opener.open(url, timeout=5) as answer:
            json.load(answer)
            return
        time.sleep(0.1)
    raise TimedOut(
        f"JupyterLab did not answer within {START_LIMIT_S:.0f} s:\n{_tail(log)}", f"read {log}"
    )


def _tail(log: Path, lines: int = 8) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()  # kernels are shut down first
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
