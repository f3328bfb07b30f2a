"""Start an instance: write its configuration, make the namespaces, attach the network, wait."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from buildlab.engine.embedded import daemon_config, subnets
from buildlab.engine.embedded.instance import Instance, clear, held, save, stop
from buildlab.engine.embedded.subnets import Subnets
from buildlab.engine.modules import STORE
from buildlab.errors import BuildlabError, DiskFull, EngineError, TimedOut, no_space, quoted
from buildlab.host import private, unixhttp
from buildlab.host.paths import socket_folder
from buildlab.host.process import ProcessId, child_of, spawn, wait_until
from buildlab.host.settings import daemon_env

_INIT = Path(__file__).with_name("init.sh")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NAMESPACES = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
# BuildKit asks containerd about every snapshot while it starts: after thousands of builds that
# takes long, and is no fault. A dead engine is seen at once, whatever the limit.
API_LIMIT_S = 300
NAMESPACES_LIMIT_S = 60
# dockerd gives its containerd 15 s to open its database, and bbolt then looks at every page of
# it, in no order (containerd keeps no free list): from a cold and slow disk that is not enough.
_DATABASES = ("containerd/daemon/*/*.db", "buildkit/*.db", "buildkit/*/*.db")
_UPLINK = ("--configure", "--mtu=65520", "--disable-host-loopback", "--exit-fd=8", "--ready-fd=9")


def start(
    state_dir: Path,
    packages: Path,
    *,
    name: str,
    lifeline: tuple[int, int] | None = None,
    modules: Path | None = None,
) -> Instance:
    """Start an engine with this state folder; what the folder's `data` holds is there again.

    `packages` is a folder made by `packages.ensure`. `lifeline` is a pipe (read, write): the
    engine ends when the write end's last holder does. `modules` is served as the module store
    (see `modules`). Raises EngineError with the log's last
    lines, DiskFull, or TimedOut. The caller holds a lock: two starts with one folder at once
    are a fault.
    """
    try:
        for folder in (state_dir, state_dir / "data", state_dir / "run"):
            private.make_folder(folder)
        stop(state_dir)  # what a crash left
        with held(state_dir) as alive:
            nets = subnets.choose(subnets.host_ranges((str(packages / "bin/busybox"), "ip")))
            daemon_config.write(state_dir, nets)
            sockets = socket_folder(state_dir)
            sockets.mkdir(mode=0o700, exist_ok=True)
            private.require_private(sockets)
            _read_once(state_dir / "data")
            with _Launch(state_dir, packages, modules, nets).undone_on_failure() as launch:
                return launch.run(name, alive, lifeline)
    except OSError as error:
        if no_space(error):
            raise _disk_full(state_dir) from error
        if error.filename == str(sockets := socket_folder(state_dir)):
            raise EngineError(
                f"the engine's sockets can't lie in {sockets}: {error.strerror}",
                f"look at it: ls -ld {quoted(sockets)}; or set BUILDLAB_HOME to another folder",
            ) from error
        raise EngineError(
            f"the engine can't start in {state_dir}: {error}",
            "set BUILDLAB_HOME to a folder that you may write to",
        ) from error


@dataclass(slots=True)
class _Launch:
    """One start: what it has opened and started so far, to be undone where it fails."""

    state_dir: Path
    packages: Path
    modules: Path | None
    nets: Subnets
    open: set[int] = field(default_factory=set)
    started: list[ProcessId] = field(default_factory=list)

    def run(self, name: str, alive: int, lifeline: tuple[int, int] | None) -> Instance:
        end_read, end_write = self.pipe()
        go_read, go_write = lifeline or self.pipe()
        supervisor, init = self.make_namespaces(go_read, end_write, alive, bool(lifeline))
        self.close(end_write)
        uplink = self.attach_network(init, end_read)
        instance = Instance(
            name=name,
            state_dir=self.state_dir,
            packages=self.packages,
            supervisor=supervisor,
            init=init,
            uplink=uplink,
            address=str(self.nets.uplink[100]),
        )
        # The state is on disk before the engine may start: whoever dies in between leaves
        # either an init that sees its pipe end, or an instance that can be found.
        save(instance)
        os.write(go_write, b"go\n")
        answers = "its API to answer"
        self.wait(lambda: unixhttp.ping(instance.socket_path), init, answers, API_LIMIT_S)
        return instance

    def make_namespaces(
        self, go: int, end: int, alive: int, owned: bool
    ) -> tuple[ProcessId, ProcessId]:
        """Start the supervisor and process 1 of the namespaces, which waits for "go"."""
        arguments = (self.packages, self.state_dir, socket_folder(self.state_dir))
        tini = (str(self.packages / "bin/tini"), "--", "sh", str(_INIT), *map(str, arguments))
        told = {"BUILDLAB_OWNED": "1"} if owned else {}
        if self.modules is not None:
            told |= {"BUILDLAB_MODULES": str(self.modules), "BUILDLAB_STORE": STORE}
        supervisor = self.spawn(
            ("unshare", *_NAMESPACES, "--propagation=slave", *tini),
            {0: go, 8: end, 9: alive},
            told,
        )
        self.wait(lambda: child_of(supervisor.pid) is not None, supervisor, "its namespaces")
        init = ProcessId.of(child_of(supervisor.pid) or 0)
        if init is None:
            raise self.fault("its first process ended")
        self.started.append(init)
        return supervisor, init

    def attach_network(self, init: ProcessId, end: int) -> ProcessId:
        """Start the user-mode network, which ends when the last holder of `end`'s pipe does."""
        ready_read, ready_write = self.pipe()
        api = socket_folder(self.state_dir) / "uplink.sock"
        uplink = self.spawn(
            (
                *(str(self.packages / "bin/slirp4netns"), *_UPLINK),
                *(f"--cidr={self.nets.uplink}", f"--api-socket={api}", str(init.pid), "tap0"),
            ),
            {8: end, 9: ready_write},
        )
        self.close(ready_write)
        readable, _, _ = select.select([ready_read], [], [], NAMESPACES_LIMIT_S)
        if not readable:
            raise TimedOut(f"the engine's network wasn't ready within {NAMESPACES_LIMIT_S} s")
        if not os.read(ready_read, 1):
            raise self.fault("its network (slirp4netns) ended")
        return uplink

    def spawn(
        self, argv: tuple[str, ...], fds: dict[int, int], extra_env: dict[str, str] | None = None
    ) -> ProcessId:
        log = private.create(self.state_dir / "engine.log", os.O_WRONLY | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            env = {**daemon_env(), "PATH": _PATH, **(extra_env or {})}
            pid = spawn(argv, {0: nothing, 1: log, 2: log, **fds}, env)
        finally:
            os.close(log)
            os.close(nothing)
        process = ProcessId.of(pid)
        if process is None:
            raise self.fault(f"{Path(argv[0]).name} ended")
        self.started.append(process)
        return process

    def wait(
        self,
        condition: Callable[[], bool],
        process: ProcessId,
        what: str,
        limit_s: float = NAMESPACES_LIMIT_S,
    ) -> None:
        """Poll for `condition` for as long as `process` lives."""
        if not wait_until(lambda: condition() or not process.alive(), limit_s):
            raise TimedOut(
                f"the engine waited {limit_s:.0f} s for {what}; its log ends with\n"
                + daemon_config.log_tail(self.state_dir),
                "see the whole log: " + str(self.state_dir / "engine.log"),
            )
        if not process.alive():
            raise self.fault("it ended while it started")

    def fault(self, what: str) -> BuildlabError:
        tail = daemon_config.log_tail(self.state_dir)
        if "no space left on device" in tail:
            return _disk_full(self.state_dir)
        return EngineError(
            f"the engine didn't start: {what}; its log ends with\n{tail}",
            f"see the whole log: {self.state_dir / 'engine.log'}",
        )

    def pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        self.open.update(ends)
        return ends

    def close(self, descriptor: int) -> None:
        self.open.discard(descriptor)
        os.close(descriptor)

    @contextmanager
    def undone_on_failure(self) -> Iterator[_Launch]:
        try:
            yield self
        except BaseException:
            for process in reversed(self.started):
                process.signal(signal.SIGKILL)
            wait_until(lambda: not any(p.alive() for p in self.started), 5)
            clear(self.state_dir)
            raise
        finally:
            for descriptor in self.open:
                with suppress(OSError):
                    os.close(descriptor)


def _read_once(data: Path) -> None:
    """Have the engine's databases in memory, read from the disk in their order."""
    for database in (file for pattern in _DATABASES for file in data.glob(pattern)):
        with database.open("rb", buffering=0) as file:
            while file.read(1 << 20):
                pass


def _disk_full(folder: Path) -> DiskFull:
    usage = os.statvfs(folder)
    free_mib = usage.f_bavail * usage.f_frsize // 1024**2
    return DiskFull(
        f"no space is left for the engine: {free_mib} MiB free in {folder}",
        "free some space, or delete the engine's images and cache: "
        "buildlab engine reset && buildlab setup",
    )
