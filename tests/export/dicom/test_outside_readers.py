"""What other people's programs make of everything that is handed on."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from PIL import Image

from fusion.export.dicom.structured_report import tracking_uid
from fusion.export.handover import Handed, hand_on
from fusion.export.regions import uptake_region
from tests.export.dicom.others import TOOLS, dcmqi, dcmtk, pixelmed
from tests.export.handed import AGREEING, Read, read_study
from tests.viewer.marked_study import NODDING, ct_lattice


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    # A CT that leans, so that no reader is right by leaving the orientation out.
    study = tmp_path_factory.mktemp("read")
    return read_study(study, patient_name="ONE-Müller^Ana", ct=ct_lattice(NODDING))


@pytest.fixture(scope="module")
def handed(read: Read, tmp_path_factory: pytest.TempPathFactory) -> Handed:
    return hand_on(read.review, read.reading, tmp_path_factory.mktemp("out"), localisation=AGREEING)


def folder(handed: Handed) -> Path:
    return handed.paths[0].parent


def run(*arguments: str | Path) -> str:
    done = subprocess.run(
        list(map(str, arguments)), capture_output=True, text=True, errors="replace", check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert not any(line.startswith(("E:", "F:")) for line in said.splitlines()), said
    return said


@pytest.mark.slow
def test_dcmtk_opens_every_object(handed: Handed) -> None:
    paths = [path for path in handed.paths if path.suffix == ".dcm"]
    assert paths
    for path in paths:
        said = run(dcmtk("dcmdump"), "+P", "StudyInstanceUID", path)
        assert pydicom.dcmread(path).StudyInstanceUID in said


def test_dcmtk_reads_the_documents(handed: Handed) -> None:
    assert "Key Object Selection Document" in run(
        dcmtk("dsrdump"), folder(handed) / "key_objects.dcm"
    )
    report = run(dcmtk("dsrdump"), folder(handed) / "structured_report.dcm")
    assert "Left C5-C6: positive" in report


def test_dcmtk_draws_the_pictures(handed: Handed, tmp_path: Path) -> None:
    pictures = sorted(folder(handed).glob("picture_*.dcm"))
    assert pictures
    for path in pictures:
        run(dcmtk("dcmj2pnm"), "--write-raw-pnm", path, tmp_path / "drawn.ppm")
        drawn = np.asarray(Image.open(tmp_path / "drawn.ppm"))
        np.testing.assert_array_equal(drawn, pydicom.dcmread(path).pixel_array)


def test_dcmtk_unpacks_the_report(handed: Handed, tmp_path: Path) -> None:
    run(dcmtk("dcm2pdf"), folder(handed) / "report_pdf.dcm", tmp_path / "unpacked.pdf")
    assert (tmp_path / "unpacked.pdf").read_bytes() == (folder(handed) / "report.pdf").read_bytes()


def test_dcmqi_finds_the_regions_where_they_are(read: Read, handed: Handed, tmp_path: Path) -> None:
    program = dcmqi("segimage2itkimage")
    seg = folder(handed) / "uptake_regions.dcm"
    run(program, "-t", "nrrd", "--inputDICOM", seg, "--outputDirectory", tmp_path)
    described = json.loads(next(tmp_path.glob("*meta.json")).read_text())
    labels = [
        segment["SegmentLabel"] for file in described["segmentAttributes"] for segment in file
    ]
    assert sorted(labels) == sorted(f"{t.joint.name} uptake" for t in read.reading.positive)
    grid = read.review.fused.ct.grid
    for number, label in enumerate(labels, start=1):
        image = sitk.ReadImage(str(tmp_path / f"{number}.nrrd"))
        found = {
            tuple(np.round(image.TransformContinuousIndexToPhysicalPoint(kji[::-1].tolist()), 1))
            for kji in np.argwhere(sitk.GetArrayFromImage(image)).astype(float)
        }
        [target] = [t for t in read.reading.positive if f"{t.joint.name} uptake" == label]
        region = uptake_region(target, read.review.fused)
        kji = np.argwhere(region.mask) + np.array(region.start)
        assert found == {tuple(np.round(point, 1)) for point in grid.to_lps(kji)}


@pytest.mark.slow
def test_pixelmed_finds_the_selection_in_order(handed: Handed) -> None:
    said = pixelmed(folder(handed) / "key_objects.dcm")
    assert "Found Root Template TID_2010 (KeyObjectSelection)" in said


@pytest.mark.slow
def test_cornerstone_finds_every_target(read: Read, handed: Handed) -> None:
    """The library under OHIF makes one point of each target, with a label that says which."""
    node = shutil.which("node")
    if node is None or not (TOOLS / "node" / "complete").exists():
        pytest.skip("cornerstone's adapters are not installed: scripts/validators.sh")
    done = subprocess.run(
        [
            node,
            Path(__file__).with_name("cornerstone_reads.mjs"),
            TOOLS / "node" / "node_modules",
            folder(handed) / "structured_report.dcm",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert len(found) == len(read.reading.targets)
    by_uid = {tracking_uid(target): target for target in read.reading.targets}
    for seen in found:
        target = by_uid.pop(seen["uid"])
        assert seen["tool"] == "Probe"
        assert seen["label"] == f"{target.joint.name}: {target.decision.value}"
        assert seen["frame"] == read.review.fused.ct.grid.frame_of_reference_uid
        # It drops what modifies a site, so the words of the site say level and side too.
        joint = target.joint.name
        assert seen["sites"] == [f"Superior articular process of vertebra, {joint}"]
        [point] = seen["points_lps"]
        assert point == pytest.approx(target.point_lps, abs=1e-4)
    assert not by_uid
