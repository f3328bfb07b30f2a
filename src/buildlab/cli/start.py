"""`buildlab start` and `buildlab setup`: engine, base images, JupyterLab, a line for each."""

from __future__ import annotations

import getpass
import signal
import sys
import time
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from buildlab.engine.model import Engine
from buildlab.errors import BuildFailed, BuildlabError, EngineError, TimedOut, UsageError
from buildlab.host.settings import Settings, tool_env
from buildlab.setup.jupyter import Lab, choose_port, course_root, is_loopback, jupyterlab, options
from buildlab.setup.jupyter.address import ANYWHERE

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
    _unbundle(from_bundle, digest)
    prepare()
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
    root = course_root()
    options.refuse(context.args)
    choose_port(ip, port)  # a wrong one is said before minutes of work, and looked at again then
    _unbundle(from_bundle, digest)
    engine = prepare()
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _end)
    log = Settings.from_env().paths.file("jupyter.log")
    environ = tool_env()
    with ExitStack() as running:
        with _Step("JupyterLab") as step:
            lab = running.enter_context(
                jupyterlab(root, environ, log, ip=ip, port=port, arguments=context.args)
            )
            step.result = f"port {lab.port}"
        if not is_loopback(ip):
            out.print(f"\n{escape(opened(ip, lab))}")
        out.print(f"\n  {lab.url}\n\n[dim]Ctrl-C stops JupyterLab; its log: {log}[/dim]")
        if browser:
            show(lab.page, environ)
        try:
            code = lab.wait()
        except KeyboardInterrupt:
            code = 0
    out.print(
        f"\nJupyterLab ended with exit code {code}, see {log}" if code else "\nJupyterLab stopped."
    )
    if engine.can.outlive_us:
        out.print("The engine goes on running for the next start; ./lab engine stop ends it.")
    raise typer.Exit(code)


class _Step:
    """What a step says while it runs, and its result in a few words."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.result = ""
        self._status: Status | None = out.status(f"{title} …") if out.is_terminal else None

    def __enter__(self) -> _Step:
        self._began = time.monotonic()
        if self._status:
            self._status.start()
        else:
            out.print(f"→ {self.title} …")
        return self

    def say(self, text: str) -> None:
        """Show what the step does now."""
        if self._status:
            self._status.update(f"{self.title}: {escape(text)} …")
        else:
            out.print(f"  {escape(text)}")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._status:
            self._status.stop()
        if kind is None:
            result = f": {escape(self.result)}" if self.result else ""
            out.print(f"→ {self.title}{result} … {time.monotonic() - self._began:.1f} s")


def prepare() -> Engine:
    """An engine with its base images; replay's engine needs none."""
    from buildlab import engine as engines
    from buildlab.engine import images
    from buildlab.setup import ready

    with _Step("Engine") as step:
        try:
            engine = engines.current(progress=step.say)
        except EngineError as error:
            raise _with_replay(error) from error
        told = dict.fromkeys((engine.info.name, engine.kind, engine.info.engine_version))
        step.result = " ".join(filter(None, told))
    if engine.can.build:
        with _Step("Base images") as step:
            found = images.ensure(engine, progress=step.say)
            step.result = ", ".join(f"{image.name} ({image.origin})" for image in found)
        with _Step("A first build") as step:
            step.result = f"{ready.prove(engine, step.say):.1f} s on these images"
        _fill_store(engine)
        trim_cache(engine)
    return engine


def _unbundle(file: Path | None, digest: str) -> None:
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
    with _Step("Bundle") as step:
        step.result = f"of {bundle.unpack(file, step.say, digest=digest).made_at[:10]}"


def _fill_store(engine: Engine) -> None:
    """Go modules for lessons without internet; without them lessons still run, with internet."""
    from buildlab.setup import modules

    if not engine.can.serve_modules:
        return
    with _Step("Go modules") as step:
        try:
            modules.ensure(engine, step.say)
            step.result = "here"
        except (BuildFailed, TimedOut) as fault:
            step.result = "not here, so lessons need internet"
            step.say(fault.message.strip().splitlines()[-1])


def trim_cache(engine: Engine) -> None:
    """Room on a disk that gets full, and an engine that starts soon; now, as nothing builds."""
    from buildlab.builds import between_builds
    from buildlab.engine import trimming

    what = trimming.due(Settings.from_env().paths)
    if what is None:
        return
    with _Step("Build cache") as step, between_builds(engine, step.say):
        try:
            step.result = f"{trimming.trim(engine, what) or '0B'} deleted, {what.why}"
        except TimedOut:  # what is deleted stays so; nobody waits longer for the rest
            step.result = f"deleted in part, {what.why}; the rest next time"


def _with_replay(error: EngineError) -> BuildlabError:
    if "BUILDLAB_REPLAY" in error.hint:
        return error
    return EngineError(
        error.message,
        f"{error.hint}\n  → without any engine, on recorded builds: BUILDLAB_REPLAY=1 ./lab start",
    )


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


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
