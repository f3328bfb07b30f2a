"""Images and containers as the engine has them, the faults included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buildlab.artifact import container, image, lint, oci
from buildlab.builds import build
from buildlab.builds.asked.command import tag
from buildlab.engine import Engine
from buildlab.errors import BuildFailed, EngineError, TimedOut
from buildlab.record.model import BuildRecord

TITLE = "artifact test"
DOCKERFILE = """\
FROM debian:trixie-slim
COPY data /data
USER 65532
HEALTHCHECK --interval=1s --timeout=2s --retries=1 CMD ["test", "-e", "/data"]
ENTRYPOINT ["sh", "-c"]
CMD ["id -u; cat /data; exit 3"]
"""
NOWHERE = "buildlab.local/nowhere:none"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A context with one file of a known size."""
    made = tmp_path_factory.mktemp("artifact-image")
    (made / "data").write_text("x" * 100_000)
    (made / "Dockerfile").write_text(DOCKERFILE)
    return made


@pytest.fixture(scope="module")
def built(lab_engine: Engine, folder: Path) -> tuple[BuildRecord, str]:
    """The image of `DOCKERFILE`, and its name."""
    record = build(folder, title=TITLE, engine=lab_engine).require_ok()
    return record, tag(TITLE, lab_engine.session)


def test_the_sizes_of_an_image(lab_engine: Engine, built: tuple[BuildRecord, str]) -> None:
    """Layers of the history add up; what docker images prints is explained by two other sizes."""
    record, ref = built
    found = image.read(lab_engine, ref)
    assert found.layers == len(record.layers) == 2
    copied = next(made for made in found.history if made.instruction.startswith("COPY"))
    assert 100_000 <= copied.size_bytes < 200_000
    compressed = record.image_size_bytes or 0
    sums = (found.unpacked_bytes, found.unpacked_bytes + compressed)
    assert any(abs(found.listed_bytes - wanted) < 0.02 * wanted for wanted in sums)


def test_the_configuration_of_an_image(lab_engine: Engine, built: tuple[BuildRecord, str]) -> None:
    """USER and HEALTHCHECK are read as the image holds them."""
    found = image.read(lab_engine, built[1])
    assert found.user == "65532"
    assert found.healthcheck == ("CMD", "test", "-e", "/data")


def test_a_container_runs_to_its_end(lab_engine: Engine, built: tuple[BuildRecord, str]) -> None:
    """Exit code and output are those of the program."""
    ran = container.run(lab_engine, built[1])
    assert (ran.started, ran.exit_code, ran.ok) == (True, 3, False)
    assert ran.output.startswith("65532\nxxx")
    assert container.run(lab_engine, built[1], "true").ok


def test_a_program_that_is_not_there(lab_engine: Engine, built: tuple[BuildRecord, str]) -> None:
    """A container that can't start is told from one that fails, with the engine's reason."""
    ran = container.run(lab_engine, built[1], entrypoint=["/nowhere"])
    assert not ran.started
    assert "/nowhere" in ran.output


def test_health_is_waited_for(lab_engine: Engine, built: tuple[BuildRecord, str]) -> None:
    """The engine runs HEALTHCHECK; an image without one has none."""
    with container.running(lab_engine, built[1], "sleep 60") as running:
        assert running.health().status == "healthy"
        assert running.ask("cat", "/data").output.startswith("xxx")
        assert not running.ask("false").ok
    with container.running(lab_engine, "debian:trixie-slim", "sleep", "60") as running:
        assert running.health().status == "none"


def test_what_never_succeeds_ends_at_its_limit(lab_engine: Engine) -> None:
    """Waiting for a program has a limit, and the error says what was tried."""
    with (
        container.running(lab_engine, "debian:trixie-slim", "sleep", "60") as running,
        pytest.raises(TimedOut, match="false"),
    ):
        running.until_asked("false", timeout_s=0.5)


def test_containers_reach_each_other_by_name(lab_engine: Engine) -> None:
    """On a network of their own a container knows the other's name; the network is gone after."""
    with container.network(lab_engine) as net:
        with container.running(
            lab_engine, "debian:trixie-slim", "sleep", "60", network=net, name="other"
        ) as running:
            assert running.until_asked("getent", "hosts", "other").ok
        assert lab_engine.client().networks.list(names=[net])
    assert not lab_engine.client().networks.list(names=[net])


@pytest.mark.parametrize("reading", ["read", "run"])
def test_an_image_that_is_not_there(lab_engine: Engine, reading: str) -> None:
    """A name that no image has is an error that says so."""
    with pytest.raises(EngineError, match="has no image"):
        if reading == "read":
            image.read(lab_engine, NOWHERE)
        else:
            container.run(lab_engine, NOWHERE)


@pytest.fixture
def archive(lab_engine: Engine, folder: Path, tmp_path: Path) -> Iterator[oci.OciImage]:
    """The same image as a file, with its provenance."""
    path = tmp_path / "image.tar"
    flags = (f"--output=type=oci,dest={path}", "--attest=type=provenance,mode=max")
    build(folder, *flags, title=TITLE, output="none", engine=lab_engine).require_ok()
    yield oci.read(path)


def test_an_image_as_a_file(archive: oci.OciImage, built: tuple[BuildRecord, str]) -> None:
    """Its layers are those of the image in the engine; what is attached lies below an index."""
    assert archive.layers == tuple(layer.digest for layer in built[0].layers)
    assert list(archive.last_layer) == ["data"]
    assert archive.digest != archive.manifest_digest
    (kind,) = archive.attestations
    assert "slsa.dev/provenance" in kind


def test_build_checks_are_the_frontends(lab_engine: Engine, tmp_path: Path) -> None:
    """A finding names rule and line; a Dockerfile that can't be read is an error in its words."""
    (tmp_path / "Dockerfile").write_text("FROM scratch as a\nCOPY x /\n")
    found = lint.build_checks(lab_engine, tmp_path)
    assert [(f.rule, f.line) for f in found] == [("FromAsCasing", 1)]
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPIE x /\n")
    with pytest.raises(BuildFailed, match="COPIE"):
        lint.build_checks(lab_engine, tmp_path)
