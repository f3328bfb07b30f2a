"""The pipelines that are shipped: well-formed, linted, and as the lesson says of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

SERVICE = Path(__file__).parents[2] / "sample_go_app"
CI = SERVICE / "ci"
GITHUB = CI / "github-actions.yml"
GITLAB = CI / "gitlab-ci.yml"
_PIPELINE = SERVICE.with_name("labs") / "11_the_pipeline"
ANSWERS = [
    path
    for kind in ("solution", "right/*")
    for path in sorted(_PIPELINE.glob(f"{kind}/.github/workflows/*.yml"))
]


def run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def tool(name: str) -> str:
    found = Path(sys.executable).with_name(name)
    if found.exists():
        return str(found)
    on_path = shutil.which(name)
    if on_path is None:
        pytest.skip(f"{name} is not installed")
    return on_path


def github() -> Any:
    return yaml.safe_load(GITHUB.read_text())


def gitlab() -> Any:
    return yaml.safe_load(GITLAB.read_text())


def github_build(job: str) -> dict[str, Any]:
    steps = github()["jobs"][job]["steps"]
    found: dict[str, Any] = next(
        s["with"] for s in steps if s["uses"].startswith("docker/build-push-action@")
    )
    return found


def test_github_schema() -> None:
    """The workflow is valid by GitHub's schema."""
    schema = ("--builtin-schema", "vendor.github-workflows")
    assert run(tool("check-jsonschema"), *schema, str(GITHUB)) == ""


def test_gitlab_schema() -> None:
    """The pipeline is valid by GitLab's schema."""
    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    assert run(tool("check-jsonschema"), *schema, str(GITLAB)) == ""


def test_zizmor() -> None:
    """The security linter for workflows finds nothing."""
    config = f"--config={CI / 'zizmor.yml'}"
    assert run(tool("zizmor"), "--offline", "--no-progress", config, str(GITHUB)) == ""


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda path: path.parents[2].name)
def test_answers_of_the_pipelines_lab_are_clean(answer: Path) -> None:
    """What the lab calls right is valid by GitHub's schema, and the security linter is silent."""
    schema = ("--builtin-schema", "vendor.github-workflows")
    assert run(tool("check-jsonschema"), *schema, str(answer)) == ""
    config = f"--config={CI / 'zizmor.yml'}"
    assert run(tool("zizmor"), "--offline", "--no-progress", config, str(answer)) == ""


def test_a_schema_error_is_found(tmp_path: Path) -> None:
    """The schema check sees a mistake: it is no empty ritual."""
    broken = tmp_path / "workflow.yml"
    broken.write_text(GITHUB.read_text().replace("runs-on:", "run-on:"))
    schema = ("--builtin-schema", "vendor.github-workflows")
    assert "run-on" in run(tool("check-jsonschema"), *schema, str(broken))


def test_zizmor_sees_a_bad_workflow(tmp_path: Path) -> None:
    """The security linter sees a dangerous trigger and text run as a script."""
    bad = tmp_path / "workflow.yml"
    bad.write_text(
        "on: pull_request_target\npermissions: write-all\njobs:\n  a:\n    runs-on: ubuntu-24.04\n"
        "    steps:\n      - run: echo ${{ github.event.pull_request.title }}\n"
    )
    said = run(tool("zizmor"), "--offline", "--no-progress", str(bad))
    assert "template-injection" in said
    assert "dangerous-triggers" in said


def test_only_main_writes_on_github() -> None:
    """A pull request reads the cache, pushes nothing and has no right to write."""
    reading, writing = github_build("pull-request"), github_build("main")
    assert reading["cache-from"] == writing["cache-from"]
    assert reading["push"] is False
    assert "cache-to" not in reading
    assert "mode=max" in writing["cache-to"]
    assert writing["cache-from"].partition("ref=")[2] in writing["cache-to"]
    jobs = github()["jobs"]
    assert jobs["pull-request"]["permissions"] == {"contents": "read", "packages": "read"}
    assert jobs["main"]["permissions"] == {"contents": "read", "packages": "write"}
    assert github()["permissions"] == {}


def test_only_main_writes_on_gitlab() -> None:
    """A merge request reads the cache and pushes nothing."""
    reading, writing = ("\n".join(gitlab()[job]["script"]) for job in ("merge-request", "main"))
    assert "--cache-from" in reading
    assert "--cache-from" in writing
    assert not re.search(r"--cache-to|--push", reading)
    assert "mode=max" in writing


def test_every_job_ends() -> None:
    """Each job has a time limit."""
    assert all(job["timeout-minutes"] <= 30 for job in github()["jobs"].values())
    assert gitlab()[".image"]["timeout"] == "20 minutes"


def test_versions_are_pinned() -> None:
    """Actions and images are named by a full version."""
    steps = [s for job in github()["jobs"].values() for s in job["steps"]]
    assert all(re.search(r"@v\d+\.\d+\.\d+$", step["uses"]) for step in steps)
    images = [gitlab()[".image"]["image"], gitlab()[".image"]["services"][0]["name"]]
    assert all(re.search(r":\d+\.\d+\.\d+-", image) for image in images)


def test_the_commented_variant_is_complete() -> None:
    """GitHub's cache is shown for both jobs, and written by main alone."""
    text = GITHUB.read_text()
    assert text.count("# cache-from: type=gha,scope=image") == 2
    assert text.count("# cache-to: type=gha,scope=image,mode=max") == 1


def imports(path: Path) -> set[str]:
    """The packages of other modules that a Go file imports."""
    found = re.findall(
        r'^\s*(?:import )?(?:[\w.]+ )?"([\w.-]+\.[\w-]+/[^"]+)"$', path.read_text(), re.M
    )
    return {name for name in found if not name.startswith("example.com/")}


def test_the_layer_compiles_all_dependencies() -> None:
    """ci/dependencies imports what the service's programs import, and nothing else."""
    sources = [
        path
        for folder in ("cmd", "internal")
        for path in (SERVICE / folder).rglob("*.go")
        if not path.name.endswith("_test.go") and path.parent.name != "boardtest"
    ]
    wanted = set().union(*(imports(path) for path in sources))
    assert imports(CI / "dependencies" / "dependencies.go") == wanted


def test_readme_names_every_file() -> None:
    """The README beside the pipelines names each file there."""
    text = (CI / "README.md").read_text()
    for path in CI.iterdir():
        assert path.name in text or path.name == "README.md", path.name
