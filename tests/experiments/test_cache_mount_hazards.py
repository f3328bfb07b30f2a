"""What lesson 05 states, held by real builds."""

from __future__ import annotations

import pytest

from buildlab.bench.evidence import measured
from buildlab.engine import Engine
from buildlab.errors import BuildFailed
from buildlab.experiments.hazards import owners as hazards
from buildlab.experiments.hazards import trust
from buildlab.experiments.hazards import waiting as sharing
from buildlab.experiments.programs.harbour import harbour


def test_the_id_is_the_target_unless_given(lab_engine: Engine) -> None:
    """Two projects share a mount by its id, which is the target path; uid makes it another."""
    facts = measured(hazards.mount_ids).facts
    assert facts == {
        "the same target": True,
        "a slash at its end": True,
        "another target, its path as id": True,
        "the same target, an id of its own": False,
        "the same target, another uid": False,
    }


def test_sharing_modes(lab_engine: Engine) -> None:
    """shared: at once in one directory; private: at once in two; locked: one after the other."""
    runs = measured(sharing.mounts_at_once)
    assert {row["sharing"]: tuple(row.values())[1:] for row in runs.rows} == {
        "shared": (True, 2, 2),
        "private": (True, 0, 1),
        "locked": (False, 1, 2),
    }
    assert sharing.waited(runs) == "locked"


def test_a_user_needs_a_mount_of_its_own(lab_engine: Engine) -> None:
    """User 65532 can't write to root's mount, and can to one with its uid."""
    runs = measured(hazards.mount_owners)
    assert runs.facts["nothing"] == "failed"
    assert runs.facts["uid=65532"] == "works"
    said = {str(row["mount says"]): str(row["Go says"]) for row in runs.rows}
    assert "permission denied" in said["nothing"]


def test_the_mode_that_a_step_sees_decides(lab_engine: Engine) -> None:
    """mode=0777 works where the engine applies it, and fails where its umask takes it back."""
    facts = measured(hazards.mount_owners).facts
    works = facts["mode of a mount with mode=0777"] == "777"
    assert facts["mode=0777"] == ("works" if works else "failed")


def test_no_cache_empties_the_mounts_that_it_meets(lab_engine: Engine) -> None:
    """--no-cache empties all mounts of its build, --no-cache-filter those of its stages."""
    runs = measured(hazards.no_cache_and_mounts)
    assert hazards.marks_left(runs) == {
        ("a changed step", "stage one"),
        ("a changed step", "stage two"),
        ("a changed step", "another build"),
        ("--no-cache-filter=one", "stage two"),
        ("--no-cache-filter=one", "another build"),
        ("--no-cache", "another build"),
    }


def test_every_prune_takes_the_mounts_but_one_that_filters(lab_engine: Engine) -> None:
    """No -a is needed to lose cache mounts; only a filter on another kind keeps them."""
    runs = measured(hazards.mounts_pruned)
    assert hazards.mounts_left(runs) == {("docker buildx prune -a --filter type=regular", "left")}


def test_system_prune_a_takes_the_images_too(lab_engine: Engine) -> None:
    """Of all commands only system prune -a removes the base images."""
    facts = measured(hazards.mounts_pruned).facts
    if "docker system prune -a: the base image is left" not in facts:
        pytest.skip("a Docker of the user's is not pruned as a whole")
    assert facts["docker system prune: the base image is left"] is True
    assert facts["docker system prune -a: the base image is left"] is False


def test_a_mounted_directory_can_not_be_copied(lab_engine: Engine) -> None:
    """COPY --from finds no mount: it fails, or copies an empty directory made before."""
    runs = measured(hazards.mount_copied)
    assert runs.facts == {
        "as published: the build": "failed",
        "as published: files are copied": False,
        "directory made before: the build": "works",
        "directory made before: files are copied": False,
        "copied out by the step: the build": "works",
        "copied out by the step: files are copied": True,
    }
    with pytest.raises(BuildFailed, match="what is in a mount is in no stage"):
        runs["as published"].require_ok()


def test_settings_are_in_the_key(lab_engine: Engine) -> None:
    """What changes the result compiles again and gives its own result; going back is spared."""
    facts = measured(trust.mounts_and_settings).facts
    for setting in ("-trimpath", "-gcflags=-N", "-tags=loud", "GOARCH=riscv64"):
        assert facts[f"{setting}: compiled"] is True, setting
    for setting in ("same again", "-ldflags=-s", "back to the first"):
        assert facts[f"{setting}: compiled"] is False, setting
    assert facts["-tags=loud: text"] == "GENUINE word"
    assert facts["back to the first: text"] == "genuine word"


def test_a_compiler_is_known_by_the_version_it_reports(lab_engine: Engine) -> None:
    """A patched compiler of the same version gets old results; another version does not."""
    facts = measured(trust.mounts_and_compilers).facts
    assert facts["patched, same version: text"] == "genuine word"
    assert facts["patched, another version: text"] == "patched word"


def test_a_changed_entry_of_the_same_size_is_believed(lab_engine: Engine) -> None:
    """Go checks the size of a cached result, not its content; verifying repairs it."""
    facts = measured(trust.mounts_tampered).facts
    assert facts["untouched: text"] == "genuine word"
    assert facts["entry changed, same size: compiled"] is False
    assert facts["entry changed, same size: text"] == "altered word"
    assert facts["verified by Go: text"] == "genuine word"
    assert facts["entry changed, other size: compiled"] is True
    assert facts["entry changed, other size: text"] == "genuine word"


def test_a_changed_module_is_compiled_and_only_verify_tells(lab_engine: Engine) -> None:
    """go.sum is not asked when a module is compiled; go mod verify finds the change."""
    facts = measured(trust.module_changed).facts
    assert facts == {
        "go mod download notices": False,
        "go build notices": False,
        "go mod verify notices": True,
        "the change is in the result": True,
        "go mod verify complained before": False,
    }


def test_a_release_needs_an_id_of_its_own(lab_engine: Engine) -> None:
    """Of the remedies only an own id starts from nothing and empties nobody's mount."""
    found = hazards.keeps_apart(
        measured(hazards.mount_ids),
        measured(hazards.no_cache_and_mounts),
        measured(hazards.mounts_pruned),
    )
    assert found == "an id of its own"


def test_a_failing_step_is_named_and_its_files_are_kept(lab_engine: Engine) -> None:
    """A build of the bench that fails says which step it was, and where the workspace is."""
    with pytest.raises(BuildFailed, match="false") as caught, harbour() as program:
        program.build_text("FROM debian:trixie-slim\nRUN false # SALT\n", "fails").require_ok()
    assert any("workspace is kept" in note for note in caught.value.__notes__)


def test_a_warm_engine_counts_the_copied_files_too(lab_engine: Engine) -> None:
    """The step that counts runs each time, whatever was built before."""
    for _ in range(2):
        again = hazards.mount_copied()
        assert again.facts["copied out by the step: files are copied"] is True
