"""A real registry on loopback, for lessons on cache export, pushing and moving tags.

Its address, `127.0.0.1:PORT/name`, means the same to the engine and to this machine:

- the kit's own engine: the registry runs inside the engine's network, and its port is forwarded;
- an existing Docker: a container, where an image of a registry is there or can be pulled, with
  its port published on loopback; else Debian's registry on this machine's loopback, which a
  Docker on the same machine reaches.
"""

from __future__ import annotations

import functools
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.host import private
from buildlab.host.madelist import Entry
from buildlab.host.paths import Home
from buildlab.host.settings import Settings
from buildlab.services import registry_server as server
from buildlab.services.ports import on_free_port, require_reach

_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_REQUEST = re.compile(r'"(GET|PUT) /v2/(\S+?)/(blobs|manifests)/(\S+) HTTP/[\d.]+" 20[016] (\d+)')
_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Registry:
    """A running registry. Names are "app" or "team/app", references "app:tag" or with a digest.

    A reference may carry the address in front, as it stands in FROM.
    """

    address: str
    storage: Path | None = None
    """Where the registry keeps its files on this machine, None inside a container."""
    log: Path | None = None
    """Its log on this machine."""

    def digest(self, ref: str) -> str:
        """The digest that a reference has now. Raises EngineError where there is none."""
        return str(self._manifest(ref).headers["Docker-Content-Digest"])

    def tags(self, repository: str) -> tuple[str, ...]:
        """The tags of a repository, sorted; none where nothing was pushed to it."""
        answer = self._get(f"{self._plain(repository)}/tags/list")
        if answer.status_code == requests.codes.not_found:
            return ()
        return tuple(sorted(self._checked(answer).json().get("tags") or ()))

    def repositories(self) -> tuple[str, ...]:
        """All repositories, sorted."""
        return tuple(sorted(self._checked(self._get("_catalog")).json()["repositories"]))

    def manifest(self, ref: str) -> dict[str, Any]:
        """What a reference points to, as the registry holds it."""
        found: dict[str, Any] = self._manifest(ref).json()
        return found

    def retag(self, source: str, target: str) -> str:
        """Let `target` (of the same repository) point to what `source` points to; the digest."""
        found = self._manifest(source)
        (repository, _), (other, tag) = self._split(source), self._split(target)
        if repository != other:
            raise EngineError(
                f"{target} is in another repository than {source}",
                "push the image under the other name",
            )
        kind = {"Content-Type": found.headers["Content-Type"]}
        answer = self._ask("PUT", f"{repository}/manifests/{tag}", kind, found.content)
        return str(self._checked(answer).headers["Docker-Content-Digest"])

    def size_bytes(self, ref: str) -> int:
        """Bytes of all that a reference needs: configuration and compressed layers, each once."""
        return sum(self._blobs(ref).values())

    def total_bytes(self) -> int:
        """Bytes of all that is tagged, what is shared counted once."""
        blobs: dict[str, int] = {}
        for repository in self.repositories():
            for tag in self.tags(repository):
                blobs |= self._blobs(f"{repository}:{tag}")
        return sum(blobs.values())

    def blob_bytes(self, repository: str, digest: str) -> int:
        """Bytes of one blob, compressed as it is stored."""
        answer = self._ask("HEAD", f"{repository}/blobs/{digest}", {})
        return int(self._checked(answer).headers["Content-Length"])

    def _blobs(self, ref: str) -> dict[str, int]:
        """Digest → bytes of the blobs below a reference. A cache's index lists blobs itself."""
        repository, _ = self._split(ref)
        found: dict[str, int] = {}
        data = self.manifest(ref)
        for part in (*data.get("layers", ()), *([data["config"]] if "config" in data else ())):
            found[part["digest"]] = int(part["size"])
        for part in data.get("manifests", ()):
            if "manifest" in part["mediaType"] or "index" in part["mediaType"]:
                found |= self._blobs(f"{repository}@{part['digest']}")
            else:
                found[part["digest"]] = int(part["size"])
        return found

    def _manifest(self, ref: str) -> requests.Response:
        repository, tag = self._split(ref)
        return self._checked(self._get(f"{repository}/manifests/{tag}"))

    def _get(self, path: str) -> requests.Response:
        return self._ask("GET", path, {"Accept": _MANIFESTS})

    def _ask(
        self, method: str, path: str, headers: dict[str, str], data: bytes | None = None
    ) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False  # a proxy doesn't reach this machine's loopback
            try:
                return session.request(
                    method,
                    f"http://{self.address}/v2/{path}",
                    headers=headers,
                    data=data,
                    timeout=_TIMEOUT_S,
                )
            except requests.RequestException as error:
                raise EngineError(
                    f"the registry at {self.address} doesn't answer: {error}",
                    "use it inside its with block",
                ) from error

    def _checked(self, answer: requests.Response) -> requests.Response:
        if answer.ok:
            return answer
        what = answer.url.partition("/v2/")[2]
        raise EngineError(
            f"the registry at {self.address} answered {answer.status_code} for {what}",
            "push it first; what is there: Registry.repositories(), Registry.tags(name)",
        )

    def _plain(self, ref: str) -> str:
        return ref.removeprefix(f"{self.address}/")

    def _split(self, ref: str) -> tuple[str, str]:
        """Repository and tag, or digest, which wins over a tag beside it."""
        plain, _, digest = self._plain(ref).partition("@")
        repository, _, tag = plain.partition(":")
        return repository, digest or tag or "latest"


@dataclass(slots=True)
class Traffic:
    """What one engine moved, by the registry's own access log. Filled when its block ends."""

    pulled_bytes: int = 0
    pushed_bytes: int = 0
    pulled_blobs: int = 0
    pushed_blobs: int = 0

    def read(self, log: str, size_of: Callable[[str, str], int]) -> None:
        """Add the lines of an access log; `size_of(repository, digest)` tells what was pushed."""
        for method, repository, kind, what, size in _REQUEST.findall(log):
            if method == "GET":
                self.pulled_bytes += int(size)
                self.pulled_blobs += kind == "blobs"
            elif (digest := re.search(r"digest=(sha256(?::|%3A)\w+)", what)) is not None:
                self.pushed_bytes += size_of(repository, digest[1].replace("%3A", ":"))
                self.pushed_blobs += 1


@contextmanager
def reached_by(shop: Registry, engine: Engine) -> Iterator[Traffic]:
    """Let a second engine reach the registry under the same address, and measure what it moves.

    An engine with a network of its own gets a registry process there that serves the same files;
    another reaches the address as it is. Raises EngineError where neither can be.
    """
    traffic = Traffic()
    if not engine.can.own_network:
        # A container's log, which its image writes for every client.
        log = shop.log
        begin = len(log.read_bytes()) if log else 0
        yield traffic
        end = log.read_bytes()[begin:] if log else b""
    else:
        if shop.storage is None:
            raise EngineError(
                f"{engine.info.name} can't reach the registry at {shop.address}",
                "use engines of one kind: unset BUILDLAB_ENGINE and BUILDLAB_BUILDER",
            )
        program = server.program(Settings.from_env().paths.packages)
        with server.beside(engine, program, shop.storage, shop.address) as log:
            yield traffic
        end = log.read_bytes()
    traffic.read(end.decode("utf-8", "replace"), shop.blob_bytes)


@contextmanager
def registry(engine: Engine) -> Iterator[Registry]:
    """An empty registry that the engine reaches, gone after the block.

    Its files are kept, and the error names their folder, where the block fails. It ends with
    this process, however that ends. Raises EngineError where none can be started.
    """
    settings = Settings.from_env()
    with ExitStack() as stack:
        image = server.find_image(engine, settings) if engine.can.publish_ports else None
        program = None if image else server.program(settings.paths.packages)
        storage = stack.enter_context(_storage(settings.paths))
        if program is None:
            address = stack.enter_context(server.container(engine, image or "", storage))
            yield Registry(address, log=storage / "log")
            return
        address = stack.enter_context(_process(engine, program, storage))
        yield Registry(address, storage, storage / "log")


@contextmanager
def _process(engine: Engine, program: Path, storage: Path) -> Iterator[str]:
    """The registry as a process: in the engine's network where it has one of its own."""
    require_reach(engine, "a registry")
    with on_free_port(functools.partial(server.process, engine, program, storage)) as address:
        yield address


@contextmanager
def _storage(home: Home) -> Iterator[Path]:
    """A folder for one registry; what killed processes left is removed."""
    place = home.make(home.registries)
    _remove(home, lambda entry: not entry.owner_lives and "run-" in entry.path)
    token = secrets.token_hex(4)
    folder, kept = place / f"run-{token}", place / f"kept-{token}"
    home.ours.note(folder)
    private.make_folder(folder)
    try:
        yield folder
    except BaseException as error:
        # One is evidence, many are a full disk.
        _remove(home, lambda entry: "kept-" in entry.path)
        home.ours.note(kept)
        folder.rename(kept)
        error.add_note(f"the registry's files and its log are kept in {kept}")
        raise
    finally:
        home.ours.remove_noted(folder)


def _remove(home: Home, wanted: Callable[[Entry], bool]) -> None:
    """Remove those folders of registries that the kit's own list has, and `wanted` picks."""
    for entry in tuple(home.ours.list):
        folder = home.root / entry.path
        if folder.parent == home.registries and wanted(entry):
            with suppress(OSError):
                home.ours.remove_noted(folder)
