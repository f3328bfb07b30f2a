"""Fresh engines: base images there, cache empty, gone without a trace."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from buildlab import engine as engines
from buildlab.engine.embedded import instance, leftovers, shared
from buildlab.engine.embedded.fresh import fresh
from buildlab.engine.model import Engine
from buildlab.host.process import wait_until
from buildlab.host.settings import Settings
from tests.engine.traces import Host, Traces

LIMIT_S = 60


def run(engine: Engine, *argv: str) -> str:
    done = subprocess.run(
        argv, env=engine.child_env(), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def base_image(private: Settings, busybox_context: Path, tmp_path: Path) -> Path:
    """A base image as an archive."""
    engine = shared.ensure(private)
    run(engine, *engine.buildx, "build", "--load", "--tag=base:1", str(busybox_context))
    archive = tmp_path / "base.tar"
    run(engine, *engine.cli, "image", "save", "--output", str(archive), "base:1")
    return archive


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A build that changes, removes and adds files of the base image."""
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(
        "FROM base:1\nRUN date > /stamp; chmod 700 /bin; rm /bin/vi; echo new > /bin/new\n"
    )
    return folder


def build(engine: Engine, context: Path) -> str:
    return run(
        engine, *engine.buildx, "build", "--progress=plain", "--load", "--tag=built", str(context)
    )


def instance_of(settings: Settings, engine: Engine) -> instance.Instance:
    """The instance behind a fresh engine."""
    found = [instance.attach(folder) for folder in settings.paths.fresh.iterdir()]
    return next(i for i in found if i is not None and i.init_pid == engine.netns_pid)


def tree_digest(folder: Path) -> str:
    """Over names, modes, sizes, times and contents."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        facts = path.lstat()
        digest.update(f"{path} {facts.st_mode} {facts.st_size} {facts.st_mtime_ns}\n".encode())
        if path.is_file() and not path.is_symlink():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def test_has_the_images_and_no_cache(private: Settings, base_image: Path, context: Path) -> None:
    """A fresh engine holds the base images, no build cache, and nothing that others built."""
    for _ in range(2):
        with fresh(private, [base_image]) as engine:
            assert engine.fresh
            names = run(engine, *engine.cli, "image", "ls", "--format={{.Repository}}")
            assert names.split() == ["base"]
            assert run(engine, *engine.buildx, "du", "--format={{.ID}}").strip() == ""
            assert "CACHED" not in build(engine, context)
            assert "CACHED" in build(engine, context)


def test_is_up_quickly(private: Settings, base_image: Path) -> None:
    """Once its base images are prepared, a fresh engine is up within seconds."""
    with fresh(private, [base_image]):
        pass
    began = time.monotonic()
    with fresh(private, [base_image]):
        assert time.monotonic() - began < 5


def test_gone_without_a_trace(
    private: Settings, base_image: Path, context: Path, engine_packages: Path
) -> None:
    """After the block the host is as before, even where a container still ran."""
    with fresh(private, [base_image]):
        pass
    before = Host.now(engine_packages, private.home)
    with fresh(private, [base_image]) as engine:
        build(engine, context)
        run(engine, *engine.cli, "run", "--detach", "built", "sleep", "600")
        traces = Traces.of(instance_of(private, engine))
        assert traces.left()
    assert traces.left() == []
    assert Host.now(engine_packages, private.home) == before
    assert list(private.paths.fresh.iterdir()) == []


def test_template_never_changes(private: Settings, base_image: Path, context: Path) -> None:
    """What is built, changed and pruned in a fresh engine leaves no mark on the next."""
    with fresh(private, [base_image]):
        pass
    before = tree_digest(private.paths.templates)
    with fresh(private, [base_image]) as engine:
        build(engine, context)
        run(engine, *engine.cli, "run", "built", "sh", "-c", "rm -r /bin")
        run(engine, *engine.cli, "system", "prune", "--all", "--force", "--volumes")
    assert tree_digest(private.paths.templates) == before
    with fresh(private, [base_image]) as engine:
        assert "CACHED" not in build(engine, context)


def test_two_at_once(private: Settings, base_image: Path, context: Path) -> None:
    """Two fresh engines at once have names, caches and sessions of their own."""
    with fresh(private, [base_image]) as one, fresh(private, [base_image]) as two:
        assert one.session != two.session
        assert "CACHED" not in build(one, context)
        assert "CACHED" not in build(two, context)
        stays = instance_of(private, one)
    assert not stays.init.alive()


def test_new_images_make_a_new_template(private: Settings, base_image: Path, context: Path) -> None:
    """Another set of base images makes another template; the unused one is deleted."""
    with fresh(private, [base_image]) as engine:
        build(engine, context)
        other = base_image.with_name("other.tar")
        run(engine, *engine.cli, "image", "save", "--output", str(other), "built")
    with fresh(private, [base_image, other]) as engine:
        names = run(engine, *engine.cli, "image", "ls", "--format={{.Repository}}")
        assert sorted(names.split()) == ["base", "built"]
    assert len(list(private.paths.templates.iterdir())) == 1


def test_ends_with_its_owner(private: Settings) -> None:
    """When the owner is killed, its fresh engine ends by itself; the next one clears its files."""
    code = (
        "import time; from buildlab.engine.embedded.fresh import fresh\n"
        "with fresh() as engine: print(engine.netns_pid, flush=True); time.sleep(600)"
    )
    env = {
        **os.environ,
        "BUILDLAB_HOME": str(private.home),
        "BUILDLAB_PACKAGES": str(private.paths.packages),
    }
    owner = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline().strip().isdigit()
    (folder,) = private.paths.fresh.iterdir()
    running = instance.attach(folder)
    assert running is not None
    traces = Traces.of(running)
    os.kill(owner.pid, signal.SIGKILL)
    owner.communicate(timeout=LIMIT_S)
    assert wait_until(lambda: not running.init.alive(), LIMIT_S)
    leftovers.sweep(private.paths)
    assert traces.left() == []
    assert list(private.paths.fresh.iterdir()) == []


def test_fault_inside_the_block(new_home: Callable[[str], Settings]) -> None:
    """A fault inside the block ends the engine, too, and is passed on as it is."""
    settings = new_home("faulty")
    with pytest.raises(ZeroDivisionError), fresh(settings) as engine:
        running = instance_of(settings, engine)
        raise ZeroDivisionError
    assert not running.init.alive()


def test_blocks_name_the_engine_that_builds_use(lab_engine: Engine) -> None:
    """Inside `engine(...)` builds use that one, and afterwards the outer one again."""
    with engines.engine() as outer:
        assert engines.current() is outer
        with engines.engine(fresh=True) as runner:
            assert engines.current() is runner
            assert runner.fresh
            assert (runner.socket, runner.builder) != (lab_engine.socket, lab_engine.builder)
        assert engines.current() is outer
    assert engines.current() == lab_engine
