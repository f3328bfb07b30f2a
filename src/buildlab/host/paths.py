"""Where things lie: the layout of the home folder, and socket folders that are short enough."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from buildlab.errors import EngineError
from buildlab.host.ours import Ours

# A unix socket's address holds 108 bytes with its final NUL; the longest name in the folder
# is "docker.sock".
_LONGEST_SOCKET_FOLDER = 107 - len("/docker.sock")


@dataclass(frozen=True, slots=True)
class Home:
    """The layout of BUILDLAB_HOME. Nothing is created by asking for a path."""

    root: Path
    packages_dir: Path | None = None

    @property
    def engine(self) -> Path:
        """State of the shared embedded engine: data, log, socket."""
        return self.root / "engine"

    @property
    def packages(self) -> Path:
        """Unpacked packages: `root/`, `bin/`, `versions.json`."""
        return self.packages_dir or self.root / "packages"

    @property
    def fresh(self) -> Path:
        """State of fresh engines, one folder each, gone with them."""
        return self.root / "fresh"

    @property
    def templates(self) -> Path:
        """Data folders that hold base images only, which fresh engines start from."""
        return self.root / "templates"

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def modules(self) -> Path:
        """Go modules as a module proxy serves them, for builds without internet."""
        return self.root / "modules"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def records(self) -> Path:
        return self.root / "records"

    @property
    def buildx(self) -> Path:
        """BUILDX_CONFIG of every build on a shared engine."""
        return self.root / "buildx"

    @property
    def docker_config(self) -> Path:
        """DOCKER_CONFIG of every child process: the user's own is neither read nor written."""
        return self.root / "docker-config"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @property
    def contexts(self) -> Path:
        """Links to the folders that are built, and what is remembered of their files."""
        return self.root / "contexts"

    @property
    def docker(self) -> Path:
        """What the kit has in each Docker of the user's."""
        return self.root / "docker"

    @property
    def builders(self) -> Path:
        """What the kit has for each builder that was named."""
        return self.root / "builders"

    @property
    def registries(self) -> Path:
        return self.root / "registries"

    @property
    def ours(self) -> Ours:
        """What the kit made here."""
        return Ours(self.root)

    def file(self, name: str) -> Path:
        """Where a file of ours of this name goes in the home. Raises as `make` does."""
        self.make(self.root)
        return self.ours.file(name)

    def make(self, folder: Path) -> Path:
        """`folder`, made private and known as ours where it isn't there (see `ours`).

        Raises EngineError, naming BUILDLAB_HOME, where it can't be.
        """
        try:
            self.ours.make(folder)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied", str(folder))
        except OSError as error:
            raise EngineError(
                f"can't write to {error.filename or folder}: {error.strerror}",
                "set BUILDLAB_HOME to a folder that you may write to: "
                "export BUILDLAB_HOME=/path/to/folder",
            ) from error
        return folder


def short_hash(path: Path) -> str:
    """Eight hexadecimal digits that stand for `path` in names outside the home folder."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:8]


def socket_folder(state: Path) -> Path:
    """Where the sockets of the engine with this state folder lie.

    Inside the state folder where the address fits into 108 bytes, else a short one that is
    private to this state folder.
    """
    inside = state / "sock"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_FOLDER:
        return inside
    base = Path("/run") if os.access("/run", os.W_OK) else Path("/tmp")
    return base / f"buildlab-{short_hash(state)}"
