"""Base images in real engines: present under their names, usable, and what they claim to be."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildlab.engine import images
from buildlab.engine.embedded import fresh
from buildlab.engine.images import pulling
from buildlab.engine.images.assembly import Assembly
from buildlab.engine.images.model import CANONICAL, DEBIAN, GOLANG, LABEL, STATIC, BaseImage
from buildlab.engine.images.pulling import Pins, Reach
from buildlab.engine.model import Engine
from buildlab.host.settings import Settings
from buildlab.services.registry import registry

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def bases(lab_engine: Engine) -> dict[str, BaseImage]:
    return {image.name: image for image in images.ensure(lab_engine)}


@pytest.fixture(scope="module")
def local(bases: dict[str, BaseImage]) -> None:
    """Skips where the published images are in use: these tests are about the equivalents."""
    if any(image.origin == "pulled" for image in bases.values()):
        pytest.skip("the published images are in use")


@pytest.fixture
def bare() -> Iterator[Engine]:
    """A fresh engine without any image."""
    with fresh.fresh() as engine:
        yield engine


def _build(engine: Engine, folder: Path, dockerfile: str, *flags: str) -> str:
    """Build, and return all that was said. The build must succeed."""
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    argv = [*engine.buildx, "build", "--progress=plain", *flags, str(folder)]
    done = subprocess.run(
        argv, env=engine.child_env(), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stderr


def test_all_names_are_there(lab_engine: Engine, bases: dict[str, BaseImage]) -> None:
    """Every name that a Dockerfile of the kit uses is an image of the engine, as reported."""
    assert tuple(bases) == CANONICAL
    if lab_engine.kind != "embedded":
        pytest.skip("the builder has the images, not the engine")
    for image in bases.values():
        found = lab_engine.client().images.get(image.name)
        assert found.id == image.digest
        assert (found.labels.get(LABEL) == image.name) == (image.origin == "local equivalent")


def test_second_time_changes_nothing(
    lab_engine: Engine, bases: dict[str, BaseImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is neither pulled nor assembled nor loaded again."""
    said: list[str] = []
    again = images.ensure(lab_engine, progress=said.append)
    assert again == tuple(bases.values())
    assert not [s for s in said if not s.endswith(")")], "only what can't be pulled is said"


def test_an_image_that_a_crash_has_damaged_is_loaded_again(lab_engine: Engine, local: None) -> None:
    """A layer that the store has lost is no fault of buildlab's own: the image comes back."""
    with fresh.fresh(images=images.for_fresh(lab_engine)) as runner:
        wanted = runner.client().images.get(STATIC).id
        assert wanted is not None
        # Of this engine alone: the template, and others made from it, have links of their own.
        (own,) = Settings.from_env().paths.fresh.glob(f"*-{runner.session}")
        (lost,) = own.rglob(f"blobs/sha256/{wanted.removeprefix('sha256:')}")
        lost.unlink()
        found = {i.name: i.digest for i in images.ensure(runner)}
        assert found[STATIC] == wanted == runner.client().images.get(STATIC).id


def test_go_image_compiles(lab_engine: Engine, local: None, tmp_path: Path) -> None:
    """The Go image has HOME, a cache in it, git, a C compiler, and makes both kinds of programs."""
    dockerfile = f"""FROM {GOLANG}
RUN test "$HOME" = /root && test "$PWD" = /go && test "$(go env GOCACHE)" = /root/.cache/go-build
RUN test "$(go env GOTOOLCHAIN)" = local && git --version && test "$(go env CGO_ENABLED)" = 1
WORKDIR /src
RUN go mod init x && printf 'package main\\nimport "net"\\nfunc main() {{ \
_, e := net.LookupHost("localhost"); if e != nil {{ panic(e) }} }}\\n' > main.go
RUN go build -o /out/dynamic . && ldd /out/dynamic && /out/dynamic
RUN CGO_ENABLED=0 go build -o /out/static . && ! ldd /out/static && /out/static
"""
    _build(lab_engine, tmp_path / "go", dockerfile, "--output=type=cacheonly")


def test_go_image_trusts_what_this_machine_trusts(
    lab_engine: Engine, local: None, tmp_path: Path
) -> None:
    """The machine's authorities survive `update-ca-certificates`, as a company's CA must."""
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    added = "/usr/local/share/ca-certificates/*.crt"
    # line by line: a company's file may hold another line length than the bundle
    check = f'for f in {added}; do test -e $f || continue; grep -qF "$(sed -n 2p $f)" {bundle}'
    dockerfile = f"""FROM {GOLANG}
RUN grep -c BEGIN {bundle} && update-ca-certificates && {check}; done
"""
    _build(lab_engine, tmp_path / "ca", dockerfile, "--output=type=cacheonly")


def test_static_image_has_what_a_service_needs(
    lab_engine: Engine, local: None, tmp_path: Path
) -> None:
    """The static image: no shell, an unprivileged user, authorities, time zones, a /tmp."""
    dockerfile = f"""FROM {STATIC} AS static
FROM {DEBIAN}
COPY --from=static / /static
RUN cd /static && test ! -e bin/sh && test -s etc/ssl/certs/ca-certificates.crt \
 && test -s usr/share/zoneinfo/Europe/Berlin && grep -q ^nonroot:x:65532 etc/passwd \
 && grep -q ^hosts: etc/nsswitch.conf && test "$(stat -c %a tmp)" = 1777 \
 && test "$(stat -c %u home/nonroot)" = 65532
"""
    _build(lab_engine, tmp_path / "static", dockerfile, "--output=type=cacheonly")
    config = lab_engine.client().images.get(STATIC).attrs["Config"]
    assert config["User"] == "65532"
    assert "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt" in config["Env"]


def test_debian_image_has_a_working_apt(lab_engine: Engine, local: None, tmp_path: Path) -> None:
    """apt updates and installs; documents and lists stay out; dpkg finds nothing amiss."""
    dockerfile = f"""FROM {DEBIAN}
RUN test ! -e /etc/ssl/certs/ca-certificates.crt && test -z "$(dpkg --audit)"
RUN apt-get update && apt-get install --yes --no-install-recommends hello && hello \
 && test ! -e /usr/share/man/man1/hello.1.gz && test -e /usr/share/doc/hello/copyright
"""
    _build(lab_engine, tmp_path / "debian", dockerfile, "--output=type=cacheonly", "--no-cache")


def test_builder_without_images_takes_build_contexts(
    bare: Engine, bases: dict[str, BaseImage], local: None, tmp_path: Path
) -> None:
    """A builder that has no image builds from the layout folders, under the same names."""
    assert bare.client().images.list() == []
    images.assemble()  # an engine that keeps images has another variant of Go's
    contexts = images.build_contexts(tuple(bases.values()))
    assert set(contexts) == set(CANONICAL)
    flags = [f"--build-context={name}={where}" for name, where in contexts.items()]
    dockerfile = f"FROM {DEBIAN}\nCOPY --from={STATIC} /etc/passwd /p\nRUN grep nonroot /p\n"
    _build(bare, tmp_path / "contexts", dockerfile, "--output=type=cacheonly", *flags)


def test_changed_authorities_renew_the_images(
    local: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When this machine trusts other authorities, those layers are made anew, and only those."""
    home = Settings.from_env().home
    before = Assembly(home)
    changed = before.bundle + before.bundle[:2000]
    copied = tmp_path / "home"
    (copied / "images").mkdir(parents=True)
    subprocess.run(["cp", "-r", str(home / "images"), str(copied)], check=True)
    monkeypatch.setattr("buildlab.engine.images.certificates.host_bundle", lambda: changed)
    after = Assembly(copied)
    assert after.get(GOLANG) is None
    assert after.get(DEBIAN) is not None
    said: list[str] = []
    after.make(progress=said.append)
    assert [s for s in said if "Debian" in s or "toolchain" in s] == []
    old, new = before.get(GOLANG), after.get(GOLANG)
    assert old and new
    assert old.layers[:3] == new.layers[:3]
    assert old.layers[3] != new.layers[3]


def test_pulled_image_is_pinned(bare: Engine, lab_engine: Engine, tmp_path: Path) -> None:
    """What is pulled is pulled by digest, named as in FROM, and pinned: a moved tag changes
    nothing."""
    pins, reach = Pins(tmp_path / "pins.json"), Reach(tmp_path / "registries.json")
    with registry(bare) as shop:
        name = f"{shop.address}/base:1"
        digests = []
        for text in ("first", "second"):
            dockerfile = "FROM scratch\nCOPY Dockerfile /\nLABEL text=" + text
            _build(bare, tmp_path / "base", dockerfile, "--push", f"--tag={name}")
            digests.append(shop.digest(name))
            wanted = pulling.resolve(pulling.through_engine(bare.client()), name, pins, reach)
            pulled = pulling.pull(bare.client(), name, wanted, pins, reach)
            assert pulled.origin == "pulled"
        assert digests[0] != digests[1] == shop.digest(name)
        assert bare.client().images.get(name).id == digests[0] == pulled.digest
    assert json.loads(pins.file.read_text()) == {name: digests[0]}


def test_builder_without_an_api_asks_through_buildx(bare: Engine, tmp_path: Path) -> None:
    """For a builder that has no docker API, buildx asks the registry, or says why it can't."""
    ask = pulling.through_buildx(bare)
    reach = Reach(tmp_path / "registries.json")
    with registry(bare) as shop:
        name = f"{shop.address}/base:1"
        dockerfile = "FROM scratch\nCOPY Dockerfile /\n"
        _build(bare, tmp_path / "base", dockerfile, "--push", f"--tag={name}")
        assert pulling.resolve(ask, name, Pins(tmp_path / "pins.json"), reach) == shop.digest(name)
    (tmp_path / "registries.json").unlink()
    with pytest.raises(pulling.Unreachable, match="refused"):
        pulling.resolve(ask, name, Pins(tmp_path / "pins.json"), reach)
