"""Ask a docker API what it is: does it answer, and can the kit's own builder live there."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from buildlab.engine.docker.candidates import Candidate
from buildlab.errors import EngineError

if TYPE_CHECKING:
    import docker

PING_TIMEOUT_S = 5
API_TIMEOUT_S = 60
USE_A_BUILDER = "name a BuildKit builder (buildlab --builder NAME), or install Docker Engine"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from one candidate; `lacks` is "" where the kit can use it."""

    candidate: Candidate
    info: Mapping[str, Any]
    version: str = ""
    error: str = ""
    lacks: str = ""
    hint: str = ""

    @property
    def answers(self) -> bool:
        return not self.error

    @property
    def usable(self) -> bool:
        return self.answers and not self.lacks

    @property
    def summary(self) -> str:
        """One line: address, why it was tried, what came of it."""
        outcome = self.error or self.lacks or f"Docker {self.version} answers"
        return f"{self.candidate.address} ({self.candidate.why}): {outcome}"


def ask(candidate: Candidate) -> Answer:
    """Ping an address; never raises for one that does not answer."""
    import docker
    import requests

    try:
        client = connect(candidate.address, candidate.tls, PING_TIMEOUT_S)
        try:
            client.ping()
            version: Mapping[str, Any] = client.version()
            info: Mapping[str, Any] = client.info()
        finally:
            client.close()
    except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as e:
        return Answer(candidate, {}, error=_plain(e))
    except EngineError as e:
        return Answer(candidate, {}, error=e.message, hint=e.hint)
    lacks, hint = _lacks(info, version)
    return Answer(candidate, info, str(version.get("Version", "")), lacks=lacks, hint=hint)


def connect(address: str, tls: Mapping[str, str], timeout_s: int) -> docker.DockerClient:
    """A docker SDK client for an address, without a look at the process's DOCKER_… variables.

    Raises docker.errors.DockerException where the address does not answer, EngineError where it
    can't be spoken to from here.
    """
    import docker
    from docker.utils import kwargs_from_env

    ssh = address.startswith("ssh://")
    if ssh and not find_spec("paramiko"):
        raise EngineError(
            "an address with ssh:// needs a Python package that is not installed, paramiko",
            f"{shlex.quote(sys.executable)} -m pip install 'docker[ssh]'",
        )
    given = kwargs_from_env({"DOCKER_HOST": address, **tls})
    api = _api_class()(timeout=timeout_s, use_ssh_client=ssh, **given)
    # Asks nothing, as it is told a version; its own connection is never used.
    client = docker.DockerClient(base_url="unix:///nonexistent", version=api.api_version)
    client.api = api
    return client


@contextmanager
def speaking(candidate: Candidate, timeout_s: int = API_TIMEOUT_S) -> Iterator[docker.DockerClient]:
    """A client for the block. A Docker that fails or falls silent there is an EngineError."""
    import docker
    import requests

    try:
        api = connect(candidate.address, candidate.tls, timeout_s)
        with api.api:
            yield api
    except (docker.errors.DockerException, requests.RequestException) as fault:
        raise EngineError(
            f"the Docker at {candidate.address} did not do what it was asked: {_plain(fault)}",
            "start it again, or see what is wrong (buildlab doctor); then type the command again",
        ) from fault


@cache
def _api_class() -> type[docker.APIClient]:
    import docker

    class Api(docker.APIClient):
        """The SDK's, but REQUESTS_CA_BUNDLE does not beat the certificates of a docker context."""

        def merge_environment_settings(
            self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
        ) -> Any:
            checked = self.verify if verify is None else verify
            return super().merge_environment_settings(url, proxies, stream, checked, cert)

    return Api


def require(answer: Answer) -> Answer:
    """The answer, if the kit can use it. Raises EngineError saying what is wrong."""
    if answer.usable:
        return answer
    raise EngineError(answer.summary, answer.hint or "start Docker, then type the command again")


def _lacks(info: Mapping[str, Any], version: Mapping[str, Any]) -> tuple[str, str]:
    parts = [str(c.get("Name", "")) for c in version.get("Components") or ()]
    if any("podman" in p.lower() for p in parts):
        return (
            "this is Podman, which builds with Buildah: it has no BuildKit, so no event stream, "
            "no build graph and no cache export to measure",
            USE_A_BUILDER,
        )
    if info.get("OSType", "linux") != "linux":
        return "this Docker runs Windows containers", "switch Docker Desktop to Linux containers"
    return "", ""


def _plain(error: Exception) -> str:
    """The innermost cause in a few words: the SDK nests three layers of repr()."""
    text = str(error)
    for sign, words in (
        ("Path to a certificate", "its certificates are not in DOCKER_CERT_PATH"),
        ("Permission", "permission denied"),
        ("No such file", "nothing there"),
        ("FileNotFoundError", "nothing there"),
        ("Connection refused", "connection refused"),
        ("timed out", "no answer in time"),
        ("Name or service not known", "no such host"),
    ):
        if sign in text:
            return words
    return text.splitlines()[0][:200] if text else type(error).__name__
