"""Makes the sample study and its truth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fusion.progress import Progress, ProgressCallback
from sample_data.anatomy import Anatomy, build_anatomy, placed
from sample_data.dicom import bqml_per_count, frame_of_reference_uids, write_ct, write_nm
from sample_data.parameters import (
    SIMULATED,
    NeckParameters,
    ScanParameters,
    Side,
    derived_uid,
    parameters_json,
)
from sample_data.scanner import acquire_ct, acquire_spect, placement, spect_anatomy, spect_to_ct
from sample_data.spine import Matrix, Vector

#: Version of the truth file; raised when a key changes its meaning.
SCHEMA_VERSION = 1
TRUTH_FILE = "truth.json"


@dataclass(frozen=True, slots=True, eq=False)
class JointTruth:
    """One joint as it was built.

    Parameters
    ----------
    level : str
        Level pair counted downwards from C2 (dens), for example ``"C5-C6"``.
    side : {"left", "right"}
        Patient side.
    center_lps : (3,) ndarray of float64, mm
        Midway between the opposing bony surfaces, in the Frame of Reference of the CT.
    center_spect_lps : (3,) ndarray of float64, mm
        The same point of the patient in the coordinates of the SPECT, posture included.
    normal_lps : (3,) ndarray of float64
        Unit normal of the surface of the lower bone, upwards and mostly backwards.
    gap_mm : float, mm
        Distance between the bony surfaces; 0 when fused.
    suv : float
        True concentration before any blurring.
    hot : bool
        Whether the parameters asked for raised uptake here.
    fused : bool
        Whether the joint is one bone.
    """

    level: str
    side: Side
    center_lps: Vector
    center_spect_lps: Vector
    normal_lps: Vector
    gap_mm: float
    suv: float
    hot: bool
    fused: bool


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is known about a sample study because it was made.

    Parameters
    ----------
    neck, scan : NeckParameters, ScanParameters
        How it was asked for.
    joints : tuple of JointTruth
        Cranial first, left before right, C0-C1 included.
    landmarks_lps : dict of str to (3,) ndarray of float64, mm
        ``"C5 body"``, ``"C5 pillar left"``, ``"dens tip"``, …; CT Frame of Reference.
    spots : tuple of (str, (3,) ndarray, float)
        Uptake that is not a joint: name, centre in CT coordinates, true SUV.
    spect_to_ct : (4, 4) ndarray of float64
        Takes SPECT positions to CT positions (rigid; posture change is not in it).
    folder : Path
        Study folder, which holds ``CT`` and ``NM``.
    truth_path : Path
        This, as JSON.
    """

    neck: NeckParameters
    scan: ScanParameters
    joints: tuple[JointTruth, ...]
    landmarks_lps: dict[str, Vector]
    spots: tuple[tuple[str, Vector, float], ...]
    spect_to_ct: Matrix
    folder: Path
    truth_path: Path

    def joint(self, level: str, side: Side) -> JointTruth:
        """Return one joint.

        Raises
        ------
        KeyError
            This neck has no such joint.
        """
        for joint in self.joints:
            if (joint.level, joint.side) == (level, side):
                return joint
        raise KeyError(f"{side} {level}")

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``truth.json``."""
        ct_frame, nm_frame = frame_of_reference_uids(self.neck, self.scan)
        return {
            "schema_version": SCHEMA_VERSION,
            "simulated": SIMULATED,
            "coordinates": "DICOM LPS, mm, +x patient left, Frame of Reference of the CT",
            "parameters": parameters_json(self.neck, self.scan),
            "study_instance_uid": derived_uid(self.neck, self.scan, role="study"),
            "ct": {
                "series_instance_uid": derived_uid(self.neck, self.scan, role="series/ct"),
                "frame_of_reference_uid": ct_frame,
            },
            "spect": {
                "series_instance_uid": derived_uid(self.neck, self.scan, role="series/nm"),
                "frame_of_reference_uid": nm_frame,
                "quantity": self.scan.quantity,
                "bqml_per_count": bqml_per_count(self.scan),
                "counts_per_suv": self.scan.counts_per_suv,
                "resolution_mm": self.scan.resolution_mm,
            },
            "spect_to_ct": np.round(self.spect_to_ct, 9).tolist(),
            "joints": [
                {
                    "level": joint.level,
                    "side": joint.side,
                    "center_lps": _rounded(joint.center_lps),
                    "center_spect_lps": _rounded(joint.center_spect_lps),
                    "normal_lps": _rounded(joint.normal_lps),
                    "gap_mm": round(joint.gap_mm, 4),
                    "suv": round(joint.suv, 4),
                    "hot": joint.hot,
                    "fused": joint.fused,
                }
                for joint in self.joints
            ],
            "landmarks_lps": {n: _rounded(p) for n, p in self.landmarks_lps.items()},
            "spots": [
                {"place": name, "center_lps": _rounded(center), "suv": suv}
                for name, center, suv in self.spots
            ],
        }


def make_study(
    folder: str | Path,
    *,
    neck: NeckParameters | None = None,
    scan: ScanParameters | None = None,
    progress: ProgressCallback | None = None,
) -> Truth:
    """Make a simulated neck bone SPECT/CT and write it as DICOM.

    Parameters
    ----------
    folder : str or Path
        Is created. The study goes to ``folder/study/CT`` and ``folder/study/NM``, the truth to
        ``folder/truth.json``, beside the study and not in it.
    neck : NeckParameters, optional
        The patient.
    scan : ScanParameters, optional
        The scanner.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`, up to 0.9 before
        anything is written.

    Returns
    -------
    Truth
        Everything that is known about the study because it was made.

    Raises
    ------
    FileExistsError
        ``folder`` already holds a study: nothing is overwritten.
    """
    neck = neck or NeckParameters()
    scan = scan or ScanParameters()
    root = Path(folder)
    study = root / "study"
    if study.exists():
        raise FileExistsError(f"{study} already exists; choose an empty folder")
    report = Progress(progress)
    report(0.0, "Posing the patient")
    anatomy = build_anatomy(neck)
    bent = spect_anatomy(neck, scan) if scan.posture_change_deg else anatomy
    truth = describe(anatomy, bent, neck=neck, scan=scan, folder=root)
    report(0.02, "Taking the CT")
    ct = acquire_ct(anatomy, neck, scan)
    report(0.7, "Taking the SPECT")
    spect = acquire_spect(bent, neck, scan)
    report(0.9, "Writing DICOM")
    write_ct(study, ct, neck=neck, scan=scan)
    write_nm(study, spect, neck=neck, scan=scan)
    text = json.dumps(truth.to_json(), indent=1, sort_keys=True)
    truth.truth_path.write_text(text + "\n", encoding="utf-8")
    report(1.0, "Writing DICOM")
    return truth


def describe(
    anatomy: Anatomy,
    bent: Anatomy,
    *,
    neck: NeckParameters,
    scan: ScanParameters,
    folder: Path,
) -> Truth:
    """Return the truth about a posed patient without taking any image.

    Parameters
    ----------
    anatomy, bent : Anatomy
        The patient during the CT and during the SPECT.
    neck, scan : NeckParameters, ScanParameters
        How it was asked for.
    folder : Path
        Where the study goes.
    """
    place = placement(neck)
    moved = spect_to_ct(scan)
    to_spect = moved.inverse()
    asked = {(hot.level, hot.side) for hot in neck.hot_joints}
    joints = tuple(
        JointTruth(
            joint.level,
            joint.side,
            placed(joint.center, place),
            to_spect.apply(placed(other.center, place)),
            joint.normal,
            0.0 if joint.fused else joint.gap_mm * neck.size,
            suv,
            (joint.level, joint.side) in asked,
            joint.fused,
        )
        for joint, other, suv in zip(
            anatomy.spine.joints, bent.spine.joints, anatomy.joint_suv, strict=True
        )
        if not joint.level.startswith("T")
    )
    landmarks = {n: placed(p, place) for n, p in _landmarks(anatomy).items()}
    spots = tuple((s.name, placed(s.center, place), s.suv) for s in anatomy.spots)
    return Truth(
        neck,
        scan,
        joints,
        landmarks,
        spots,
        moved.matrix,
        folder / "study",
        folder / TRUTH_FILE,
    )


def _landmarks(anatomy: Anatomy) -> dict[str, Vector]:
    result: dict[str, Vector] = {}
    spine = anatomy.spine
    for vertebra in spine.vertebrae:
        result[f"{vertebra.name} {'ring' if vertebra.name == 'C1' else 'body'}"] = vertebra.pose[
            :3, 3
        ]
        if vertebra.name == "C2":
            result["dens tip"] = (
                vertebra.pose[:3, :3] @ np.array([0, 0.2, 29.0]) + vertebra.pose[:3, 3]
            )
        for side in ("left", "right"):
            ends = [
                j.center
                for j in spine.joints
                if j.side == side and vertebra.name in (j.upper, j.lower)
            ]
            if len(ends) == 2 and vertebra.name not in ("C1", "C2"):
                result[f"{vertebra.name} pillar {side}"] = (ends[0] + ends[1]) / 2
    return result


def _rounded(values: Vector) -> list[float]:
    return [round(float(v), 4) for v in values]
