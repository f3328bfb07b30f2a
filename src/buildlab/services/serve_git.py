"""The git server's own process: `python -m buildlab.services.serve_git SETTINGS`.

An ssh server (asyncssh) that lets one key run one program, git-upload-pack, in one folder. Its
log has one line per login: granted or refused, and the fingerprint of the key.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import asyncssh


class Door(asyncssh.SSHServer):
    """Knows one key."""

    def __init__(self, allowed: str, log: Path) -> None:
        self._allowed = asyncssh.import_public_key(allowed)
        self._log = log

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return False

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = key == self._allowed
        with self._log.open("a") as log:
            log.write(f"{'known' if known else 'unknown'} {key.get_fingerprint()}\n")
        return known


async def _session(process: asyncssh.SSHServerProcess[bytes], root: Path) -> None:
    """Run git-upload-pack on a repository below `root`, and nothing else."""
    words = shlex.split(process.command or "")
    repository = (root / words[1].strip("/")).resolve() if len(words) == 2 else root
    if words[:1] != ["git-upload-pack"] or not repository.is_relative_to(root.resolve()):
        process.stderr.write(b"only git-upload-pack is served here\n")
        process.exit(126)
        return
    env = {"GIT_PROTOCOL": version} if (version := process.env.get("GIT_PROTOCOL")) else {}
    git = await asyncio.create_subprocess_exec(
        *("git", "-c", "safe.directory=*", "upload-pack", str(repository)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(root), **env},
    )
    await process.redirect(stdin=git.stdin, stdout=git.stdout, stderr=git.stderr)
    process.exit(await git.wait())


async def _serve(settings: dict[str, Any]) -> None:
    log, root = Path(settings["log"]), Path(settings["root"])

    async def session(process: asyncssh.SSHServerProcess[bytes]) -> None:
        await _session(process, root)

    await asyncssh.listen(
        settings["host"],
        settings["port"],
        server_factory=lambda: Door(settings["allowed"], log),
        server_host_keys=[asyncssh.import_private_key(settings["host_key"])],
        process_factory=session,
        encoding=None,
        allow_scp=False,
        agent_forwarding=False,
    )
    Path(settings["ready"]).touch()
    await asyncio.Event().wait()


def main() -> None:
    asyncio.run(_serve(json.loads(Path(sys.argv[1]).read_text())))


if __name__ == "__main__":
    main()
