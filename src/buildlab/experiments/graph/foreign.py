"""Another platform: compiled for it on this one, and run under an emulator where there is one."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Runs
from buildlab.builds import build
from buildlab.experiments.graph.shapes import exported, recipe
from buildlab.record.model import BuildRecord

_MACHINES: Final = {0x03: "386", 0x28: "arm", 0x3E: "amd64", 0xB7: "arm64", 0xF3: "riscv64"}
"""e_machine of an ELF header → Go's name."""
BOTH: Final = ("amd64", "arm64")


@experiment()
def platforms() -> Runs:
    """The recipe `graph-platforms` for amd64 and arm64 in one build; then a step of each platform.

    Facts: where the compiler ran, what it made, and whether a program of the other platform runs
    here. Rows: each platform.
    """
    with recipe("platforms") as tree:
        wanted = ",".join(f"linux/{name}" for name in BOTH)
        cross, files = exported(
            tree, f"--platform={wanted}", "--target=image", title="both platforms"
        )
        made = {name: elf_machine(files / f"linux_{name}" / "program") for name in BOTH}
        salt = f"--build-arg=SALT={secrets.token_hex(8)}"
        tried = {
            name: build(
                tree,
                f"--platform=linux/{name}",
                "--target=try",
                salt,
                title=f"a step of linux/{name}",
                output="cache",
            )
            for name in BOTH
        }
    compilers = [s for s in cross.steps if "go build" in s.instruction]
    shared = [s for s in cross.steps if s.instruction.startswith("RUN uname")]
    runs = {name: record.ok for name, record in tried.items()}
    facts: dict[str, Fact] = {
        "platform of the compiler's steps": ", ".join(
            sorted({_from(s.platform) for s in compilers})
        ),
        "compiler's steps": len(compilers),
        "steps above ARG TARGETARCH are shared": len(shared) == 1,
        **{f"machine in the ELF header for {name}": made[name] for name in BOTH},
        **{f"a step of linux/{name} runs here": runs[name] for name in BOTH},
        "the step that doesn't run says": next(map(_why, filter(_failed, tried.values())), ""),
    }
    speeds = {name: milliseconds(record) for name, record in tried.items()}
    if all(runs.values()) and min(speeds.values()) > 0:
        facts["speed_ratio, emulated to native"] = round(
            max(speeds.values()) / min(speeds.values()), 1
        )
    rows = tuple(
        {
            "platform": f"linux/{name}",
            "ELF machine": made[name],
            "its step": "ran" if runs[name] else "failed",
            "took_ms": speeds[name] or "",
        }
        for name in BOTH
    )
    return Runs({"both platforms": cross, **{r.title: r for r in tried.values()}}, facts, rows=rows)


def elf_machine(program: Path) -> str:
    """The machine that a program is for, in Go's words; "" for what is no ELF file."""
    head = program.read_bytes()[:20]
    if head[:4] != b"\x7fELF":
        return ""
    code = int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
    return _MACHINES.get(code, hex(code))


def milliseconds(record: BuildRecord) -> int:
    """What the program printed; 0 where it did not run."""
    text = record.output.strip()
    return int(text) if text.isdigit() else 0


def _from(platform: str) -> str:
    """Of "linux/amd64->arm64", the platform that the step runs on."""
    return platform.partition("->")[0]


def _failed(record: BuildRecord) -> bool:
    return not record.ok


def _why(record: BuildRecord) -> str:
    """What BuildKit or the container's start said, shortened to the known words."""
    text = f"{record.failure.words if record.failure else ''} {record.output}"
    return "exec format error" if "exec format error" in text else text.strip()
