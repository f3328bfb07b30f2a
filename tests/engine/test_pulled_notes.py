"""What the kit pulls into a user's Docker is written down, so that `clean` removes it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import docker.errors
import pytest

from buildlab import engine as engines
from buildlab.engine.docker import candidates, existing, owned
from buildlab.engine.docker.owned import Made
from buildlab.engine.model import Engine
from buildlab.host.settings import Settings
from buildlab.services import registry_server
from tests.engine import fake_docker


@pytest.fixture
def docker_address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A learner with a Docker, and a new BUILDLAB_HOME."""
    with tempfile.TemporaryDirectory(prefix="bl-") as name:
        folder = Path(name)
        for variable in ("DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDX_CONFIG", "BUILDLAB_BUILDER"):
            monkeypatch.delenv(variable, raising=False)
        fake_docker.install_client(folder / "home", folder / "bin")
        monkeypatch.setenv("HOME", str(folder / "home"))
        monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
        monkeypatch.setenv("BUILDLAB_HOME", str(folder / "lab"))
        monkeypatch.setenv("BUILDLAB_ENGINE", "docker")
        monkeypatch.setattr(candidates, "DEFAULT_SOCKET", str(folder / "docker.sock"))
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        with fake_docker.listening(folder / "docker.sock") as address:
            yield address


def noted(settings: Settings, address: str) -> Made | None:
    return Made.read(existing.Place.of(settings, address).made)


class Images:
    """An engine's images: none, but what is pulled."""

    def get(self, name: str) -> None:
        raise docker.errors.ImageNotFound(name)

    def pull(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(id=f"sha256:{name}")


def test_a_registrys_image_that_was_pulled_is_noted(tmp_path: Path) -> None:
    """The image of the lessons' registry was not there before us: `clean` must know of it."""
    settings = Settings(tmp_path / "lab")
    api = SimpleNamespace(timeout=0, inspect_distribution=lambda name: {})
    client = SimpleNamespace(images=Images(), api=api)
    engine = SimpleNamespace(socket="unix:///some.sock", client=lambda: client)
    assert registry_server.find_image(cast(Engine, engine), settings) == "registry:3"
    made = noted(settings, "unix:///some.sock")
    assert made is not None
    assert dict(made.pulled) == {"registry:3": "sha256:registry:3"}


def test_buildkits_image_that_a_fresh_builder_pulled_is_noted(
    docker_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fresh builder pulls BuildKit's image where it is the first of this home's builders."""

    def create(self: object, *args: Any) -> str:
        return "sha256:buildkit"

    monkeypatch.setattr(owned.Builder, "create", create)
    monkeypatch.setattr(owned.Builder, "remove", lambda self, api: ())
    monkeypatch.setattr(owned.Builder, "buildkit_version", lambda self: "0.25")
    settings = Settings.from_env()
    answer = engines.choice().answer
    assert answer is not None
    with existing.open_fresh(settings, answer):
        pass
    made = noted(settings, docker_address)
    assert made is not None
    assert dict(made.pulled) == {owned.BUILDKIT_IMAGE: "sha256:buildkit"}
    monkeypatch.setattr(owned.Builder, "create", lambda self, *args: "")
    existing.open_shared(settings, answer)
    made = noted(settings, docker_address)
    assert made is not None
    assert made.image == owned.BUILDKIT_IMAGE, "the shared builder was made all the same"
    assert dict(made.pulled) == {owned.BUILDKIT_IMAGE: "sha256:buildkit"}, "and the note is kept"
