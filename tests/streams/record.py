"""Records one build for the tests: `python tests/streams/record.py NAME FOLDER [FLAGS …]`.

Builds the folder with these flags on the engine that buildlab uses, and writes NAME.json.gz beside
this file. Look at what it wrote before it is committed: only the folder's own path is taken out.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from buildlab import engine
from buildlab.engine.model import Engine

NAMESPACE = "BUILDKIT_CACHE_MOUNT_NS=buildlab-rec"
EXTRA = "https://mobyproject.org/buildkit@v1#metadata"


def build(lab: Engine, folder: Path, flags: list[str]) -> dict[str, Any]:
    """Run the build, and keep what its client and the history said."""
    env = {**lab.child_env(), "BUILDX_METADATA_PROVENANCE": "max"}
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "metadata.json")
        plumbing = ["--progress=rawjson", f"--metadata-file={file}", "--build-arg", NAMESPACE]
        command = [*lab.buildx, "build", *plumbing, *flags, os.fspath(folder)]
        begin = time.monotonic()
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        wall_s = round(time.monotonic() - begin, 3)
        metadata = json.loads(file.read_text()) if file.exists() else None
    for part in (metadata or {}).values():
        if isinstance(part, dict) and EXTRA in part.get("metadata", {}):
            part["metadata"][EXTRA].pop("sysUsage", None)
    ask = [*lab.buildx, "history", "inspect", "--format", "json"]
    said = json.loads(subprocess.run(ask, env=env, capture_output=True, check=True).stdout)
    return {
        "flags": ["--build-arg", NAMESPACE, *flags],
        "exit_code": done.returncode,
        "wall_s": wall_s,
        "dockerfile": (folder / "Dockerfile").read_text(),
        "inspect": {
            "total": said["NumTotalSteps"],
            "cached": said["NumCachedSteps"],
            "completed": said["NumCompletedSteps"],
            "status": said["Status"],
            "failed_vertex": (said.get("Error") or {}).get("Name", ""),
        },
        "stderr": done.stderr.splitlines(),
        "metadata": metadata,
    }


def main() -> None:
    name, folder, *flags = sys.argv[1:]
    kept = build(engine.current(), Path(folder), flags or ["--output", "type=cacheonly"])
    text = json.dumps(kept, ensure_ascii=False, indent=0).replace(f"{folder.rstrip('/')}/", "")
    path = Path(__file__).with_name(f"{name}.json.gz")
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{path}: {len(kept['stderr'])} lines, exit code {kept['exit_code']}")


if __name__ == "__main__":
    main()
