"""`buildlab start` and `buildlab setup`: engine, base images, JupyterLab, a line for each."""

from __future__ import annotations

import getpass
import signal
import sys
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from buildlab.cli._parts import Parts
from buildlab.errors import UsageError
from buildlab.host.settings import Settings, tool_env
from buildlab.setup.jupyter import Lab, choose_port, course_root, is_loopback, jupyterlab, options
from buildlab.setup.jupyter.address import ANYWHERE
from buildlab.setup.parts import Part

out = Console(emoji=False, highlight=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    extra = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(
        context_settings=extra,
        epilog="Examples:  ./lab start  ·  ./lab start --no-browser --port 9999  ·  "
        "BUILDLAB_REPLAY=1 ./lab start  ·  ./lab start --from-bundle FILE --digest sha256:…",
    )(start)
    app.command(epilog="Examples:  ./lab setup  ·  ./lab setup --from-bundle FILE")(setup)


Bundle = Annotated[
    Path | None,
    typer.Option(help="Take all downloads from this file; see `bundle`.", metavar="FILE"),
]
Digest = Annotated[
    str,
    typer.Option(help="What `bundle` printed: another file is refused.", metavar="sha256:…"),
]


def setup(from_bundle: Bundle = None, digest: Digest = "") -> None:
    """Make an engine, the base images and the Go modules ready: what every build needs."""
    from buildlab.setup.prepare import prepare

    _end_politely()
    with Parts(out) as parts:
        _unbundle(from_bundle, digest, parts)
        prepare(parts)
    out.print("Ready. Next: ./lab start, or ./lab --help")


def start(
    context: typer.Context,
    *,
    port: Annotated[
        int | None,
        typer.Option(help="Port of JupyterLab; default: the first free one from 8888."),
    ] = None,
    ip: Annotated[
        str, typer.Option(help="Address to listen on. Others than loopback let the network in.")
    ] = "127.0.0.1",
    browser: Annotated[bool, typer.Option(help="Open the lessons in a browser.")] = True,
    from_bundle: Bundle = None,
    digest: Digest = "",
) -> None:
    """Make everything ready and open JupyterLab on the first lesson.

    Further options go to JupyterLab as they are, but for those that decide who gets in.
    Ctrl-C stops JupyterLab.
    """
    from buildlab.setup.prepare import Also, prepare

    root = course_root()
    options.refuse(context.args)
    choose_port(ip, port)  # a wrong one is said before minutes of work, and looked at again then
    _end_politely()
    environ = tool_env()
    with ExitStack() as running:
        labs: list[Lab] = []

        def begin(part: Part) -> None:
            log = Settings.from_env().paths.file("jupyter.log")
            lab = jupyterlab(root, environ, log, ip=ip, port=port, arguments=context.args)
            labs.append(running.enter_context(lab))
            part.result = f"port {labs[0].port}"

        with Parts(out) as parts:
            _unbundle(from_bundle, digest, parts)
            engine = prepare(parts, Also("JupyterLab", begin))
        (lab,) = labs
        if not is_loopback(ip):
            out.print(f"\n{escape(opened(ip, lab))}")
        out.print(f"\n  {lab.url}\n\n[dim]Ctrl-C stops JupyterLab; its log: {lab.log}[/dim]")
        if browser:
            show(lab.page, environ)
        try:
            code = lab.wait()
        except KeyboardInterrupt:
            code = 0
    out.print(
        f"\nJupyterLab ended with exit code {code}, see {lab.log}"
        if code
        else "\nJupyterLab stopped."
    )
    if engine.can.outlive_us:
        out.print("The engine goes on running for the next start; ./lab engine stop ends it.")
    raise typer.Exit(code)


def _unbundle(file: Path | None, digest: str, parts: Parts) -> None:
    """Unpack a bundle, so that nothing needs to be downloaded."""
    if file is None:
        if digest:
            raise UsageError("--digest is that of a bundle", "./lab start --from-bundle FILE …")
        return
    from buildlab.setup import bundle

    if not digest:
        out.print(
            f"Nobody has verified {escape(str(file))}: without --digest, whoever could change the "
            "file chose the base\nimages and Go modules in it, and their programs run in builds, "
            "as root of the engine. The engine itself is\nverified with this machine's keys, "
            "Python packages by the checkout. The file's digest, to compare with what\nits maker "
            f"saw: {bundle.digest(file)}"
        )
    with parts.part("Bundle") as step:
        step.result = f"of {bundle.unpack(file, step, digest=digest).made_at[:10]}"


def opened(ip: str, lab: Lab) -> str:
    """What listening on `ip` means, for who has never thought of it."""
    where = ip if ip not in ANYWHERE else "every address of this machine"
    link = (
        "The connection is encrypted."
        if lab.url.startswith("https:")
        else "Nothing is encrypted: who can read the network's traffic reads the token in it "
        "(--certfile FILE --keyfile FILE encrypts)."
    )
    return (
        f"JupyterLab listens on {where}, port {lab.port}: whoever reaches this machine over the "
        f"network\nand has the token gets a terminal as {getpass.getuser()}. {link}"
    )


def show(page: Path, environ: dict[str, str]) -> None:
    # Without a display `webbrowser` would start a text browser in this very terminal. An editor's
    # helper opens addresses on another machine, which has no such file: the printed one is clicked.
    if "VSCODE_IPC_HOOK_CLI" in environ or "WSL_DISTRO_NAME" in environ:
        return
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    if sys.platform == "darwin" or any(environ.get(name) for name in displays):
        webbrowser.open(page.as_uri())


def _end_politely() -> None:
    """A terminal that is closed, or a service that is stopped, ends all of it as Ctrl-C does."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _end)


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
