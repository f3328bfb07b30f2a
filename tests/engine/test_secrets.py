"""Each way of giving a secret × each place where it could show up, on a real engine."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from buildlab.artifact.hunt import Hunt
from buildlab.engine.embedded import shared
from buildlab.host.settings import Settings, tool_env
from buildlab.record import store
from buildlab.record.words import describe
from buildlab.show.html import record_html
from buildlab.show.widgets.frame import settled_html

WAYS = (
    *("argument", "argument by variable", "default", "variable", "label", "own label"),
    *("secret file", "secret file, second line", "netrc", "secret by variable"),
    *("id is a variable", "id is a file", "named context", "cache attribute"),
    *("password in a context", "signature in a context", "token in a context"),
)
UNMASKED = (
    "import sys; from buildlab.masking import masker; masker.Masker.spans = lambda s, t: [];"
    "masker._hidden = lambda word: word; from buildlab.cli import main; main(sys.argv[1:])"
)
"""The same program with its masking switched off: shows that the search would have found it."""


@dataclass
class Trial:
    """A kit's folder, its engine, and a value for each way."""

    settings: Settings
    folder: Path
    busybox: Path
    masking: bool = True
    values: dict[str, str] = field(default_factory=dict)
    said: bytes = b""

    def __post_init__(self) -> None:
        self.values = {way: f"{way[:4]}{secrets.token_hex(9)}/+&=" for way in WAYS}
        self.folder.mkdir()
        self._write()

    def _write(self) -> None:
        v, given = self.values, self.folder / "given"
        given.mkdir()
        tree = self.folder / "tree"
        tree.mkdir()
        shutil.copy(self.busybox, tree / "busybox")
        two = f"{v['secret file']}\n{v['secret file, second line']}\n"
        (given / "file").write_text(two)
        (given / "netrc").write_text(f"machine h.test login me password {v['netrc']}\n")
        (self.folder / "id_file").write_text(v["id is a file"])
        names = ("file", "netrc", "BY_VARIABLE", "ID_VARIABLE", "id_file")
        mounts = " ".join(f"--mount=type=secret,id={name}" for name in names)
        (tree / "Dockerfile").write_text(
            "FROM scratch\nCOPY busybox /bin/busybox\n"
            'RUN ["/bin/busybox", "--install", "/bin"]\n'
            f"ARG API_TOKEN\nARG DB_PASSWORD\nARG DEFAULT_TOKEN={v['default']}\n"
            f"ENV SESSION_TOKEN={v['variable']}\nLABEL api.token={v['own label']}\n"
            'RUN echo "$API_TOKEN $DB_PASSWORD"; echo "$DEFAULT_TOKEN" | base64; env\n'
            f"RUN {mounts} cat /run/secrets/*; cat /run/secrets/* | base64; \\\n"
            "    cat /run/secrets/netrc | base64; sed 's/.*password //' /run/secrets/netrc; \\\n"
            '    s=$(head -n 1 /run/secrets/file); printf %.9s "$s"; sleep 0.5; \\\n'
            '    echo "$s" | cut -c 10-\n'
            "RUN --mount=type=secret,id=file cat /run/secrets/file; test -e /none\n"
        )
        (tree / "quiet.Dockerfile").write_text(
            f"FROM scratch\nCOPY busybox /bin/busybox\nLABEL api.token={v['own label']}\n"
        )
        (tree / "endless.Dockerfile").write_text(
            "FROM scratch\nCOPY busybox /bin/busybox\n"
            'RUN ["/bin/busybox", "--install", "/bin"]\n'
            "ARG API_TOKEN\nARG DB_PASSWORD\n"
            'RUN echo "$API_TOKEN"; echo "$DB_PASSWORD" | base64\n'
            f"RUN {mounts} cat /run/secrets/*; cat /run/secrets/* | base64; echo all-said; \\\n"
            '    echo "$API_TOKEN"; sleep 1000\n'
        )

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        v = self.values
        env = tool_env(
            BUILDLAB_HOME=str(self.settings.home),
            BUILDLAB_PACKAGES=str(self.settings.paths.packages),
            BUILDLAB_ENGINE="embedded",
            BUILDLAB_BUILDER="",
            BUILDLAB_RECORD=str(self.settings.home / "recorded"),
            DB_PASSWORD=v["argument by variable"],
            HIDDEN=v["secret by variable"],
            ID_VARIABLE=v["id is a variable"],
        )
        program = ["-m", "buildlab"] if self.masking else ["-c", UNMASKED]
        return subprocess.Popen(
            [sys.executable, *program, *words],
            cwd=self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *words: str) -> None:
        """A command of the kit's, in the trial's folder; all that it says is kept."""
        with self._start(*words) as process:
            self.said += process.communicate(timeout=120)[0]

    def end(self, how: str) -> int:
        """A build that has shown all it knows, and ends in this way; its exit code."""
        saved = self.folder / f"{how}.json"
        limit = ("--timeout=10",) if how == "time limit" else ()
        words = ("tree", "--file=tree/endless.Dockerfile", "--progress=plain", "--no-cache")
        with self._start(*self._words(*words, *limit, f"--save={saved}")) as process:
            assert process.stdout
            for line in process.stdout:
                self.said += line
                if b"all-said" in line and b"echo" not in line:
                    break
            if how == "interrupt":
                process.send_signal(signal.SIGINT)
            elif how == "client killed":
                below = psutil.Process(process.pid).children()
                next(p for p in below if "buildx" in Path(p.exe()).name).kill()
            elif how == "engine killed":
                running = shared.find(self.settings)
                assert running
                running.init.signal(signal.SIGKILL)
            self.said += process.communicate(timeout=120)[0] + saved.read_bytes()
            return process.returncode

    def build(self, *words: str) -> None:
        self.run(*self._words(*words))

    def _words(self, *words: str) -> tuple[str, ...]:
        v = self.values
        return (
            "build",
            *words,
            *("--build-arg", f"API_TOKEN={v['argument']}", "--build-arg=DB_PASSWORD"),
            *("--label", f"org.test.api-token={v['label']}"),
            *("--secret", "id=file,src=given/file", "--secret=id=netrc,source=given/netrc"),
            *("--secret", "type=env,id=BY_VARIABLE,env=HIDDEN", "--secret", "id=ID_VARIABLE"),
            *("--secret", "id=id_file"),
            f"--build-context=lib=https://me:{quote(v['named context'], safe='')}@h.invalid/x.git",
            f"--cache-to=type=inline,secret_access_key={v['cache attribute']}",
        )

    def everything(self) -> None:
        """Builds that end in each way, and the records as every form that shows them."""
        v = {way: quote(value, safe="") for way, value in self.values.items()}
        user = f"me:{v['password in a context']}"
        self.build("tree", "--file=tree/quiet.Dockerfile", "--title", f"x {self.values['label']}")
        self.build("tree")
        self.run(
            "build", f"https://{user}@h.invalid/c.tgz?X-Amz-Signature={v['signature in a context']}"
        )
        self.run("build", f"https://{v['token in a context']}@h.invalid/c.git#main")
        self.run("build", "tree", "--file", f"https://{user}@h.invalid/Dockerfile")
        self.run("build", f"/none/{user}@h.invalid/c.git?token={v['signature in a context']}")
        self.run("show", "last~1")
        for path in sorted(self.settings.paths.records.glob("*.json")):
            record = store.load(path)
            self.said += path.read_bytes()
            shown = (record_html(record), settled_html(record, whole=True), describe(record))
            self.said += "".join(shown).encode()

    def found(self) -> Mapping[str, str]:
        """Ways whose value is in what was said or written, raw, as base64 or percent-encoded."""
        coded = {f"{way} (percent)": quote(v, safe="") for way, v in self.values.items()}
        search = Hunt({**self.values, **coded})
        places = {**search.in_bytes(self.said, "output")}
        data = self.settings.paths.engine / "data"
        for folder, inner, names in os.walk(self.settings.home):
            here = Path(folder)
            inner[:] = [n for n in inner if here / n != data]
            files = [here / n for n in names if (here / n).is_file()]
            places = {**search.in_files(files, self.settings.home), **places}
        return {way.removesuffix(" (percent)"): place for way, place in places.items()}

    def images(self) -> bytes:
        engine = shared.ensure(self.settings)
        done = subprocess.run(
            [*engine.cli, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"],
            env=engine.child_env(),
            capture_output=True,
            check=True,
        )
        return done.stdout


@pytest.fixture
def trial(private: Settings, engine_packages: Path, tmp_path: Path) -> Callable[[bool], Trial]:
    """Makes a trial on an engine of its own, with masking or without."""
    shared.ensure(private)
    busybox = engine_packages / "bin/busybox"
    return lambda masking: Trial(private, tmp_path / f"masking-{masking}", busybox, masking)


def test_no_secret_is_written_or_shown(trial: Callable[[bool], Trial]) -> None:
    """No way of giving a secret lets it into records, recordings, output, pages, logs, image names
    or what buildx notes; with masking off, the same search finds every one."""
    masked = trial(True)
    masked.everything()
    images = masked.images()
    assert masked.found() == {}
    assert b"***masked***" in masked.said
    assert b"the engine's own history still has" in masked.said
    assert not [v for v in masked.values.values() if v[4:22].encode() in images]
    records = [json.loads(p.read_bytes()) for p in masked.settings.paths.records.glob("*.json")]
    assert {r["exit_code"] == 0 for r in records} == {True, False}
    logs = "".join(line["text"] for r in records for s in r["steps"] for line in s["logs"])
    assert logs.count("***masked***") > len(WAYS) // 2

    naked = trial(False)
    naked.everything()
    assert set(naked.found()) == set(WAYS)


ENDINGS = {"interrupt": 130, "time limit": 6, "client killed": 3, "engine killed": 3}
SHOWN = {"argument", "argument by variable", "secret file", "netrc", "secret by variable"}


def test_no_secret_is_left_by_a_build_that_was_ended(trial: Callable[[bool], Trial]) -> None:
    """Interrupted, out of time, its client or its engine killed: nothing of what the build had
    shown until then is in the terminal, the record, the saved file or the home; with masking off
    the same search finds it."""
    masked = trial(True)
    assert {how: masked.end(how) for how in ENDINGS} == ENDINGS
    assert masked.found() == {}
    assert masked.said.count(b"all-said") > len(ENDINGS)
    assert len(list(masked.settings.paths.records.glob("*.json"))) == len(ENDINGS)

    naked = trial(False)
    naked.end("interrupt")
    assert naked.found().keys() >= SHOWN
