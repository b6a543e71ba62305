"""Makes the sample study from the command line: ``python -m sample_data OUT``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from sample_data.parameters import (
    COARSE_SCAN,
    DEFAULT_HOT_JOINTS,
    SIDES,
    SIMULATED,
    HotJoint,
    NeckParameters,
    ScanParameters,
    Segmentation,
    Shape,
)
from sample_data.study import make_study


def _hot(text: str) -> HotJoint:
    level, side, *suv = text.split(":")
    return HotJoint(level, side, float(suv[0]) if suv else 45.0)  # type: ignore[arg-type]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sample_data",
        description=f"Make a simulated neck bone SPECT/CT as DICOM ({SIMULATED}).",
    )
    parser.add_argument("folder", metavar="OUT", help="folder to create")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shape", choices=[s.value for s in Shape], default="lordotic")
    parser.add_argument("--size", type=float, default=1.0, help="factor on the anatomy")
    parser.add_argument("--tilt", type=float, default=0.0, metavar="DEG", help="to the left")
    parser.add_argument("--rotation", type=float, default=0.0, metavar="DEG", help="to the left")
    parser.add_argument("--segmentation", choices=[s.value for s in Segmentation], default="normal")
    parser.add_argument("--fused", action="append", default=[], metavar="C5-C6")
    parser.add_argument("--cervical-rib", action="append", default=[], choices=SIDES)
    parser.add_argument(
        "--hot",
        action="append",
        type=_hot,
        metavar="C5-C6:left[:SUV]",
        help="joint with raised uptake; may be repeated",
    )
    parser.add_argument("--cold", action="store_true", help="no joint with raised uptake")
    parser.add_argument("--coarse", action="store_true", help="a few seconds, a few megabytes")
    parser.add_argument("--quantity", choices=["counts", "bqml"], default="counts")
    parser.add_argument("--position", choices=["HFS", "FFS", "HFP", "FFP"], default="HFS")
    parser.add_argument("--positive-spacing", action="store_true")
    parser.add_argument("--own-frame-of-reference", action="store_true")
    parser.add_argument("--gantry-tilt", type=float, default=0.0, metavar="DEG")
    parser.add_argument(
        "--shift", type=float, nargs=3, default=(0.0, 0.0, 0.0), metavar=("X", "Y", "Z")
    )
    parser.add_argument(
        "--turn", type=float, nargs=3, default=(0.0, 0.0, 0.0), metavar=("X", "Y", "Z")
    )
    parser.add_argument("--posture-change", type=float, default=0.0, metavar="DEG")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Make the study; return 0, or 2 with a sentence when the options make no neck."""
    options = _parser().parse_args(argv)
    try:
        hot = tuple(options.hot) if options.hot else DEFAULT_HOT_JOINTS
        neck = NeckParameters(
            seed=options.seed,
            shape=Shape(options.shape),
            size=options.size,
            tilt_deg=options.tilt,
            rotation_deg=options.rotation,
            segmentation=Segmentation(options.segmentation),
            fused_levels=tuple(options.fused),
            cervical_ribs=tuple(options.cervical_rib),
            hot_joints=() if options.cold else hot,
        )
        scan = replace(
            COARSE_SCAN if options.coarse else ScanParameters(),
            quantity=options.quantity,
            position=options.position,
            negative_spacing=not options.positive_spacing,
            shared_frame_of_reference=not options.own_frame_of_reference,
            ct_tilt_deg=options.gantry_tilt,
            misregistration_mm=tuple(options.shift),
            misregistration_deg=tuple(options.turn),
            posture_change_deg=options.posture_change,
        )
        truth = make_study(options.folder, neck=neck, scan=scan)
    except (ValueError, OSError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    sys.stdout.write(f"{SIMULATED}\nstudy: {truth.folder}\ntruth: {truth.truth_path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
