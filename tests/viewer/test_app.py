"""The entry of ``facetfusion review``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fusion.cli import main
from fusion.errors import FusionError
from viewer import app, probe, screen


def test_without_a_screen_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(FusionError, match="no screen"):
        app.run(tmp_path)


def test_a_screen_that_leads_nowhere_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":4321")
    with pytest.raises(FusionError, match=r"cannot be reached.*facetfusion fuse"):
        app.run(tmp_path)


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        (40, "libEGL.so.1\n", "is missing: libEGL.so.1."),
        (40, "libxcb-cursor.so.0\n", "Debian and Ubuntu call it libxcb-cursor0."),
        (40, "a sentence of somebody else\n", "is missing: Qt."),
        (42, "screen\n", "every letter is a box, also the R and L of the patient's sides."),
        (41, "screen\n", "no OpenGL"),
        (-11, "screen\n", "no OpenGL"),
        (-6, "", "cannot be reached"),
    ],
)
def test_what_the_probe_died_of_is_said(code: int, said: str, words: str) -> None:
    assert words in " ".join(screen._why(code, said))


def test_missing_libraries_are_called_as_the_setup_calls_them() -> None:
    setup = (Path(__file__).resolve().parents[2] / "scripts" / "setup.sh").read_text("utf-8")
    named = dict(re.findall(r'"(lib[\w+.-]+)": "(lib\S+\.so\.\d+)"', setup))
    assert named
    assert {library: package for package, library in named.items()}.items() <= (
        screen.PACKAGES.items()
    )


def test_label_maps_on_the_command_line_reach_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[dict] = []
    monkeypatch.setattr(app, "run", lambda path, **options: opened.append(options) or 0)
    bones, processes = tmp_path / "bones.nii", tmp_path / "processes.nii"
    bones.touch()
    processes.touch()
    argv = ["review", str(tmp_path), "--labels", str(bones), "--labels", str(processes)]
    assert main([*argv, "--label-convention", "verse"]) == 0
    assert main(["review", str(tmp_path)]) == 0
    assert [options["labels"] for options in opened] == [(bones, processes), ()]
    assert [options["label_convention"] for options in opened] == ["verse", None]


@pytest.mark.parametrize(
    ("options", "words", "code"),
    [
        (["--label-convention", "verse"], "goes with --labels", 2),
        (["--labels", "nowhere.nii"], "no file nowhere.nii", 3),
        (["--labels", __file__, "--label-convention", "mine"], "is one of totalsegmentator", 3),
    ],
)
def test_label_options_without_sense_open_no_window(
    options: list[str],
    words: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(app, "run", lambda *_, **__: pytest.fail("a window was opened"))
    assert main(["review", str(tmp_path), *options]) == code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("argv", [[], ["view"], ["review"]])
def test_without_a_study_the_start_page_is_opened(
    argv: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(app, "run", lambda path, **_: opened.append(path) or 0)
    monkeypatch.setenv("DISPLAY", ":77")
    assert main(argv) == 0
    assert opened == [None]


def test_without_a_screen_and_a_command_the_usage_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert main([]) == 2
    assert "COMMAND" in capsys.readouterr().err


def test_a_damaged_library_is_named_without_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert probe._lacks("/opt/x/lib/libxcb-cursor.so.0: file too short") == probe.NO_LIBRARY
    assert capsys.readouterr().out == "libxcb-cursor.so.0\n"
