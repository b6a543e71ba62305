"""Running a segmentation program of others: a real process, and what it leaves is checked.

Neither program can be installed here, since both download their weights. **What stands on PATH
under their names is a small script** (``STAND_IN``) that reads the NIfTI file it is given and
writes the simulated neck's own labels onto that file's grid, under the file names that the real
programs use (docs/sources.md#segmentation-programs). What the real ones answer is not tested here.
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from fusion.cli import main
from fusion.errors import Cancelled, FusionError
from fusion.facets.automatic.neck import Neck, find_neck
from fusion.facets.labelled.locate_labelled import locate_with_labels
from fusion.facets.labelled.spine import read_labels
from fusion.facets.programs.label_run import find_program, make_labels
from fusion.facets.programs.program import PROGRAMS, Program, program_named
from fusion.facets.programs.supervised import Limits, run_watched
from fusion.facets.states import Numbering, WitnessKind
from sample_data import COARSE_SCAN, NeckParameters, make_study
from tests.facets import label_maps as maps

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a #! line"),
]

STAND_IN = """#!{python}
import json, os, sys, pathlib
import SimpleITK as sitk

args = sys.argv[1:]
said = pathlib.Path(os.environ["STAND_IN_SAYS"])
given = sitk.ReadImage(args[args.index("-i") + 1])
home = os.environ.get("TOTALSEG_HOME_DIR")
said.write_text(json.dumps({{
    "args": args, "here": os.getcwd(),
    "proxy": os.environ.get("HTTPS_PROXY"), "no_proxy": os.environ.get("no_proxy"),
    "settings": json.load(open(home + "/config.json")) if home else None,
    "size": given.GetSize(), "least": sitk.GetArrayFromImage(given).min().item(),
}}))
if os.environ.get("STAND_IN_FAILS"):
    print("no weights could be fetched", file=sys.stderr)
    raise SystemExit(3)
here = pathlib.Path(args[args.index("-i") + 1]).parent
for name, target in json.loads(os.environ["STAND_IN_GIVES"]).items():
    labels = sitk.Resample(
        sitk.ReadImage(target), given, sitk.Transform(), sitk.sitkNearestNeighbor, 0
    )
    (here / name).parent.mkdir(exist_ok=True)
    sitk.WriteImage(labels, str(here / name))
"""
BOTH = ("totalsegmentator", "spineps")


@cache
def _neck() -> Neck:
    return find_neck(maps.neck().ct)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Both programs on PATH with their weights, and what they will answer."""
    bin_, weights = tmp_path / "bin", tmp_path / "weights"
    bin_.mkdir()
    for program in PROGRAMS:
        path = bin_ / program.command
        path.write_text(STAND_IN.format(python=sys.executable))
        path.chmod(0o755)
        for folder in program.weights:
            (weights / f"{folder}_v2").mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    for name in ("TOTALSEG_WEIGHTS_PATH", "SPINEPS_SEGMENTOR_MODELS"):
        monkeypatch.setenv(name, str(weights))
    monkeypatch.setenv("STAND_IN_SAYS", str(tmp_path / "said.json"))
    monkeypatch.setenv("no_proxy", "*")

    def gives(truth: maps.Neck, name: str, labels: np.ndarray | None = None) -> None:
        program = program_named(name)
        values = [truth.labels(program.convention) if labels is None else labels]
        names = ["vertebrae.nii.gz"]
        if name == "spineps":
            values.append(maps.subregions(truth))
            parts = ("vert", "spine")
            names = [f"derivatives_seg/sub-neck_mod-ct_seg-{part}_msk.nii.gz" for part in parts]
        files = {}
        for n, (one, target) in enumerate(zip(values, names, strict=True)):
            path = maps.write_nifti(tmp_path / f"answer{n}.nii.gz", one, truth.ct.grid)
            files[target] = str(path)
        monkeypatch.setenv("STAND_IN_GIVES", json.dumps(files))

    gives.said = lambda: json.loads((tmp_path / "said.json").read_text())
    return gives


@pytest.mark.parametrize("name", BOTH)
def test_a_program_is_given_the_neck_and_its_labels_are_a_witness(name, installed, tmp_path):
    truth = maps.neck()
    installed(truth, name)
    program = program_named(name)
    paths = make_labels(program, _neck(), tmp_path / "kept", only_processor=True)
    kinds = ["vertebrae"] + (["seg-spine"] if name == "spineps" else [])
    assert [path.name for path in paths] == [f"{name}-{kind}.nii.gz" for kind in kinds]
    found = locate_with_labels(
        read_labels(paths, truth.ct, label_convention=program.convention), truth.ct, _neck()
    )
    assert (found.evidence[0].source, found.evidence[0].agrees) == (WitnessKind.LABELS, True)
    assert found.numbering is Numbering.SURE
    off = found.facet("C4-C5", "left").center_lps - truth.joints["C4-C5", "left"]
    assert np.linalg.norm(off) < 4.0
    said = installed.said()
    assert said["proxy"].startswith("http://127.0.0.1")
    assert said["no_proxy"] is None
    assert ("cpu" in said["args"]) or ("--cpu" in said["args"])
    if name == "totalsegmentator":
        assert said["settings"]["send_usage_stats"] is False
    # Nothing is left of the folder that it ran in.
    assert not Path(said["here"]).exists()


def test_the_cut_lies_where_the_neck_is(installed, tmp_path, monkeypatch):
    """Values of the file against the CT's own, at places told by SimpleITK."""
    truth = maps.neck()
    installed(truth, "totalsegmentator")
    kept = tmp_path / "seen.nii.gz"
    script = (tmp_path / "bin" / "TotalSegmentator").read_text()
    copied = script.replace("here = ", f"sitk.WriteImage(given, {str(kept)!r})\nhere = ", 1)
    (tmp_path / "bin" / "TotalSegmentator").write_text(copied)
    make_labels(program_named("totalsegmentator"), _neck(), tmp_path / "kept")
    image = sitk.ReadImage(str(kept))
    rng = np.random.default_rng(4)
    for center in truth.joints.values():
        assert all(
            0 <= n < size
            for n, size in zip(
                image.TransformPhysicalPointToIndex(center.tolist()), image.GetSize(), strict=True
            )
        )
    for _ in range(50):
        index = [int(rng.integers(size)) for size in image.GetSize()]
        point = image.TransformIndexToPhysicalPoint(index)
        assert abs(image.GetPixel(index) - truth.ct.nearest(point)) <= 1
    assert np.prod(image.GetSize()) < 200**3
    assert not any("patient" in key.lower() for key in image.GetMetaDataKeys())


@pytest.mark.thorough
def test_two_programs_are_one_witness_that_may_contradict_itself(installed, tmp_path):
    truth = maps.neck()
    spines = []
    for name in BOTH:
        installed(truth, name)
        paths = make_labels(program_named(name), _neck(), tmp_path / name)
        spines.append(read_labels(paths, truth.ct))
    alike = locate_with_labels(spines[0], truth.ct, _neck(), others=spines[1:])
    second = alike.evidence[1]
    assert (second.agrees, "count as one" in second.saw) == (True, True)
    assert alike.numbering is Numbering.SURE
    slipped = truth.labels("totalsegmentator")
    slipped = np.where((slipped > 0) & (slipped < 50), slipped + 1, 0)  # begins with C2, as C1
    installed(truth, "totalsegmentator", np.where(slipped < 50, slipped, 0).astype(np.uint8))
    paths = make_labels(program_named("totalsegmentator"), _neck(), tmp_path / "third")
    other = read_labels(paths, truth.ct)
    torn = locate_with_labels(spines[1], truth.ct, _neck(), others=[other])
    said = next(w for w in torn.evidence if "what is called" in w.saw)
    assert said.agrees is False
    assert torn.numbering is Numbering.PROVISIONAL


def test_what_is_missing_is_said_with_licence_and_statistics(installed, tmp_path, monkeypatch):
    program = program_named("totalsegmentator")
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "none"))
    with pytest.raises(FusionError, match="weights Dataset292_, Dataset298_ are not in") as missing:
        make_labels(program, _neck(), tmp_path / "kept")
    assert "downloads nothing" in str(missing.value)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FusionError, match="installs nothing") as absent:
        find_program(program)
    assert "Apache" in str(absent.value)
    assert "counts its runs" in str(absent.value)
    with pytest.raises(FusionError, match="not at other"):
        find_program(program, at=tmp_path / "other")
    assert find_program(program, at=tmp_path / "bin" / "TotalSegmentator").name == program.command
    with pytest.raises(FusionError, match="--with is one of totalsegmentator, spineps"):
        program_named("nnunet")


def test_weights_are_found_where_the_programs_look(tmp_path, monkeypatch):
    for name in ("TOTALSEG_WEIGHTS_PATH", "TOTALSEG_HOME_DIR", "SPINEPS_SEGMENTOR_MODELS"):
        monkeypatch.delenv(name, raising=False)
    segmentator, spineps = PROGRAMS
    assert segmentator.weights_in(Path()).parts[-3:] == (".totalsegmentator", "nnunet", "results")
    monkeypatch.setenv("TOTALSEG_HOME_DIR", str(tmp_path))
    assert segmentator.weights_in(Path()) == tmp_path / "nnunet" / "results"
    models = tmp_path / "lib" / "python3.11" / "site-packages" / "spineps" / "models"
    for folder in spineps.weights:
        (models / f"{folder}_v2.0.0").mkdir(parents=True)
    assert spineps.check_weights(tmp_path / "bin" / "spineps") == models


def test_a_failure_and_a_strange_answer_are_sentences(installed, tmp_path, monkeypatch):
    truth, program = maps.neck(), program_named("totalsegmentator")
    installed(truth, program.name)
    monkeypatch.setenv("STAND_IN_FAILS", "1")
    with pytest.raises(FusionError, match=r"failed \(3\).*no weights could be fetched"):
        make_labels(program, _neck(), tmp_path / "kept")
    monkeypatch.delenv("STAND_IN_FAILS")
    monkeypatch.setenv("STAND_IN_GIVES", "{}")
    with pytest.raises(FusionError, match="left no label map"):
        make_labels(program, _neck(), tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
    installed(truth, program.name)
    first = make_labels(program, _neck(), tmp_path / "kept")[0].read_bytes()
    with pytest.raises(FusionError, match="already and is kept"):
        make_labels(program, _neck(), tmp_path / "kept")
    assert (tmp_path / "kept" / "totalsegmentator-vertebrae.nii.gz").read_bytes() == first


# --- limits -------------------------------------------------------------------------------------


def _run(tmp_path: Path, code: str, *, limits: Limits, progress=None) -> None:
    run_watched(
        [sys.executable, "-c", code],
        words="The program",
        folder=tmp_path,
        environment=dict(os.environ),
        limits=limits,
        progress=progress,
    )


def _child(tmp_path: Path) -> str:
    """Start something that lives on its own, say who it is, and wait."""
    return (
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(tmp_path / 'child')!r}).write_text(str(child.pid))\n"
        "time.sleep(60)\n"
    )


def _has_ended(pid: int) -> bool:
    """Whether a process is gone, or dead and not yet buried; within 5 s."""
    for _ in range(50):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(pid, 0)
        except (OSError, IndexError):
            return True
        time.sleep(0.1)  # it was told to end; the system buries it in its own time
    return False


def test_a_program_that_takes_too_long_is_ended_with_all_it_started(tmp_path):
    with pytest.raises(FusionError, match=r"more than 0\.03 minutes and was stopped"):
        _run(tmp_path, _child(tmp_path), limits=Limits(minutes=0.03))
    assert _has_ended(int((tmp_path / "child").read_text()))


def test_a_user_stops_a_program(tmp_path):
    def stop(fraction: float, step: str) -> None:
        if (tmp_path / "child").exists() and "is running" in step:
            raise Cancelled

    with pytest.raises(Cancelled):
        _run(tmp_path, _child(tmp_path), limits=Limits(minutes=1), progress=stop)
    assert _has_ended(int((tmp_path / "child").read_text()))


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="memory is told from /proc")
def test_a_program_that_takes_too_much_memory_is_stopped(tmp_path):
    greedy = (
        "import time; held = bytearray(300_000_000); held[::4096] = b'1' * 73243; time.sleep(60)"
    )
    began = time.monotonic()
    with pytest.raises(FusionError, match=r"used 0\.[23] GB of memory, more than the 0\.2 GB"):
        _run(tmp_path, greedy, limits=Limits(minutes=1, gigabytes=0.2))
    assert time.monotonic() - began < 40


def test_what_does_not_start_and_limits_that_are_none(tmp_path):
    with pytest.raises(FusionError, match="The program does not start"):
        run_watched(
            [str(tmp_path / "absent")],
            words="The program",
            folder=tmp_path,
            environment={},
            limits=Limits(),
        )
    with pytest.raises(FusionError, match="--minutes is above 0"):
        Limits(minutes=0)
    with pytest.raises(FusionError, match="--gigabytes is above 0"):
        Limits(gigabytes=float("nan"))


def test_a_program_is_one_entry():
    for program in PROGRAMS:
        assert isinstance(program, Program)
        assert "Apache" in program.terms
        assert "statistics" in program.terms + "counts statistics"
        assert "yourself" in program.to_install


# --- the command --------------------------------------------------------------------------------


def test_a_program_that_is_missing_is_told_first_and_its_terms_once(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    command = ["labels", "no-such-study", "--with", "spineps", "--to", str(tmp_path / "maps")]
    assert main(command) == 3
    said = capsys.readouterr().err
    assert "SPINEPS (spineps) is not on PATH" in said
    assert said.count("Apache License") == 1


@pytest.mark.thorough
def test_the_command_prints_what_the_labels_say(installed, tmp_path, capsys):
    parameters = NeckParameters(seed=3)
    study = make_study(tmp_path / "study", neck=parameters, scan=COARSE_SCAN)
    painted = maps.neck(parameters, COARSE_SCAN)
    installed(painted, "totalsegmentator")
    to = str(tmp_path / "maps")
    command = ["labels", str(study.folder), "--with", "totalsegmentator", "--to", to, "--json"]
    assert main(command) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["label_maps"] == [
        {"program": "totalsegmentator", "files": ["totalsegmentator-vertebrae.nii.gz"]}
    ]
    assert document["numbering_evidence"][0]["source"] == "label map"
    assert len(document["joints"]) == 16
    assert "Apache" in err
    assert "counts its runs" in err
    # The kept map is taken like any other, and nobody overwrites it.
    assert main(command) == 3
    assert "already and is kept" in capsys.readouterr().err
