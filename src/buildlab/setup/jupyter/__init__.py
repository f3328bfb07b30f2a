"""JupyterLab on the lessons: a free port, a token, the kit's settings, this environment's kernel.

Belongs to the outside world, as it starts a process; everything that the learner reads of it is
said by `cli.start`.
"""

from __future__ import annotations

import html
import os
import re
import secrets
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from buildlab import loading
from buildlab.errors import TimedOut, UsageError
from buildlab.host import child
from buildlab.setup.jupyter import asking, options
from buildlab.setup.jupyter.address import choose_port, host, is_loopback

__all__ = ["Lab", "choose_port", "course_root", "is_loopback", "jupyter_variables", "jupyterlab"]

FIRST_LESSON = "notebooks/00_start_here.ipynb"
START_LIMIT_S = 90.0
STOP_LIMIT_S = 10.0
SHORTEST_TOKEN = 8
_PLACES = tuple(
    f"JUPYTER_{name}" for name in ("CONFIG_DIR", "CONFIG_PATH", "DATA_DIR", "PATH", "PLATFORM_DIRS")
)
# A unix socket's address holds 108 bytes; the longest name in the folder is that of a kernel's.
_LONGEST_FOLDER = 107 - len("/kernel-00000000-0000-0000-0000-000000000000-ipc-0")


@dataclass(frozen=True, slots=True)
class Lab:
    """A JupyterLab that answers. `url` holds the token; `page` is a file, readable by this
    account only, that leads a browser there; `log` is where the server writes."""

    url: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]
    page: Path

    def wait(self) -> int:
        """Wait until the server ends by itself; its exit code."""
        return self.process.wait()


def course_root() -> Path:
    """The folder that holds `notebooks/`: the checkout of this package, else the current one."""
    for folder in (Path(__file__).resolve().parents[4], Path.cwd()):
        if (folder / "notebooks").is_dir():
            return folder
    raise UsageError(
        f"no notebooks/ folder in {Path.cwd()}", "change into a checkout of buildlab, ./lab start"
    )


def jupyter_variables(environ: Mapping[str, str], runtime: Path) -> dict[str, str]:
    """The environment of JupyterLab, and of what it starts.

    Of Jupyter's own variables those that say where things lie are kept: a user's theme and keys
    stay, and win over the kit's settings folder. The token is none of them. The kernel is this
    environment's, whatever "python3" a user has registered. Sockets and keys go to `runtime`.
    """
    kept = {k: v for k, v in environ.items() if not k.startswith("JUPYTER_") or k in _PLACES}
    configured = [
        str(Path(__file__).parents[1]),
        *filter(None, [environ.get("JUPYTER_CONFIG_PATH")]),
    ]
    return {
        **kept,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_CONFIG_PATH": ":".join(configured),
        "JUPYTER_RUNTIME_DIR": str(runtime),
    }


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

    `arguments` go to `jupyter lab` as they are, but for those that decide who gets in. A token
    that the caller set as JUPYTER_TOKEN is kept, else a new one is made. The server was asked,
    and lets nobody in without it. Raises UsageError (port taken, an argument that is not handed
    on, JupyterLab did not start, or would let a stranger in) and TimedOut.
    """
    options.refuse(arguments)
    token = _token(environ)
    chosen = choose_port(ip, port)
    told = [
        *("--no-browser", f"--ServerApp.root_dir={root}"),
        f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}",
        "--LabApp.extension_manager=readonly",  # asks no package index
        "--LanguageServerManager.autodetect=False",  # no search for what no lesson uses
        *_as_root(),
        *arguments,
    ]
    with ExitStack() as stack:
        runtime = Path(stack.enter_context(_private_folder()))
        report, write_end = (
            os.fdopen(end, mode) for end, mode in zip(os.pipe(), "rw", strict=True)
        )
        stack.enter_context(report)
        with write_end, _private_file(log).open("wb") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "buildlab.setup.jupyter.server"),
                    *(str(write_end.fileno()), ip, str(chosen), *told),
                ],
                cwd=root,
                env=jupyter_variables(environ, runtime),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(write_end.fileno(),),
            )
        stack.enter_context(child.ended_with_us(process, STOP_LIMIT_S))  # kernels are shut down
        assert process.stdin
        with suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(token.encode())
        server = _awaited(report, process, log)
        scheme = "https" if server.secure else "http"
        base = f"{scheme}://{host(ip)}:{server.port}{server.base_url}"
        asking.require_closed(base, token, pid=process.pid, loopback=is_loopback(ip))
        url = f"{base}lab/tree/{FIRST_LESSON}?token={token}"
        yield Lab(url, server.port, log, process, _page(runtime, url))


def _token(environ: Mapping[str, str]) -> str:
    given = environ.get("JUPYTER_TOKEN", "")
    if given and not re.fullmatch(rf"[A-Za-z0-9._~-]{{{SHORTEST_TOKEN},}}", given):
        raise UsageError(
            f"JUPYTER_TOKEN is no token: {SHORTEST_TOKEN} or more letters and digits are one",
            "unset JUPYTER_TOKEN, and ./lab start makes one",
        )
    return given or secrets.token_hex(24)


def _as_root() -> list[str]:
    return ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def _private_folder() -> tempfile.TemporaryDirectory[str]:
    """For sockets and keys: of this account only, and short enough for a socket's address."""
    made = tempfile.TemporaryDirectory(prefix="buildlab-jupyter-", ignore_cleanup_errors=True)
    if len(os.fsencode(made.name)) <= _LONGEST_FOLDER:
        return made
    made.cleanup()
    return tempfile.TemporaryDirectory(
        prefix="buildlab-jupyter-", dir="/tmp", ignore_cleanup_errors=True
    )


def _private_file(path: Path) -> Path:
    """A new, empty file that only this account may read, whatever the umask."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return path


def _page(folder: Path, url: str) -> Path:
    """A page that leads to `url`: every account of the machine may read a browser's arguments."""
    page = _private_file(folder / "open.html")
    to = html.escape(url)
    page.write_text(
        f'<!doctype html><meta charset="utf-8"><title>JupyterLab</title>'
        f'<meta http-equiv="refresh" content="0; url={to}"><a href="{to}">The lessons</a>\n'
    )
    return page


@dataclass(frozen=True, slots=True)
class _Listening:
    """What the server reports once it listens."""

    port: int
    base_url: str
    secure: bool


def _awaited(report: IO[str], process: subprocess.Popen[bytes], log: Path) -> _Listening:
    if not select.select([report], [], [], START_LIMIT_S)[0]:
        raise TimedOut(
            f"JupyterLab did not answer within {START_LIMIT_S:.0f} s:\n{_tail(log)}", f"read {log}"
        )
    if text := report.read():
        with loading.needed(
            "JupyterLab's server said what it shouldn't", f"read {log}", UsageError
        ):
            return loading.from_json(_Listening, text)
    raise UsageError(
        f"JupyterLab ended at once (exit code {process.wait()}):\n{_tail(log)}", f"read {log}"
    )


def _tail(log: Path, lines: int = 8) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
