"""The right engine for each mix of DOCKER_HOST, context, builder and kind, and why."""

from __future__ import annotations

import hashlib
import json
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buildlab import engine as engines
from buildlab.engine.docker import buildkitd, candidates, dockers
from buildlab.engine.docker.buildkitd import Registries
from buildlab.engine.packages import able
from buildlab.errors import EngineError, UsageError
from tests.engine import fake_docker
from tests.engine.fake_docker import DOCKER, PODMAN, WINDOWS, listening

NO_EMBEDDED = ("it isn't Linux",)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="bl-") as folder:
        yield Path(folder)


@pytest.fixture
def home(short: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with a docker command and buildx, no Docker, and nothing set."""
    for name in (
        *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDX_CONFIG", "BUILDX_BUILDER"),
        *("BUILDLAB_BUILDER", "BUILDLAB_ENGINE", "XDG_RUNTIME_DIR"),
    ):
        monkeypatch.delenv(name, raising=False)
    folder = short / "home"
    fake_docker.install_client(folder, short / "bin")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("PATH", f"{short / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("BUILDLAB_HOME", str(short / "lab"))
    monkeypatch.setattr(candidates, "DEFAULT_SOCKET", str(short / "default.sock"))
    monkeypatch.setattr(able, "problems", lambda: ())
    return folder


def context(home: Path, name: str, address: str, *, current: bool = False) -> None:
    """Write a docker context as `docker context create` does."""
    ident = hashlib.sha256(name.encode()).hexdigest()
    folder = home / ".docker/contexts/meta" / ident
    folder.mkdir(parents=True)
    data: dict[str, Any] = {"Name": name, "Metadata": {}, "Endpoints": {}}
    data["Endpoints"]["docker"] = {"Host": address, "SkipTLSVerify": False}
    (folder / "meta.json").write_text(json.dumps(data))
    if current:
        (home / ".docker/config.json").write_text(json.dumps({"currentContext": name}))


def test_each_mix_of_variables_gives_one_engine(
    home: Path, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A builder beats a kind, a kind beats DOCKER_HOST, DOCKER_HOST beats contexts, a context
    beats the default socket; the reason names which it was."""
    with (
        listening(short / "default.sock") as default,
        listening(short / "host.sock") as host,
        listening(short / "one.sock") as one,
        listening(short / "two.sock") as two,
    ):
        found = engines.choice()
        assert (found.kind, found.answer and found.answer.candidate.address) == ("docker", default)
        assert "default socket" in found.why
        context(home, "one", one, current=True)
        context(home, "two", two)
        found = engines.choice()
        assert found.answer
        assert found.answer.candidate.address == one
        assert "current context 'one'" in found.why
        monkeypatch.setenv("DOCKER_CONTEXT", "two")
        found = engines.choice()
        assert found.answer
        assert found.answer.candidate.address == two
        assert "DOCKER_CONTEXT 'two'" in found.why
        monkeypatch.setenv("DOCKER_CONTEXT", "default")
        assert "default socket" in engines.choice().why
        monkeypatch.setenv("DOCKER_CONTEXT", "two")
        monkeypatch.setenv("DOCKER_HOST", host)
        found = engines.choice()
        assert found.answer
        assert found.answer.candidate.address == host
        assert found.why.startswith("DOCKER_HOST")
        monkeypatch.setenv("BUILDLAB_ENGINE", "embedded")
        assert engines.choice().kind == "embedded"
        monkeypatch.setenv("BUILDLAB_BUILDER", "team")
        found = engines.choice()
        assert (found.kind, found.builder) == ("remote", "team")
        assert "BUILDLAB_BUILDER" in found.why
        assert engines.choice(builder="other").builder == "other"
        assert engines.choice("docker").kind == "docker"


def test_without_docker_the_embedded_engine_is_the_default(home: Path) -> None:
    """Root on Debian with no Docker: an engine of our own, and the reason says so."""
    found = engines.choice()
    assert found.kind == "embedded"
    assert "no Docker" in found.why


def test_without_any_engine_the_message_says_what_to_install(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no Docker answers and none of our own is possible, both reasons and a remedy."""
    monkeypatch.setattr(able, "problems", lambda: NO_EMBEDDED)
    with pytest.raises(EngineError, match=r"no Docker listens.*isn't Linux") as caught:
        engines.choice()
    assert "docs.docker.com" in caught.value.hint
    assert caught.value.exit_code == 3


def test_docker_was_asked_for_and_is_not_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With BUILDLAB_ENGINE=docker and none here, an engine of our own is offered where possible."""
    monkeypatch.setenv("BUILDLAB_ENGINE", "docker")
    with pytest.raises(EngineError, match="no Docker listens") as caught:
        engines.choice()
    assert "BUILDLAB_ENGINE=auto" in caught.value.hint
    monkeypatch.setattr(able, "problems", lambda: NO_EMBEDDED)
    with pytest.raises(EngineError, match="no Docker listens") as caught:
        engines.choice()
    assert "BUILDLAB_ENGINE=auto" not in caught.value.hint


@pytest.mark.parametrize(
    "case",
    [(PODMAN, r"Podman.*no BuildKit", "--builder"), (WINDOWS, "Windows containers", "Linux")],
    ids=["podman", "windows containers"],
)
def test_what_an_engine_lacks_is_said(
    home: Path, short: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[Any, str, str]
) -> None:
    """An engine that answers but can't do the course is named with what it lacks."""
    answers, lack, hint = case
    monkeypatch.setenv("BUILDLAB_ENGINE", "docker")
    with listening(short / "default.sock", answers), pytest.raises(EngineError, match=lack) as e:
        engines.choice()
    assert hint in e.value.hint


def test_podman_beside_docker_is_passed_over(
    home: Path, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first usable engine wins, and the table keeps what was wrong with the others."""
    with listening(short / "default.sock", PODMAN), listening(home / ".orbstack/run/docker.sock"):
        found = engines.choice()
    assert "OrbStack" in found.why
    assert len(found.tried) == 2
    assert "Podman" in found.tried[0]


@pytest.mark.parametrize(
    ("buildx", "said"),
    [("v0.12.1", r"is buildx 0\.12; 0\.13 is needed"), (None, "no buildx plugin")],
    ids=["too old", "missing"],
)
def test_buildx_is_checked(
    home: Path, short: Path, monkeypatch: pytest.MonkeyPatch, buildx: str | None, said: str
) -> None:
    """A Docker without a buildx that is new enough is named with what to install."""
    monkeypatch.setattr("buildlab.engine.docker.client._SYSTEM_PLUGINS", ())
    monkeypatch.setenv("BUILDLAB_ENGINE", "docker")
    if buildx:
        fake_docker.install_client(home, short / "bin", buildx)
    else:
        (home / ".docker/cli-plugins/docker-buildx").unlink()
    with listening(short / "default.sock"), pytest.raises(EngineError, match=said) as caught:
        engines.choice()
    assert "install buildx" in caught.value.hint


def test_a_named_docker_that_is_down_is_not_replaced(
    home: Path, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DOCKER_HOST or a context that doesn't answer is an error, not another engine."""
    with listening(short / "default.sock"):
        monkeypatch.setenv("DOCKER_HOST", f"unix://{short}/gone.sock")
        with pytest.raises(EngineError, match="nothing there") as caught:
            engines.choice()
        assert "unset DOCKER_HOST" in caught.value.hint
        monkeypatch.delenv("DOCKER_HOST")
        context(home, "gone", f"unix://{short}/gone.sock", current=True)
        with pytest.raises(EngineError, match="current context 'gone'") as caught:
            engines.choice()
        assert "docker context use" in caught.value.hint


def test_a_silent_docker_costs_its_time_limit_only(
    home: Path, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that accepts and never answers is passed over after the limit."""
    monkeypatch.setattr(dockers, "PING_TIMEOUT_S", 1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(short / "default.sock"))
        silent.listen(5)
        found = engines.choice()
    assert found.kind == "embedded"
    assert "no answer in time" in found.tried[0]


def test_a_missing_context_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A context that is not there, or broken, or a broken config.json is a usage error."""
    monkeypatch.setenv("DOCKER_CONTEXT", "typo")
    with pytest.raises(UsageError, match="'typo'") as caught:
        engines.choice()
    assert "docker context ls" in caught.value.hint
    monkeypatch.delenv("DOCKER_CONTEXT")
    (home / ".docker/config.json").write_text("{")
    with pytest.raises(UsageError, match=r"config\.json is not readable"):
        engines.choice()


def test_a_kind_that_means_nothing_is_a_usage_error(home: Path) -> None:
    """engine("kubernetes") lists the kinds there are."""
    with pytest.raises(UsageError, match="no kind of engine"):
        engines.choice("kubernetes")


def test_a_context_brings_its_certificates(home: Path) -> None:
    """A context with TLS files passes them on, and whether they are verified."""
    context(home, "tls", "tcp://192.0.2.1:2376")
    ident = hashlib.sha256(b"tls").hexdigest()
    (home / ".docker/contexts/tls" / ident / "docker").mkdir(parents=True)
    (found,) = candidates.candidates({"DOCKER_CONTEXT": "tls"}, home)
    assert found.tls["DOCKER_TLS_VERIFY"] == "1"
    assert found.tls["DOCKER_CERT_PATH"].endswith("docker")


def test_the_users_mirrors_and_open_registries_reach_our_builder() -> None:
    """What the user's engine is told of registries, our BuildKit is told too."""
    info = {
        "RegistryConfig": {
            "Mirrors": ["https://mirror.example/"],
            "IndexConfigs": {"docker.io": {"Secure": True}, "plain.example:5": {"Secure": False}},
        }
    }
    text = buildkitd.render(Registries.of_info(info), "/ca.pem")
    assert 'mirrors = ["mirror.example"]' in text
    plain = text.partition('[registry."plain.example:5"]')[2]
    assert plain.split()[:6] == ["http", "=", "true", "insecure", "=", "true"]
    assert text.count('ca = ["/ca.pem"]') == 3
    assert "http = true" not in buildkitd.render(Registries.of_info(DOCKER["info"]))
