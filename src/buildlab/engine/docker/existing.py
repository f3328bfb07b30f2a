"""Existing Docker: the user's engine, with a builder of our own, so that theirs stays as it was.

The shared builder belongs to BUILDLAB_HOME and outlives the process, as an embedded engine does;
a fresh one belongs to its session and ends with it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from buildlab.engine.docker import buildkitd
from buildlab.engine.docker.candidates import docker_config_dir
from buildlab.engine.docker.client import Client, find_client
from buildlab.engine.docker.dockers import Answer, require, speaking
from buildlab.engine.docker.owned import BUILDKIT_IMAGE, Builder, Made, container_of
from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.host import private
from buildlab.host.paths import short_hash
from buildlab.host.settings import Settings
from buildlab.host.userenv import user_env, user_home
from buildlab.record.engineinfo import EngineInfo

CREATE_LOCK_S = 330
# What the user may have set to steer their own docker commands; none of it reaches a build.
REMOVED = (
    *("DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"),
    *("DOCKER_API_VERSION", "DOCKER_DEFAULT_PLATFORM", "DOCKER_BUILDKIT", "BUILDKIT_HOST"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """The kit's folder for one docker address, below BUILDLAB_HOME."""

    folder: Path

    @classmethod
    def of(cls, settings: Settings, address: str) -> Place:
        return cls(settings.paths.docker / short_hash(Path(address)))

    @property
    def buildx(self) -> Path:
        return self.folder / "buildx"

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def made(self) -> Path:
        return self.folder / "made.json"

    @property
    def buildkitd(self) -> Path:
        return self.folder / "buildkitd.toml"

    def prepare(self, client: Client, user_config: Path) -> None:
        """A DOCKER_CONFIG that has the user's credentials, and leaves their folder unwritten.

        buildx writes a token seed, its builders and locks beside config.json: here, not there.
        """
        plugins = self.config / "cli-plugins"
        for folder in (self.buildx, plugins):
            private.make_folder(folder)
        _link(plugins / "docker-buildx", client.buildx.resolve())
        if (user_config / "config.json").exists():
            _link(self.config / "config.json", (user_config / "config.json").absolute())
        else:
            (self.config / "config.json").unlink(missing_ok=True)


def note_pulled(settings: Settings, engine: Engine, name: str, image_id: str) -> None:
    """Remember an image that the kit pulled into the user's Docker, so that `clean` removes it."""
    if not image_id:
        return
    place = Place.of(settings, engine.socket or "")
    settings.paths.make(place.folder)
    with _locked(settings, place):
        made = Made.read(place.made)
        if made is None:  # no shared builder yet: the next one is made as if nothing were there
            owner = owner_of(settings)
            made = Made(engine.socket or "", f"buildlab-{owner}", owner, image="")
        replace(made, pulled={**made.pulled, name: image_id}).write(place.made)


def _locked(settings: Settings, place: Place) -> FileLock:
    """What the home has in one Docker is changed by one process at a time."""
    lock = settings.paths.make(settings.paths.locks) / f"docker-{place.folder.name}.lock"
    return FileLock(lock, timeout=CREATE_LOCK_S, mode=0o600)


def owner_of(settings: Settings) -> str:
    """What marks all that this BUILDLAB_HOME makes in an engine shared with others."""
    return short_hash(settings.paths.root)


def belongs(session: str, owner: str) -> bool:
    """Whether a session is this owner's: the shared one, or one of its fresh ones."""
    return session == owner or session.startswith(f"{owner}-")


def open_shared(settings: Settings, answer: Answer) -> Engine:
    """The engine behind `answer`, with the home's builder running. Raises EngineError."""
    engine = describe(settings, answer)
    place = Place.of(settings, answer.candidate.address)
    builder = builder_of(engine, owner_of(settings))
    with _locked(settings, place):
        made = _ensure(builder, place, answer)
    return replace(engine, info=replace(engine.info, buildkit_version=made.buildkit_version))


@contextmanager
def open_fresh(settings: Settings, answer: Answer) -> Iterator[Engine]:
    """A second, empty builder in the same Docker: a CI runner that has just been started."""
    shared = describe(settings, answer)
    place = Place.of(settings, answer.candidate.address)
    session = f"{shared.session}-{secrets.token_hex(3)}"
    name = f"buildlab-{session}"
    engine = replace(
        shared,
        builder=name,
        env={**shared.env, "BUILDX_BUILDER": name},
        info=replace(shared.info, builder=name),
        session=session,
        fresh=True,
    )
    builder = builder_of(engine, engine.session)
    _write_config(place, answer)
    try:
        with speaking(answer.candidate) as api:
            pulled = builder.create(api, _image(), place.buildkitd)
        note_pulled(settings, engine, _image(), pulled)
        yield replace(
            engine, info=replace(engine.info, buildkit_version=builder.buildkit_version())
        )
    finally:
        with speaking(answer.candidate) as api:
            builder.remove(api)


def runs(engine: Engine, settings: Settings) -> bool:
    """Whether the engine answers and the home's builder runs in it."""
    import docker
    import requests

    try:
        api = engine.client()
        try:
            return builder_of(engine, owner_of(settings)).running(api)
        finally:
            api.close()
    except (EngineError, docker.errors.DockerException, requests.RequestException):
        return False


def started_at(engine: Engine, settings: Settings, answer: Answer) -> datetime | None:
    """When the home's builder was started; None where it is not there. Raises EngineError."""
    with speaking(answer.candidate) as api:
        found = container_of(api, builder_of(engine, owner_of(settings)).container)
        if found is None:
            return None
        stamp = str(found.attrs["State"]["StartedAt"])
    # Nine digits of a second are more than Python reads.
    return datetime.fromisoformat(stamp[:19]).replace(tzinfo=UTC)


def stop(settings: Settings, answer: Answer) -> bool:
    """Stop the home's builder; its cache stays. True if it ran."""
    engine = describe(settings, answer)
    builder = builder_of(engine, owner_of(settings))
    with speaking(answer.candidate) as api:
        if not builder.running(api):
            return False
    builder.stop()
    return True


def reset(settings: Settings, answer: Answer) -> tuple[str, ...]:
    """Remove the home's builder with its cache; returns what is gone."""
    engine = describe(settings, answer)
    with speaking(answer.candidate) as api:
        return builder_of(engine, owner_of(settings)).remove(api)


def describe(settings: Settings, answer: Answer) -> Engine:
    """The engine behind `answer` as a value; makes the kit's folder for it and nothing else."""
    require(answer)
    env_of_user = user_env(settings)
    client = find_client(env_of_user, user_home())
    address, why = answer.candidate.address, answer.candidate.why
    place = Place.of(settings, address)
    settings.paths.make(place.folder)
    place.prepare(client, docker_config_dir(env_of_user, user_home()))
    name = f"buildlab-{owner_of(settings)}"
    env: dict[str, str | None] = {
        **dict.fromkeys(REMOVED),
        **answer.candidate.tls,
        "DOCKER_HOST": address,
        "DOCKER_CONFIG": str(place.config),
        "BUILDX_CONFIG": str(place.buildx),
        "BUILDX_BUILDER": name,
    }
    info = EngineInfo(
        kind="docker",
        name=f"Docker at {address} ({why})",
        builder=name,
        driver="docker-container",
        engine_version=answer.version,
        buildx_version=client.buildx_version,
        cpus=int(answer.info.get("NCPU") or 0),
    )
    return Engine(
        # The plugin itself: starting it through `docker` takes longer than a cached build.
        kind="docker", info=info, cli=(str(client.docker),), buildx=(str(client.buildx),), env=env,
        builder=name, session=owner_of(settings), socket=address,
    )  # fmt: skip


def builder_of(engine: Engine, owner: str) -> Builder:
    """The handle of an engine's own builder."""
    return Builder(engine.builder, owner, engine.buildx, engine.child_env())


def _ensure(builder: Builder, place: Place, answer: Answer) -> Made:
    """The home's builder, running: made where it is missing, made anew where its image changed."""
    image = _image()
    changed = _write_config(place, answer)
    made = Made.read(place.made)
    with speaking(answer.candidate) as api:
        if made is not None and made.image == image and not changed:
            if builder.running(api):
                return made
            if (place.buildx / "instances" / builder.name).is_file():
                builder.boot()
                return made
        pulled = builder.create(api, image, place.buildkitd)
        earlier = {} if made is None else dict(made.pulled)
        made = Made(
            answer.candidate.address,
            builder.name,
            builder.owner,
            image,
            builder.buildkit_version(),
            earlier | ({image: pulled} if pulled else {}),
        )
        made.write(place.made)
        return made


def _image() -> str:
    return os.environ.get("BUILDLAB_BUILDKIT_IMAGE", "").strip() or BUILDKIT_IMAGE


def _write_config(place: Place, answer: Answer) -> bool:
    """Write buildkitd.toml; True where that changed it."""
    text = buildkitd.render(buildkitd.Registries.of_info(answer.info), _ca_bundle(os.environ))
    old = place.buildkitd.read_text("utf-8") if place.buildkitd.exists() else None
    if text != old:
        private.write(place.buildkitd, text)
    return text != old


def _ca_bundle(env: Mapping[str, str]) -> str:
    """The certificate bundle that this machine trusts; "" where none is a file of its own."""
    for path in (
        env.get("SSL_CERT_FILE"),
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/ssl/cert.pem",
    ):
        if path and Path(path).is_file():
            return path
    return ""


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)
