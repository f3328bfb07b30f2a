"""Existing Docker, for real: an embedded engine plays the user's Docker, with their things in it.

The BuildKit image that a builder boots from can't be pulled everywhere: a stand-in made of the
same sources plays it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from buildlab import engine as engines
from buildlab.engine import clean, inventory, status
from buildlab.engine.docker import existing, owned
from buildlab.engine.model import Engine
from buildlab.errors import EngineError, UsageError
from buildlab.host.settings import Settings
from buildlab.services import registry_server
from buildlab.setup import doctor
from tests.engine import users_docker
from tests.engine.buildkit_image import recipe
from tests.engine.users_docker import UsersDocker

pytestmark = pytest.mark.buildkit_image


@pytest.fixture(scope="module")
def buildkit_archive(lab_engine: Engine, engine_packages: Path) -> Path:
    return recipe.archive(lab_engine, engine_packages, recipe.cache())


@pytest.fixture(scope="module")
def user(
    tmp_path_factory: pytest.TempPathFactory, engine_packages: Path, buildkit_archive: Path
) -> Iterator[UsersDocker]:
    """One Docker for all tests of this module: each leaves it as it was, or fails."""
    folder = tmp_path_factory.mktemp("users")
    made = users_docker.start(folder, engine_packages)
    try:
        context = busybox(folder / "app", engine_packages)
        users_docker.furnish(made, context, buildkit_archive, recipe.NAME)
        yield made
    finally:
        made.instance.remove()


@pytest.fixture
def learner(
    user: UsersDocker,
    tmp_path: Path,
    engine_packages: Path,
    give_images: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Settings]:
    """The process as a learner's: their home, their DOCKER_HOST, a new BUILDLAB_HOME."""
    give_images(tmp_path / "lab")
    for name in ("DOCKER_CONFIG", "BUILDX_CONFIG", "DOCKER_CONTEXT", "BUILDLAB_BUILDER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in user.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DOCKER_HOST", user.address)
    monkeypatch.setenv("BUILDLAB_HOME", str(tmp_path / "lab"))
    monkeypatch.setenv("BUILDLAB_PACKAGES", str(engine_packages))
    monkeypatch.setenv("BUILDLAB_ENGINE", "docker")
    monkeypatch.setenv("BUILDLAB_BUILDKIT_IMAGE", recipe.NAME)
    settings = Settings.from_env()
    yield settings
    clean.clean(settings)
    engines.forget()


def busybox(folder: Path, packages: Path) -> Path:
    """A context that needs no base image."""
    folder.mkdir()
    (folder / "busybox").write_bytes((packages / "bin/busybox").read_bytes())
    (folder / "busybox").chmod(0o755)
    (folder / "Dockerfile").write_text(
        "FROM scratch\nCOPY busybox /bin/busybox\n"
        'RUN ["/bin/busybox", "--install", "/bin"]\n'
        "RUN --mount=type=cache,target=/root/.cache/go-build "
        "ls /root/.cache/go-build; echo ours > /root/.cache/go-build/ours\n"
        'CMD ["echo", "it runs"]\n'
    )
    return folder


def buildx(engine: Engine, *argv: str) -> str:
    """What a buildx command of the kit's prints; it must succeed."""
    done = subprocess.run(
        [*engine.buildx, *argv], env=engine.child_env(), capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_users_docker_is_equal_before_and_after(
    user: UsersDocker, learner: Settings, engine_packages: Path, tmp_path: Path
) -> None:
    """A course's builds, a fresh builder and `clean` leave images, cache, builders, contexts and
    configuration of the user as they were."""
    before = user.picture(learner)
    context = busybox(tmp_path / "context", engine_packages)
    with engines.engine() as engine:
        assert (engine.kind, engine.info.driver) == ("docker", "docker-container")
        labels = f"--label=dev.buildlab=1 --label=dev.buildlab.session={engine.session}".split()
        tag = f"buildlab.local/app:{engine.session}"
        told = buildx(engine, "build", "--load", *labels, "--tag", tag, str(context))
        assert "marker" not in told, "the user's cache mount was seen"
        client = engine.client()
        assert client.containers.run(tag, remove=True) == b"it runs\n"
        client.close()
        with engines.engine(fresh=True) as runner:
            again = buildx(runner, "build", "--output=type=cacheonly", str(context))
            assert "CACHED" not in again, "a fresh builder starts empty"
    during = user.picture(learner)
    assert during.files == before.files
    assert during.cache == before.cache
    assert len(during.items - before.items) == 3, "our image, container and volume"
    done = clean.clean(learner)
    assert done.ok, done
    assert user.picture(learner) == before
    assert not learner.home.exists()


def test_the_shared_builder_outlives_a_process_and_keeps_its_cache(
    learner: Settings, engine_packages: Path, tmp_path: Path
) -> None:
    """What is opened again is the same builder; stopped or killed it comes back with its cache."""
    context = busybox(tmp_path / "context", engine_packages)
    build = ("build", "--output=type=cacheonly", str(context))
    first = engines.current()
    buildx(first, *build)
    engines.forget()
    assert engines.current() == first
    assert status.status(learner).running
    client = first.client()
    name = existing.builder_of(first, existing.owner_of(learner)).container
    client.containers.get(name).kill()
    assert not status.status(learner).running
    again = engines.current()
    assert "CACHED" in buildx(again, *build)
    client.containers.get(name).remove(force=True)
    assert "CACHED" in buildx(engines.current(), *build)
    client.close()


def test_two_homes_share_a_docker_and_nothing_else(
    user: UsersDocker, learner: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two learners at one Docker have builders of their own; `clean` of one leaves the other's."""
    before = user.picture(learner)
    one = engines.current()
    copied = tmp_path / "second"
    shutil.copytree(learner.home / "images", copied / "images", copy_function=os.link)
    monkeypatch.setenv("BUILDLAB_HOME", str(copied))
    second = Settings.from_env()
    two = engines.current()
    assert (one.builder, one.session) != (two.builder, two.session)
    assert clean.clean(second).ok
    with user.api() as api:
        left = [i for i in inventory.items(api) if inventory.is_ours(i, one.session)]
    assert {i.kind for i in left} == {"container", "volume"}
    assert clean.clean(learner).ok
    assert user.picture(learner) == before


def test_clean_removes_by_label_and_session_only(
    user: UsersDocker, learner: Settings, engine_packages: Path, tmp_path: Path
) -> None:
    """Things with another session, another label, or a name like ours stay."""
    engine = engines.current()
    context = busybox(tmp_path / "context", engine_packages)
    ours = ("--label=dev.buildlab=1", f"--label=dev.buildlab.session={engine.session}")
    for name, flags in {
        "buildlab.local/ours:1": ours,
        "buildlab.local/alike:1": (
            "--label=dev.buildlab=1",
            "--label=dev.buildlab.session=00000000",
        ),
        "buildlab.local/unlabelled:1": (),
        "users/renamed:1": ours,
    }.items():
        buildx(
            engine, "build", "--load", "--provenance=false", *flags, f"--tag={name}", str(context)
        )
        (context / "Dockerfile").open("a").write(f"ENV NAME={name}\n")
    user.run("volume", "create", "buildlab-volume-of-someone")
    plan = clean.clean(learner, dry_run=True)
    assert "buildlab.local/ours:1" in {r.name for r in plan.removals}
    with user.api() as api:
        assert api.images.get("buildlab.local/ours:1"), "a dry run removes nothing"
    done = clean.clean(learner)
    with user.api() as api:
        tags = {t for image in api.images.list() for t in image.tags}
        assert "buildlab.local/ours:1" not in tags
        foreign = {"buildlab.local/alike:1", "buildlab.local/unlabelled:1"}
        assert foreign <= tags
        assert not [p.lost for p in done.proofs if p.lost]
        assert [r.name for r in done.removals if r.kept] == ["users/renamed:1"]
        assert done.ok, "what the user named is theirs now"
        for name in (*foreign, "users/renamed:1"):
            api.images.remove(name)
        api.volumes.get("buildlab-volume-of-someone").remove()


def test_images_that_the_user_named_are_theirs_alone(
    user: UsersDocker, learner: Settings, engine_packages: Path, tmp_path: Path
) -> None:
    """What is built with -t, or asked for by id, has neither a label nor a tag of ours, and
    `clean` leaves it; what is built without goes."""
    before = user.picture(learner)
    context = busybox(tmp_path / "context", engine_packages)
    typed("build", "-t", "users/mine:1", "--tag=users/mine:2", str(context))
    for word in ("asked", "ours"):
        (context / "Dockerfile").open("a").write(f"ENV NAME={word}\n")
        asked = [f"--iidfile={tmp_path / 'id'}"] if word == "asked" else []
        typed("build", *asked, "--title", "unnamed", str(context))
    ident = (tmp_path / "id").read_text()
    with user.api() as api:
        for name, tags in (("users/mine:1", ["users/mine:1", "users/mine:2"]), (ident, [])):
            image = api.images.get(name)
            assert image.tags == tags
            assert not [label for label in image.labels if "buildlab" in label]
        (ours,) = [i.id for i in api.images.list(filters={"reference": "buildlab.local/unnamed"})]
        done = clean.clean(learner)
        left = {i.id for i in api.images.list(all=True)}
        assert done.ok
        assert ours not in left
        assert {api.images.get("users/mine:2").id, ident} <= left
        for name in ("users/mine:1", "users/mine:2", ident):
            api.images.remove(name)
    assert user.picture(learner) == before


def test_what_the_user_made_of_our_image_is_theirs(
    user: UsersDocker, learner: Settings, engine_packages: Path, tmp_path: Path
) -> None:
    """A container that they run from an image of ours, and an image and container made from it,
    have our labels by inheritance only; `clean` leaves them, and the image that is in use."""
    engine = engines.current()
    context = busybox(tmp_path / "context", engine_packages)
    typed("build", "--title", "base", str(context))
    name = f"buildlab.local/base:{engine.session}"
    user.run("run", "--detach", "--name", "users-trial", name, "sleep", "100000")
    user.run("create", "--name", "users-rest", name, "true")
    (context / "Dockerfile").write_text(f"FROM {name}\nENV X=1\n")
    user.run("build", "--tag", "users/derived:1", str(context))
    user.run("run", "--detach", "--name", "users-derived", "users/derived:1", "sleep", "100000")
    with user.api() as api:
        leftover = api.containers.create(
            "users/derived:1", labels=owned.container_labels(engine.session)
        )
        before = {c.name: c.status for c in api.containers.list(all=True)}
        done = clean.clean(learner)
        after = {c.name: c.status for c in api.containers.list(all=True)}
        assert done.ok, done
        theirs = ("users-trial", "users-rest", "users-derived", "users-db")
        assert {n: after.get(n) for n in theirs} == {n: before[n] for n in theirs}
        assert leftover.name not in after, "the kit's own container goes"
        kept = {r.name: r.kept for r in done.removals if r.kept}
        assert kept.keys() == {name, "users/derived:1"}
        assert "others use it" in kept[name]
        for container in theirs[:3]:
            api.containers.get(container).remove(force=True)
        api.images.remove("users/derived:1")
        clean.clean(learner)
        assert not api.images.list(filters={"reference": "buildlab.local/base"})


def test_clean_looks_again_right_before_it_removes(
    user: UsersDocker, learner: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What loses its label between the list and the removal stays."""
    engines.current()
    real = inventory.again

    def stripped(api: docker.DockerClient, item: inventory.Item) -> inventory.Item | None:
        now = real(api, item)
        if now is None or item.kind != "volume":
            return now
        return inventory.Item(now.kind, now.id, now.name)

    monkeypatch.setattr(inventory, "again", stripped)
    done = clean.clean(learner)
    kept = [r for r in done.removals if r.what == "volume"]
    assert kept
    assert all("label" in r.kept for r in kept)
    assert not done.ok
    monkeypatch.undo()


def test_a_name_taken_by_others_is_left_alone(user: UsersDocker, learner: Settings) -> None:
    """A container of our builder's name that isn't ours is named, not removed."""
    name = f"buildx_buildkit_buildlab-{existing.owner_of(learner)}0"
    user.run("create", "--name", name, "users/app:1", "true")
    try:
        with pytest.raises(EngineError, match="not ours"):
            engines.current()
        clean.clean(learner)
        assert name in user.run("ps", "--all")
    finally:
        user.run("rm", name)


def test_buildkit_that_cannot_be_pulled_is_named(
    user: UsersDocker, learner: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where BuildKit's image is out of reach, message and hint say so, and nothing is left."""
    before = user.picture(learner)
    monkeypatch.setenv("BUILDLAB_BUILDKIT_IMAGE", "localhost:1/not/there:1")
    with pytest.raises(EngineError, match=r"localhost:1/not/there:1") as caught:
        engines.current()
    assert "BUILDLAB_BUILDKIT_IMAGE" in caught.value.hint
    assert user.picture(learner) == before


def test_a_builder_by_name_is_used_as_it_is(
    user: UsersDocker, learner: Settings, engine_packages: Path, tmp_path: Path
) -> None:
    """`--builder team` builds on the user's builder; their configuration stays as it was."""
    before = user.picture(learner).files
    context = busybox(tmp_path / "context", engine_packages)
    with engines.engine(builder="team") as engine:
        assert (engine.kind, engine.info.driver) == ("remote", "docker-container")
        assert not engine.can.reach_us, "its container has a loopback of its own"
        assert engine.info.buildkit_version == recipe.VERSION[1:]
        told = buildx(engine, "build", "--output=type=cacheonly", str(context))
        assert "team" in told
        assert "Total" in buildx(engine, "du")
    assert user.picture(learner).files == before


def test_builders_that_cannot_be_used_are_explained(
    learner: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown builder lists those there are; the user's own default one is refused."""
    with pytest.raises(UsageError, match="there are: team"), engines.engine(builder="nope"):
        pass
    with pytest.raises(UsageError, match="fill your cache"), engines.engine(builder="default"):
        pass
    monkeypatch.setenv("BUILDLAB_BUILDER", "team")
    monkeypatch.setenv("BUILDLAB_ENGINE", "auto")
    assert engines.choice().kind == "remote"
    with pytest.raises(EngineError, match="fresh"), engines.engine(fresh=True):
        pass


def test_pasted_variables_do_not_lead_back_into_the_kit(
    learner: Settings, user: UsersDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `eval "$(./lab env)"` the same engine and the user's own configuration are found."""
    first = engines.current()
    for name, value in first.env.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    engines.forget()
    assert engines.current().env == first.env
    assert (Path(first.env["DOCKER_CONFIG"] or "") / "config.json").read_text()


def test_credentials_are_seen_and_nothing_is_written_beside_them(
    learner: Settings, user: UsersDocker
) -> None:
    """Our DOCKER_CONFIG holds the user's config.json as a link; buildx's own files lie with us."""
    engine = engines.current()
    config = Path(engine.env["DOCKER_CONFIG"] or "") / "config.json"
    assert config.is_symlink()
    assert config.samefile(user.home / ".docker/config.json")
    buildx(engine, "ls")


def test_the_doctor_finds_nothing_wrong(
    user: UsersDocker, learner: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All acts of the course work with a builder of ours in the user's Docker, base images
    included; afterwards the Docker is as it was."""
    before = user.picture(learner)
    nearby(user, monkeypatch)
    report = doctor.examine()
    assert [f for f in report.findings if f.result is doctor.Result.FAULT] == []
    done = {f.check: f.result for f in report.findings}
    for act in ("two steps", "compile and run", "cache mount", "secret", "registry cache"):
        assert done[act] is doctor.Result.OK, act
    assert clean.clean(learner).ok
    assert user.picture(learner) == before
    assert not learner.home.exists(), "the whole kit has been at work: each of its files is known"


def nearby(user: UsersDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start "this machine's" registry where the user's Docker is: in a network of its own here."""

    start = registry_server.process

    def beside(
        engine: Engine, program: Path, storage: Path, port: int
    ) -> AbstractContextManager[str]:
        return start(replace(engine, netns_pid=user.instance.init_pid), program, storage, port)

    monkeypatch.setattr(registry_server, "process", beside)


def test_an_image_that_the_kit_pulled_goes_with_it(
    user: UsersDocker, learner: Settings, engine_packages: Path, tmp_path: Path
) -> None:
    """What was not there before us is removed by `clean`, but not while others use it."""
    engine = engines.current()
    with user.api() as api:
        for name in ("pulled/unused:1", "pulled/used:1"):
            user.run("build", "--tag", name, f"--label=name={name}", str(user.home.parent / "app"))
            image = api.images.get(name)
            existing.note_pulled(learner, engine, name, str(image.id))
        used = api.containers.create("pulled/used:1", ["true"])
        done = clean.clean(learner)
        kept = {r.name: r.kept for r in done.removals if r.kept}
        assert list(kept) == ["pulled/used:1 (pulled by us)"]
        assert "others use it" in kept["pulled/used:1 (pulled by us)"]
        assert done.ok
        used.remove()
        api.images.remove("pulled/used:1")
        assert not [t for i in api.images.list() for t in i.tags if t.startswith("pulled/")]


def test_the_commands_say_what_they_do(user: UsersDocker, learner: Settings) -> None:
    """`engine start`, `status`, `stop`, `reset`, `env` and `clean` as typed, one after another."""
    assert "running" in typed("engine", "start")
    state = json.loads(typed("engine", "status", "--json"))
    assert state["running"]
    assert state["address"] == user.address
    assert state["uptime_s"] >= 0
    assert state["cache_bytes"] is not None
    assert "DOCKER_HOST" in typed("engine", "status")
    shell = (
        'eval "$(%s -m buildlab env)" && docker buildx inspect && docker ps --format "{{.Names}}"'
    )
    said = subprocess.run(
        ["bash", "-c", shell % sys.executable], capture_output=True, text=True, check=True,
        timeout=60,
    ).stdout  # fmt: skip
    assert said.split()[:2] == ["Name:", f"buildlab-{existing.owner_of(learner)}"]
    assert "users-db" in said
    assert "Stopped" in typed("engine", "stop")
    assert "not running" in typed("engine", "stop")
    assert not json.loads(typed("engine", "status", "--json"))["running"]
    assert "buildx_buildkit_buildlab" in typed("engine", "reset")
    typed("engine", "start")
    plan = typed("clean", "--dry-run")
    assert "Would remove" in plan
    assert learner.home.is_dir()
    done = json.loads(typed("clean", "--json"))
    assert done["ok"]
    assert {p["what"] for p in done["proofs"]} >= {"containers", "images", "volumes", "files"}
    assert not learner.home.exists()
    assert "Nothing" in typed("clean", "--yes")


def typed(*arguments: str) -> str:
    """What a buildlab command prints; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "buildlab", *arguments], capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
