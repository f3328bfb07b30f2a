"""Layers from Debian packages: one run of mmdebstrap makes all of them.

It makes a minimal system, which is kept as an archive (the slim layer), and then installs what
the published Go image has on top. The second layer is what differs, and the files of the static
image are taken from the same tree, so no package is fetched twice.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from buildlab.engine.images.archive import SUITE, Archive, Tools
from buildlab.engine.images.layers import EPOCH, LayerStore
from buildlab.engine.images.steps import MARK, Steps
from buildlab.engine.images.trees import Fingerprint, image_entry, is_static
from buildlab.engine.packages import able
from buildlab.errors import BuildlabError, DiskFull, EngineError, no_space
from buildlab.host import private
from buildlab.host.beside import Stopped
from buildlab.host.process import terminate
from buildlab.host.settings import tool_env
from buildlab.host.watchdog import Watchdog

Progress = Callable[[str], None]

PACKAGES = (
    *("ca-certificates", "curl", "gcc", "git", "libc6-dev", "make", "media-types", "netbase"),
    *("openssh-client", "pkg-config", "procps", "tzdata"),
)
SLIM, GO_TOOLS, STATIC_FILES = "debian-slim", "go-tools", "static"
LAYERS = (SLIM, GO_TOOLS, STATIC_FILES)

_ENDING_S = 10.0
"""How long mmdebstrap may take to remove what it made, where this process is killed."""

KEEP = (
    """tar -C "$1" --one-file-system --numeric-owner --exclude='./var/cache/apt/*'"""
    """ --exclude='./var/lib/apt/lists/*' --exclude='./dev/shm/*' -cf '{file}' ."""
)
"""mmdebstrap shows the machine's /dev/shm inside. Where the tree itself grows there, that is the
same file system: other files of the machine's, and another set-up's tree while it changes."""
_INSTALL = (
    'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -y -q --no-install-recommends'
    ' -o DPkg::Chroot-Directory="$1" -o APT::Sandbox::User=root install {packages} >&2'
    ' && rm -rf "$1/var/cache/apt/archives" "$1/var/lib/apt/lists"'
)


@dataclass(slots=True)
class Bootstrap:
    """One run of mmdebstrap. `recipe` is the package's data; the tree grows in `scratch`."""

    store: LayerStore
    key: str
    work: Path
    scratch: Path
    recipe: Path
    archive: Archive
    progress: Progress

    def run(self, tools: Tools) -> None:
        """Make the three layers. Raises EngineError with mmdebstrap's last words, DiskFull."""
        process = subprocess.Popen(
            self._argv(tools),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._env(tools),
            umask=0o022,  # what is in an image is for all who run it
            process_group=0,  # what it has started ends with it: asked alone, it waits for that
        )
        assert process.stdin and process.stdout and process.stderr
        slim: Future[dict[str, Fingerprint]] = Future()
        with process, Watchdog(-process.pid, _ENDING_S), ThreadPoolExecutor(1) as watcher:
            log = watcher.submit(self._watch, process.stderr, slim)
            try:
                if self.archive.debian:
                    process.stdin.write(self.archive.one_line(tools.keyring).encode())
                process.stdin.close()
                self._write_rest(process.stdout, slim.result())
            except (tarfile.TarError, OSError) as error:
                terminate(process.pid)
                raise _fault(log.result(), error) from error
            except BaseException:
                terminate(process.pid)  # it unmounts and removes its own folder
                process.stdout.close()  # a child of its that still writes ends, and its log with it
                raise
        if process.returncode:
            raise _fault(log.result(), None)

    def _argv(self, tools: Tools) -> list[str]:
        mode = "root" if os.geteuid() == 0 else "unshare"
        options = self.recipe / "debian-slim/etc/dpkg/dpkg.cfg.d"
        hooks = [
            '--extract-hook=mkdir -p "$1/etc/dpkg/dpkg.cfg.d"',
            *(
                f"--extract-hook=copy-in '{file}' /etc/dpkg/dpkg.cfg.d"
                for file in sorted(options.iterdir())
            ),
            f"--customize-hook={KEEP.format(file=self.scratch / 'slim.tar')}",
            f"--customize-hook=echo '{MARK}' >&2",
            f"--customize-hook={_INSTALL.format(packages=' '.join(PACKAGES))}",
        ]
        fixed = ["--variant=minbase", "--format=tar", '--aptopt=Acquire::Languages "none"']
        fixed += [] if self.archive.debian else [f"--keyring={tools.keyring}"]
        source = ["-"] if self.archive.debian else []
        mmdebstrap = (*_own_mounts(), str(tools.mmdebstrap))
        return [*mmdebstrap, f"--mode={mode}", *fixed, *hooks, SUITE, "-", *source]

    def _env(self, tools: Tools) -> Mapping[str, str]:
        path = f"{tools.mmdebstrap.parent}{os.pathsep}{tool_env()['PATH']}:/usr/sbin:/sbin"
        return tool_env(PATH=path, SOURCE_DATE_EPOCH=str(EPOCH), TMPDIR=str(self.scratch))

    def _watch(self, stderr: IO[bytes], slim: Future[dict[str, Fingerprint]]) -> list[str]:
        """Read what mmdebstrap says; write the slim layer once its archive is complete."""
        log: list[str] = []
        steps = Steps(self.progress)
        with ThreadPoolExecutor(1) as pool:
            for raw in stderr:
                log.append(raw.decode(errors="replace").rstrip())
                if log[-1] == MARK:
                    pool.submit(self._write_slim).add_done_callback(
                        lambda done: _pass_on(done, slim)
                    )
                with suppress(Stopped):  # whoever stops this ends mmdebstrap, which says so here
                    steps.heard(log[-1])
        if not slim.done():
            slim.set_exception(OSError("the minimal system was not completed"))
        private.write(self.work.parent / "debian.log", "\n".join(log))
        return log

    def _write_slim(self) -> dict[str, Fingerprint]:
        """The slim layer, from the archive that the first hook wrote. Returns what is in it."""
        index: dict[str, Fingerprint] = {}
        made = self.store.make(SLIM, self.key, f"mmdebstrap --variant=minbase {SUITE}")
        path = self.scratch / "slim.tar"
        with made as layer, tarfile.open(path) as tree:
            entries = [e for e in tree if image_entry(e, installing=True)]
            # hard links after what they link to; else by name, since tar keeps no order
            for entry in sorted(entries, key=lambda e: (e.islnk(), e.name)):
                data = _content(tree, entry)
                index[entry.name] = Fingerprint.of(entry, data)
                layer.entry(entry, io.BytesIO(data))
            layer.tree(self.recipe / "debian-slim")
            layer.file(*self._apt_source(tree))
        path.unlink()
        return index

    def _apt_source(self, tree: tarfile.TarFile) -> tuple[str, bytes]:
        """Path and content of the image's apt source: ours, or the one mmdebstrap chose."""
        if self.archive.debian:
            return "etc/apt/sources.list.d/debian.sources", self.archive.stanzas().encode()
        chosen = _content(tree, tree.getmember("etc/apt/sources.list"))
        return "etc/apt/sources.list", re.sub(rb"\[[^\]]*\] ", b"", chosen)

    def _write_rest(self, stdout: IO[bytes], slim: Mapping[str, Fingerprint]) -> None:
        """The layer on top of the slim one, and the static image's files, in one pass."""
        static: list[tuple[tarfile.TarInfo, bytes]] = []
        made_by = f"apt-get install {' '.join(PACKAGES)}"
        made = self.store.make(GO_TOOLS, self.key, made_by)
        with made as layer, tarfile.open(fileobj=stdout, mode="r|") as tree:
            for entry in tree:
                if image_entry(entry, installing=False) is None:
                    continue
                data = _content(tree, entry)
                known = slim.get(entry.name)  # most are not, and need no digest
                if known is None or known != Fingerprint.of(entry, data):
                    layer.entry(entry, io.BytesIO(data))
                if is_static(entry.name):
                    static.append((entry, data))
        with self.store.make(STATIC_FILES, self.key, "files of tzdata and netbase") as layer:
            for folder, mode, owner in _STATIC_FOLDERS:
                layer.folder(folder, mode, owner)
            for entry, data in static:
                layer.entry(entry, io.BytesIO(data))
            layer.tree(self.recipe / "static")


def _own_mounts() -> tuple[str, ...]:
    """What lets root's mmdebstrap mount where nobody else does, and nothing stay mounted.

    An engine that starts meanwhile would get copies of its mounts, and while one of them is in
    use, mmdebstrap could not unmount its own.
    """
    if os.geteuid() or not able.may_make_namespaces() or not shutil.which("unshare"):
        return ()
    return ("unshare", "--mount")


_STATIC_FOLDERS = (
    *(("etc", 0o755, 0), ("home", 0o755, 0), ("home/nonroot", 0o700, 65532)),
    *(("root", 0o700, 0), ("tmp", 0o1777, 0), ("usr", 0o755, 0), ("usr/share", 0o755, 0)),
    *(("var", 0o755, 0), ("var/tmp", 0o1777, 0)),
)


def _content(tree: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    if not entry.isreg():
        return b""
    file = tree.extractfile(entry)
    return file.read() if file else b""


def _pass_on(done: Future[dict[str, Fingerprint]], waiting: Future[dict[str, Fingerprint]]) -> None:
    if error := done.exception():
        waiting.set_exception(error)
    else:
        waiting.set_result(done.result())


def _fault(log: list[str], error: BaseException | None) -> BuildlabError:
    if no_space(error) or any("No space left" in line for line in log):
        return DiskFull(
            "no space is left for assembling the base images, which needs about 3 GB for a while",
            "free some space, or set BUILDLAB_HOME to a folder on another disk",
        )
    said = [line for line in log if line.startswith(("E:", "W:"))] or log or [str(error)]
    return EngineError(
        "mmdebstrap couldn't assemble a Debian system:\n" + "\n".join(said[-5:]),
        "check the network and the Debian mirror: apt-get update",
    )
