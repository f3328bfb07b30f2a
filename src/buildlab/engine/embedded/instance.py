"""A running engine of ours: dockerd in its own network, mount and process namespaces.

Its state folder holds `data/` (images and cache), `engine.log`, `instance.json` (who runs) and
`alive`, a file that the instance keeps locked for as long as any part of it lives.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from buildlab import loading
from buildlab.engine.embedded import cgroups, seen
from buildlab.engine.embedded.daemon_config import cgroup_name
from buildlab.errors import EngineError
from buildlab.host import ours, private, unixhttp
from buildlab.host.contents import STATE
from buildlab.host.paths import socket_folder
from buildlab.host.process import ProcessId, holders, wait_until

FILE = "instance.json"


@dataclass(frozen=True, slots=True)
class Instance:
    """A running engine. `init` is process 1 of its namespaces, `uplink` its way out.

    Killing `init` ends all of the engine at once: processes, mounts, interfaces, rules.
    """

    name: str
    state_dir: Path
    packages: Path
    supervisor: ProcessId
    init: ProcessId
    uplink: ProcessId
    address: str
    """The engine's IPv4 address as the host's forwarder sees it."""

    @property
    def socket_path(self) -> Path:
        return socket_folder(self.state_dir) / "docker.sock"

    @property
    def socket(self) -> str:
        """The docker API's address, for DOCKER_HOST."""
        return f"unix://{self.socket_path}"

    @property
    def init_pid(self) -> int:
        return self.init.pid

    @property
    def parts(self) -> tuple[ProcessId, ...]:
        """The processes without any of which it is not whole."""
        return (self.supervisor, self.init, self.uplink)

    @property
    def log(self) -> Path:
        return self.state_dir / "engine.log"

    def alive(self) -> bool:
        """Whether the engine's processes run, on the data that is there, and its API answers."""
        running = all(p.alive() for p in self.parts) and self.whole()
        return running and unixhttp.ping(self.socket_path)

    def whole(self) -> bool:
        """Whether its folder is still the one that it was started with, and knows of it."""
        inside = Path(f"/proc/{self.init.pid}/root/run/buildlab/data")
        try:
            known = _read(self.state_dir) is not None and self.socket_path.exists()
            return known and inside.samefile(self.state_dir / "data")
        except PermissionError:
            return True  # can't be told
        except OSError:
            return False

    def forward(self, port: int, host_port: int | None = None) -> int:
        """Let 127.0.0.1:`host_port` (default: same) reach `port` of the engine's network.

        Returns an id for `unforward`. It ends with the engine. Raises EngineError where the
        host's port is taken.
        """
        return forward(self.socket_path.with_name("uplink.sock"), port, host_port)

    def unforward(self, forward_id: int) -> None:
        unforward(self.socket_path.with_name("uplink.sock"), forward_id)

    def stop(self, timeout_s: float = 5) -> None:
        """End it: ask first, then kill. Images and cache stay. Does nothing if it has ended."""
        stop(self.state_dir, timeout_s)

    def remove(self) -> None:
        """Kill it and delete its state folder, images and cache included."""
        remove(self.state_dir)


@dataclass(frozen=True, slots=True)
class _Saved:
    """What `instance.json` holds: all but where it lies."""

    name: str
    packages: Path
    supervisor: ProcessId
    init: ProcessId
    uplink: ProcessId
    address: str


def forward(uplink_socket: Path, port: int, host_port: int | None = None) -> int:
    """As `Instance.forward`, for who has only the socket."""
    arguments = {
        "proto": "tcp",
        "host_addr": "127.0.0.1",
        "host_port": host_port or port,
        "guest_port": port,
    }
    answer = _ask_uplink(uplink_socket, "add_hostfwd", arguments)
    if "error" in answer:
        raise EngineError(
            f"can't forward 127.0.0.1:{host_port or port} to the engine: "
            f"{answer['error'].get('desc', answer['error'])}",
            "choose another port: this one is taken",
        )
    return int(answer["return"]["id"])


def unforward(uplink_socket: Path, forward_id: int) -> None:
    """End a forward; nothing happens if it has ended."""
    with suppress(EngineError):
        _ask_uplink(uplink_socket, "remove_hostfwd", {"id": forward_id})


def attach(state_dir: Path) -> Instance | None:
    """The instance that runs from this state folder, None where none does.

    It may be one that no longer answers: ask `Instance.alive()`. Where the state folder has
    lost it, or is gone itself, the processes say what they are.
    """
    found = _read(state_dir)
    if found is None or not found.init.alive():
        found = next((_of(state_dir, s) for s in seen.engines(state_dir)), None)
    return found


def _of(state_dir: Path, found: seen.Seen) -> Instance:
    """The instance that these processes are."""
    ended = ProcessId(found.init.pid, -1, "")
    return Instance(
        name=state_dir.name,
        state_dir=state_dir,
        packages=found.packages,
        supervisor=found.supervisor,
        init=found.init,
        uplink=found.uplink or ended,
        address=found.address,
    )


def _read(state_dir: Path) -> Instance | None:
    """The instance that was last started, which may have ended in part or whole."""
    saved = loading.kept(_Saved, state_dir / FILE)
    if saved is None:
        return None
    return Instance(state_dir=state_dir, **{f.name: getattr(saved, f.name) for f in fields(saved)})


def save(instance: Instance) -> None:
    """Write `instance.json`, whole or not at all."""
    state = {f.name: getattr(instance, f.name) for f in fields(_Saved)}
    told = asdict(_Saved(**state)) | {"packages": str(instance.packages)}
    private.write(instance.state_dir / FILE, json.dumps(told))


def stop(state_dir: Path, timeout_s: float = 5) -> None:
    """End whatever runs from this state folder and clear what it left outside its namespaces."""
    noted = _read(state_dir)
    known = [*([noted] if noted else []), *(_of(state_dir, s) for s in seen.engines(state_dir))]
    inits = [i.init for i in known if i.init.alive()]
    parts = [p for i in known for p in (i.init, i.supervisor, i.uplink)]
    if timeout_s:
        for init in inits:
            init.signal(signal.SIGTERM)
        wait_until(lambda: not any(p.alive() for p in inits), timeout_s)
    for process in parts:
        process.signal(signal.SIGKILL)
    # A folder that isn't ours is not written to; one that is gone needs no lock.
    own = state_dir.is_dir() and ours.of(state_dir).parted(state_dir, STATE).proven
    with held(state_dir) if own else nullcontext():
        # nothing inside its namespaces lives any more
        wait_until(lambda: all(not p.alive() for p in parts), 5)
        clear(state_dir, files=own)


def clear(state_dir: Path, *, files: bool = True) -> None:
    """Remove what a dead instance left outside its namespaces: sockets, cgroups, state file."""
    name = cgroup_name(state_dir)
    wait_until(lambda: cgroups.remove(name), 2)
    if files:
        (state_dir / FILE).unlink(missing_ok=True)
    folder = socket_folder(state_dir)
    with suppress(OSError):
        if not private.not_private(folder):  # else another account's, of the name that ours has
            for socket in ("docker.sock", "uplink.sock"):
                (folder / socket).unlink(missing_ok=True)
            folder.rmdir()


def remove(state_dir: Path) -> tuple[Path, ...]:
    """Kill whatever runs from this state folder, then delete what is ours of the folder.

    Returns what isn't. Raises as `Ours.remove` does.
    """
    stop(state_dir, timeout_s=0)
    return ours.of(state_dir).remove(state_dir, STATE)


@contextmanager
def held(state_dir: Path, timeout_s: float = 15) -> Iterator[int]:
    """Yield the locked descriptor of `alive`: proof that no instance uses this state folder.

    Kills what still holds it after `timeout_s` (an instance whose state file was lost). A child
    that inherits the descriptor keeps the lock after this block.
    """
    descriptor = os.open(state_dir / "alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not wait_until(lambda: _lock(descriptor), 2 if attach(state_dir) is None else timeout_s):
            for process in holders(state_dir / "alive", ("unshare", "tini")):
                process.signal(signal.SIGKILL)
            if not wait_until(lambda: _lock(descriptor), 5):
                raise EngineError(
                    f"another process keeps {state_dir} in use",
                    "end it, then start the engine again: buildlab engine start",
                )
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _ask_uplink(socket: Path, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return unixhttp.ask_once(socket, {"execute": command, "arguments": arguments})
    except (OSError, ValueError) as error:
        raise EngineError(
            f"the engine's network doesn't answer: {error}",
            "restart the engine: buildlab engine stop, then buildlab engine start",
        ) from error
