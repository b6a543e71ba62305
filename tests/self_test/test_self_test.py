"""What a machine has and lacks: said before a study depends on it, with what to do."""

import json
import tempfile
from datetime import datetime
from pathlib import Path

import pytest

from fusion.cli import main
from fusion.facets import locate
from fusion.self_test import (
    Check,
    CheckOutcome,
    machine_checks,
    trial_check,
    window_check,
    worst,
    write_page,
)

FINE = Check("memory", CheckOutcome.WORKS, "24 GiB")
NO_SCREEN = Check("window", CheckOutcome.MISSING, "there is no screen here", "Run it elsewhere.")
BROKEN = Check("<b>", CheckOutcome.FAILS, "a & b", "Do <this>.")


def test_the_worst_says_what_the_whole_is() -> None:
    assert worst([]) is worst([FINE]) is CheckOutcome.WORKS
    assert worst([FINE, NO_SCREEN]) is CheckOutcome.MISSING
    assert worst([BROKEN, NO_SCREEN, FINE]) is CheckOutcome.FAILS


def test_what_works_needs_no_remedy_and_what_does_not_needs_one() -> None:
    with pytest.raises(ValueError, match="remedy"):
        Check("memory", CheckOutcome.WORKS, "24 GiB", "Buy more.")
    with pytest.raises(ValueError, match="remedy"):
        Check("memory", CheckOutcome.FAILS, "1 GiB")


def test_this_machine_can_run_what_it_runs_now() -> None:
    found = {check.what: check for check in machine_checks()}
    assert found["Python and packages"].outcome is CheckOutcome.WORKS
    assert found["packages of the window"].outcome is CheckOutcome.WORKS
    assert found["folder for temporary files"].outcome is CheckOutcome.WORKS
    assert not [check for check in found.values() if check.outcome is CheckOutcome.FAILS]


def test_a_folder_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    found = {check.what: check for check in machine_checks()}
    said = found["folder of the readings"]
    assert said.outcome is CheckOutcome.FAILS
    assert said.remedy == f"Let this user write to {tmp_path / 'file'}."


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fusion.self_test.machine.LEAST_FREE_BYTES", 1 << 62)
    found = {check.what: check for check in machine_checks()}
    said = found["folder for temporary files"]
    assert (said.outcome, said.remedy) == (
        CheckOutcome.FAILS,
        "Free 2 GiB, which a large study needs.",
    )


def test_a_trial_that_cannot_be_made_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    said = trial_check()
    assert said.outcome is CheckOutcome.FAILS
    assert "Traceback" not in said.found
    assert said.remedy.startswith("Install facetfusion again")


@pytest.mark.slow
@pytest.mark.window
def test_a_window_that_cannot_be_loaded_is_said_with_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a machine without it: what napari asks for last says that it did not find it.
    (tmp_path / "sitecustomize.py").write_text(
        "import ctypes.util\nfind = ctypes.util.find_library\n"
        "ctypes.util.find_library = lambda n: None if n == 'fontconfig' else find(n)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = window_check()
    assert found.outcome is CheckOutcome.FAILS
    assert found.found == "ImportError: fontconfig not found"


@pytest.mark.slow
@pytest.mark.window
def test_a_machine_without_a_font_is_said_to_show_boxes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fonts.conf").write_text(f"<fontconfig><dir>{tmp_path}</dir></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "fonts.conf"))
    found = window_check()
    assert found.outcome is CheckOutcome.FAILS
    assert "every letter is a box, also the R and L of the patient's sides" in found.found
    assert found.remedy.startswith("Install a font.")


def test_a_machine_without_a_screen_is_told_to_run_it_again_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    found = window_check()
    assert (found.outcome, found.found) == (CheckOutcome.MISSING, "there is no screen here")
    assert found.remedy == "Run this again where the window is to open."


def test_a_screen_that_leads_nowhere_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":4321")
    found = window_check()
    assert found.outcome is CheckOutcome.FAILS
    assert found.found.startswith("The screen cannot be reached")
    assert found.remedy.startswith("Start the program from a terminal on that screen")


@pytest.mark.slow
def test_the_trial_goes_the_whole_way_and_holds_it_against_the_truth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[object] = []

    def kept(ct: object, **how: object) -> object:
        found[:] = found or [locate(ct, **how)]
        return found[0]

    monkeypatch.setattr("fusion.self_test.trial.locate", kept)  # of one study, once
    assert trial_check().outcome is CheckOutcome.WORKS
    monkeypatch.setattr("fusion.self_test.trial.LARGEST_ERROR_MM", 0.0)
    said = trial_check()
    assert said.outcome is CheckOutcome.FAILS
    assert "found elsewhere" in said.found


def test_the_page_says_each_check_with_a_sign_and_what_to_do(tmp_path: Path) -> None:
    page = write_page(tmp_path / "page.html", [FINE, BROKEN], when=datetime(2026, 11, 30, 12, 0))
    text = page.read_text("utf-8")
    assert "facetfusion does not work on this machine as it is; what fails is listed." in text
    assert "✓ works" in text
    assert "✗ does not work" in text
    assert "&lt;b&gt;" in text
    assert "a &amp; b<br><em>Do &lt;this&gt;.</em>" in text
    assert "Not a medical device." in text


def test_the_command_answers_in_json_and_writes_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--quick", "--json", "--page", str(tmp_path / "page.html")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["outcome"] in ("works", "missing")
    assert {"what", "outcome", "found", "remedy"} == set(document["checks"][0])
    assert (tmp_path / "page.html").is_file()


def test_what_does_not_work_is_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("fusion.self_test.window_check", lambda: NO_SCREEN)
    assert main(["doctor", "--quick"]) == 3
    assert "does not work: folder of the readings" in capsys.readouterr().out
