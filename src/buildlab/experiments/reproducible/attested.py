"""What an image tells about itself: the linker's list, an SBOM, the provenance of its build."""

from __future__ import annotations

import base64
import json
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildlab.artifact import oci
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import engine
from buildlab.record.model import BuildRecord
from buildlab.services.registry import registry

HERE = Path(__file__).parent
FOLDER = HERE / "attested"
LINKED, REQUIRED = "github.com/rivo/uniseg", "github.com/go-chi/chi/v5"
"""Of the two modules in go.mod, the one that the program imports and the one that it doesn't."""
SPDX = "https://spdx.dev/Document"
IMAGES: Mapping[str, str] = {
    "scratch": "plain",
    "scratch, -s -w": "stripped",
    "debian-slim": "debian",
    "debian-slim, without its package database": "blind",
}
MODES = ("mode=min", "mode=max")
HELD = (
    "the base image's digest",
    "the Dockerfile's text",
    "the value of a build argument",
    "the commands that ran",
)


@dataclass
class _Images:
    """Builds stages of the recipe to files, with what is attached to them."""

    tree: Workspace
    out: Path
    salt: str = field(default_factory=lambda: f"salt-{secrets.token_hex(8)}")
    records: dict[str, BuildRecord] = field(default_factory=dict)

    def make(self, title: str, stage: str, *flags: str) -> oci.OciImage:
        path = self.out / f"{len(self.records)}.tar"
        output = f"--output=type=oci,dest={path}"
        self.build(title, stage, output, *flags)
        return oci.read(path)

    def build(self, title: str, stage: str, *flags: str) -> None:
        salt = f"--build-arg=SALT={self.salt}"
        record = build(
            self.tree, f"--target={stage}", salt, *flags, title=title, output="none"
        ).require_ok()
        self.records[title] = record


@contextmanager
def _images() -> Iterator[_Images]:
    with workspace(FOLDER) as tree, tempfile.TemporaryDirectory() as out:
        yield _Images(tree, Path(out))


@experiment()
def listed() -> Runs:
    """An SBOM of each of `IMAGES`, written by a generator that the experiment builds itself.

    Rows: how many Debian packages and Go modules each SBOM names. Facts: which module is named,
    and whether an attestation changes the image it is attached to.
    """
    rows: list[Row] = []
    facts: dict[str, Fact] = {}
    with engine() as lab, _images() as images, registry(lab) as shop:
        generator = f"{shop.address}/generator:1"
        images.build("generator", "generator", "--push", f"--tag={generator}")
        for name, stage in IMAGES.items():
            made = images.make(name, stage, f"--attest=type=sbom,generator={generator}")
            packages = made.attestations[SPDX]["predicate"]["packages"] or []
            rows.append({"image": name, **_counted(packages)})
            modules = {str(p["name"]) for p in packages if p["sourceInfo"] == "go"}
            facts[f"{name}: the linked module is named"] = LINKED in modules
            facts[f"{name}: the unused module of go.mod is named"] = REQUIRED in modules
        bare = images.make("without attestation", "plain")
        same = images.make("with an SBOM", "plain", f"--attest=type=sbom,generator={generator}")
    facts["an SBOM changes the image's own manifest"] = bare.manifest_digest != same.manifest_digest
    facts["an SBOM changes the digest that the tag gets"] = bare.digest != same.digest
    facts |= _build_info(images.records)
    return Runs(images.records, facts, rows=tuple(rows))


def _counted(packages: list[dict[str, Any]]) -> dict[str, Fact]:
    sources = [p["sourceInfo"] for p in packages]
    go = next((str(p["versionInfo"]) for p in packages if p["name"] == "stdlib"), "")
    return {
        "Debian packages": sources.count("dpkg"),
        "Go modules": sources.count("go") - bool(go),
        "Go version": "yes" if go else "no",
    }


def _build_info(records: Mapping[str, BuildRecord]) -> dict[str, Fact]:
    """What `go version -m` printed of the stripped program."""
    text = "\n".join(record.output for record in records.values())
    return {
        "go version -m names the linked module, after -s -w": LINKED in text,
        "go version -m names the flags of the build": "CGO_ENABLED=0" in text,
    }


@experiment()
def provenance() -> Runs:
    """The provenance of one build, in both modes, attached to its image.

    Rows: what each holds, as yes or no. Facts: the same as sentences.
    """
    rows: list[Row] = []
    with engine(), _images() as images:
        for mode in MODES:
            made = images.make(mode, "stripped", f"--attest=type=provenance,{mode}")
            statement = next(s for t, s in made.attestations.items() if "slsa.dev" in t)
            rows.append({"mode": mode, **_held(statement, images)})
    facts: dict[str, Fact] = {
        f"{row['mode']} holds {what}": held == "yes"
        for row in rows
        for what, held in row.items()
        if what != "mode"
    }
    return Runs(images.records, facts, rows=tuple(rows))


def _held(statement: Mapping[str, Any], images: _Images) -> dict[str, Fact]:
    """What can be read in a provenance, its base64 parts included."""
    text = _readable(json.dumps(statement))
    found = (
        bool(re.search(r"golang.{0,400}[0-9a-f]{64}", text, re.DOTALL)),
        "AS generator" in text,
        images.salt in text,
        '"go version -m /stripped/app"' in text,
    )
    return {what: "yes" if seen else "no" for what, seen in zip(HELD, found, strict=True)}


def _readable(text: str) -> str:
    """The text, followed by what its base64 strings say."""
    parts = [text]
    for encoded in re.findall(r'"([A-Za-z0-9+/]{40,}={0,2})"', text):
        try:
            parts.append(base64.b64decode(encoded, validate=True).decode("utf-8", "replace"))
        except ValueError:
            continue
    return "\n".join(parts)


def held(runs: Runs) -> set[tuple[str, str]]:
    """The cells of `provenance` that say yes: (mode, what)."""
    return {
        (str(row["mode"]), what) for row in runs.rows for what, word in row.items() if word == "yes"
    }


def which_named(facts: Mapping[str, Fact]) -> str:
    """Which modules the SBOM of the stripped program names, as one of the lesson's answers."""
    linked = facts["scratch, -s -w: the linked module is named"]
    unused = facts["scratch, -s -w: the unused module of go.mod is named"]
    return "both" if linked and unused else "the imported one" if linked else "no module"


def sentences(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """The facts of `listed` that are about no single image."""
    return {name: fact for name, fact in facts.items() if ": the " not in name}
