"""What starts a workflow, and what becomes of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step ended, and all that it printed."""

    ok: bool
    output: str


@dataclass(frozen=True, slots=True)
class Event:
    """What has happened. `fork`: a pull request from another repository, which may not write."""

    name: str = "push"
    repository: str = "harbourworks/tidegate"
    sha: str = field(default_factory=lambda: secrets.token_hex(20))
    fork: bool = False
    title: str = "A better gate"
    branch: str = "main"
    refuse_cache: bool = False
    """The registry refuses to take or give caches, and takes images."""

    def known(self, token: str) -> dict[str, Any]:
        """What expressions may name."""
        owner = self.repository.partition("/")[0]
        head = f"somebody/{self.repository.partition('/')[2]}" if self.fork else self.repository
        pull = self.name == "pull_request"
        github: dict[str, Any] = {
            "repository": self.repository,
            "repository_owner": owner,
            "actor": "somebody" if self.fork else owner,
            "sha": self.sha,
            "event_name": self.name,
            "ref": "refs/pull/7/merge" if pull else f"refs/heads/{self.branch}",
            "ref_name": "7/merge" if pull else self.branch,
            "ref_type": "branch",
            "head_ref": self.branch if pull else "",
            "base_ref": "main" if pull else "",
            "run_id": "1",
            "run_number": "1",
            "run_attempt": "1",
            "token": token,
            "workflow": "image",
            "event": {"repository": {"full_name": self.repository, "default_branch": "main"}},
        }
        if pull:
            github["event"]["pull_request"] = {
                "title": self.title,
                "number": 7.0,
                "head": {
                    "ref": self.branch,
                    "sha": self.sha,
                    "repo": {"full_name": head, "fork": self.fork},
                },
                "base": {"ref": "main", "repo": {"full_name": self.repository}},
            }
        return {
            "github": github,
            "secrets": {"GITHUB_TOKEN": token},
            "vars": {},
            "runner": {"os": "Linux", "arch": "X64", "temp": "/tmp"},
        }


@dataclass(slots=True)
class Run:
    """What became of a workflow after one event."""

    ok: bool = True
    log: list[str] = field(default_factory=list)
    why: str = ""
    """Why it failed: what the first step that failed said last."""
    builds: int = 0
    flags: list[str] = field(default_factory=list)
    jobs: int = 0
