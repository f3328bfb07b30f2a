"""Engines for tests: the shared one of this machine, and private ones that may be broken."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from buildlab import engine as engines
from buildlab.engine.embedded import shared
from buildlab.engine.model import Engine
from buildlab.engine.packages import able, ensuring
from buildlab.host.settings import Settings


@pytest.fixture(scope="session")
def lab_engine() -> Engine:
    """The engine that builds use by default. Shared: never stop, prune or reset it."""
    return engines.current()


@pytest.fixture(scope="session")
def engine_packages() -> Path:
    """The unpacked packages, fetched once. Tests that need them skip where they can't be had."""
    why = able.problems()
    folder = Settings.from_env().paths.packages
    if why and ensuring.present(folder) is None:
        pytest.skip(f"no embedded engine on this machine: {'; '.join(why)}")
    return ensuring.ensure(folder).folder


@pytest.fixture
def new_home(engine_packages: Path, tmp_path: Path) -> Iterator[Callable[[str], Settings]]:
    """Makes private home folders, by name; their engines are removed after the test."""
    made: list[Settings] = []

    def make(name: str = "home") -> Settings:
        made.append(Settings(home=tmp_path / name, packages_dir=engine_packages))
        return made[-1]

    yield make
    for settings in made:
        if settings.home.is_dir():
            shared.reset(settings)


@pytest.fixture
def private(new_home: Callable[[str], Settings]) -> Settings:
    """A home folder of the test's own, packages shared: its engine may be killed."""
    return new_home("home")


@pytest.fixture
def give_images() -> Callable[[Path], None]:
    """Gives a home what this machine has assembled of base images: assembling takes a minute."""
    shared = Settings.from_env().home / "images"

    def give(home: Path) -> None:
        if shared.is_dir():
            shutil.copytree(shared, home / "images", copy_function=os.link)

    return give


@pytest.fixture
def busybox_context(engine_packages: Path, tmp_path: Path) -> Path:
    """A build context that needs no base image: FROM scratch, busybox, one RUN step."""
    folder = tmp_path / "busybox-context"
    folder.mkdir()
    shutil.copy(engine_packages / "bin/busybox", folder / "busybox")
    (folder / "Dockerfile").write_text(
        "FROM scratch\n"
        "COPY busybox /bin/busybox\n"
        'RUN ["/bin/busybox", "--install", "/bin"]\n'
        "RUN date +%s > /stamp\n"
        'CMD ["cat", "/stamp"]\n'
    )
    return folder
