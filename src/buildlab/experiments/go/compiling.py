"""For the ledger: what Go itself does in a build, with one small program and no network."""

from __future__ import annotations

import io
import secrets
import zipfile
from pathlib import Path

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Runs
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.record.model import BuildRecord

HERE = Path(__file__).parent
MODULES = ("example.test/dep", "example.test/other")
MACHINES = {"003e": "amd64", "00b7": "arm64"}
"""e_machine of an ELF file → GOARCH."""


@experiment()
def toolchain() -> Runs:
    """One build of a program that imports fmt, in the ways that articles speak of.

    Facts are counts of compiled packages, paths, versions and sizes; none is a time.
    """
    with workspace(HERE / "program") as tree:
        for module in MODULES:
            _publish(tree, "proxy", module, ["v1.0.0"])
        _publish(tree, "newer", MODULES[0], ["v1.0.0", "v1.0.1"])
        # In the program itself: BuildKit knows what COPY --from copies by content.
        tree.replace("main.go", '"dev"', f'"dev {secrets.token_hex(4)}"')
        ns = f"buildlab-{secrets.token_hex(4)}"
        record = build(tree, title="one program", output="cache", cache_ns=ns).require_ok()
        other = "amd64" if _said(record)["machine"] == "00b7" else "arm64"
        crossed = build(
            tree,
            "--target=fixed",
            f"--platform=linux/{other}",
            title="another platform",
            output="cache",
            cache_ns=ns,
        )
    return Runs(
        {"one program": record, "another platform": crossed}, _facts(record, crossed, other)
    )


def _facts(record: BuildRecord, crossed: BuildRecord, other: str) -> dict[str, Fact]:
    said = _said(record)
    return {
        "GOCACHE is": said["GOCACHE"],
        "GOMODCACHE is": said["GOMODCACHE"],
        "without HOME, GOCACHE is": said["GOCACHE-without-HOME"],
        "with another HOME, GOCACHE is": said["GOCACHE-other-HOME"],
        "GOCACHE lies below HOME": said["GOCACHE"].startswith("/root/")
        and said["GOCACHE-other-HOME"].startswith("/elsewhere/"),
        "packages compiled by a cold build": int(said["cold"]),
        "packages compiled when nothing changed": int(said["again"]),
        "packages compiled after one edit": int(said["edited"]),
        "packages compiled with other flags": int(said["flags"]),
        "packages compiled without the mount, modules at hand": int(said["no-mount"]),
        "modules fetched by an empty cache": int(said["fetched-first"]),
        "modules fetched after a bump, with the mount": int(said["fetched-with-mount"]),
        "modules fetched after a bump, without the mount": int(said["fetched-without"]),
        "bytes of the program": int(said["bytes-a"]),
        "bytes of the program, -s -w": int(said["bytes-stripped"]),
        "-X main.version sets the version": "version 1.0.0" in said["named"],
        "-X with a misspelt name is an error": "version dev" not in said["misnamed"],
        "the folder of a module names its version": "@v1.0.0" in said["folder"],
        "version used before a new patch": said["version-first"],
        "version used after a new patch": said["version-second"],
        "the new patch is published": "v1.0.1" in said["known"],
        "vendor/ builds without a proxy": said.get("vendor") == "works",
        "without vendor/, it builds without a proxy": said["vendor-ignored"] == "works",
        "the static program runs on Debian": "version" in said["on-debian"],
        "the static program runs on scratch": _ran(record, "bare"),
        "asked for another platform, the build succeeds": crossed.ok,
        "asked for another platform, the program is for": MACHINES.get(said["machine"], "?"),
        "the other platform": other,
        "a fixed GOARCH follows the platform": MACHINES.get(said["machine"]) == other,
    }


def _ran(record: BuildRecord, stage: str) -> bool:
    """Whether the stage's RUN printed what the program says."""
    return any("version" in s.output for s in record.steps if s.stage == stage)


def _said(record: BuildRecord) -> dict[str, str]:
    """What the steps reported, in lines "fact: name value"."""
    text = record.output
    told = [line.split(" ", 2)[1:] for line in text.splitlines() if line.startswith("fact: ")]
    return {parts[0]: parts[1] if len(parts) > 1 else "" for parts in told}


def _publish(tree: Workspace, folder: str, module: str, versions: list[str]) -> None:
    """Write a module proxy's files: a list, and .info, .mod and .zip of each version."""
    base = f"{folder}/{module}/@v"
    name = module.rpartition("/")[2]
    mod = f"module {module}\n\ngo 1.26\n"
    tree.write(f"{base}/list", "".join(f"{v}\n" for v in versions))
    for version in versions:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(f"{module}@{version}/go.mod", mod)
            source = f'package {name}\n\nconst Version = "{version}"\n'
            archive.writestr(f"{module}@{version}/dep.go", source)
        tree.write(f"{base}/{version}.info", f'{{"Version": "{version}"}}\n')
        tree.write(f"{base}/{version}.mod", mod)
        tree.write(f"{base}/{version}.zip", packed.getvalue())
