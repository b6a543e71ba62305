"""Options of ``facetfusion facets`` that say how uptake is compared and proposed.

Every one of them is a setting without validation; the document that is printed repeats them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusion import cli
from fusion.errors import FusionError, GeometryError
from fusion.facets import CONVENTIONS, convention
from fusion.uptake import (
    NOT_VALIDATED,
    HotSpotSettings,
    ProposalSettings,
    ReferenceChoice,
    ReferenceKind,
    UptakeSettings,
)

if TYPE_CHECKING:
    from fusion.facets import Labels

#: Words of the command line for what a ratio refers to.
REFERENCES = {
    "bone": ReferenceKind.BONE,
    "other-side": ReferenceKind.OTHER_SIDE,
    "region": ReferenceKind.REGION,
}


def add_uptake_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`reference_of` and :func:`settings_of` read."""
    usual, spots, uptake = ProposalSettings(), HotSpotSettings(), UptakeSettings()
    ratios = ",".join(f"{ratio:g}" for ratio in usual.grade_ratios)
    group = parser.add_argument_group(
        "uptake", f"settings of what is measured and proposed; all of them {NOT_VALIDATED}"
    )
    group.add_argument(
        "--reference",
        choices=sorted(REFERENCES),
        help="what ratios refer to: non-active cervical bone (usual), the same joint of the other "
        "side, or a region given by --region",
    )
    group.add_argument(
        "--region",
        metavar="X,Y,Z[,RADIUS]",
        help="reference region on the CT: centre in mm on the CT (left, back, "
        "head) and radius in mm (usual 8). Write -x "
        "values as --region=-1,2,3",
    )
    group.add_argument(
        "--grade-ratios",
        metavar="A,B,C",
        help=f"ratios to the reference at which grades 1, 2 and 3 begin (usual {ratios})",
    )
    group.add_argument(
        "--least-grade",
        type=int,
        metavar="GRADE",
        help=f"propose nothing below this grade (usual {usual.least_grade})",
    )
    group.add_argument(
        "--any-tracer",
        action="store_true",
        help="propose also where the tracer does not show bone (FDG and others), or a PET states "
        "none",
    )
    group.add_argument(
        "--least-excess",
        type=float,
        metavar="TIMES",
        help="how many times ordinary bone a hot spot exceeds it by, before blurring (usual "
        f"{spots.least_excess:g})",
    )
    group.add_argument(
        "--least-noise",
        type=float,
        metavar="TIMES",
        help=f"how many times the noise it stands out by (usual {spots.least_noise:g})",
    )
    group.add_argument(
        "--radius",
        type=float,
        metavar="MM",
        help=f"radius of the volume measured at a joint (usual {uptake.radius_mm:g})",
    )
    group.add_argument(
        "--resolution",
        type=float,
        metavar="MM",
        help="full width at half maximum of the SPECT or PET, where it is known (else it is "
        "estimated)",
    )


def reference_of(args: argparse.Namespace) -> ReferenceChoice:
    """Return what ratios refer to.

    Raises
    ------
    WrongUsage
        Options that contradict each other, or a region that is none.
    """
    kind = args.reference or ("region" if args.region else "bone")
    if (kind == "region") != bool(args.region):
        raise cli.WrongUsage("--reference region and --region X,Y,Z belong together; give both.")
    if kind != "region":
        return ReferenceChoice(REFERENCES[kind])
    numbers = _numbers(args.region, "--region", "X,Y,Z or X,Y,Z,RADIUS in mm", (3, 4))
    center = (numbers[0], numbers[1], numbers[2])
    try:
        return ReferenceChoice(ReferenceKind.REGION, center, *numbers[3:])
    except GeometryError as exc:
        raise cli.WrongUsage(str(exc)) from exc


def settings_of(args: argparse.Namespace) -> ProposalSettings:
    """Return the settings of what is measured and proposed.

    Raises
    ------
    WrongUsage
        A setting outside its range.
    """
    try:
        return _settings_of(args)
    except GeometryError as exc:
        raise cli.WrongUsage(str(exc)) from exc


def _settings_of(args: argparse.Namespace) -> ProposalSettings:
    spots = {
        name: value
        for name in ("least_excess", "least_noise")
        if (value := getattr(args, name)) is not None
    }
    uptake = {
        name: value
        for name, value in (("radius_mm", args.radius), ("resolution_mm", args.resolution))
        if value is not None
    }
    chosen: dict[str, Any] = {
        "hot_spots": HotSpotSettings(**spots),
        "uptake": UptakeSettings(**uptake),
        "any_tracer": args.any_tracer,
    }
    if args.grade_ratios is not None:
        ratios = _numbers(args.grade_ratios, "--grade-ratios", "three rising numbers", (3,))
        chosen["grade_ratios"] = tuple(ratios)
    if args.least_grade is not None:
        chosen["least_grade"] = args.least_grade
    return ProposalSettings(**chosen)


def settings_json(reference: ReferenceChoice, settings: ProposalSettings) -> dict[str, Any]:
    """Return the settings as the document repeats them.

    Parameters
    ----------
    reference : ReferenceChoice
        What ratios refer to.
    settings : ProposalSettings
        How uptake was measured and proposed.
    """
    is_region = reference.kind is ReferenceKind.REGION
    return {
        "reference": reference.kind.value,
        "region_center_lps": None if not is_region else list(reference.center_lps or ()),
        "region_radius_mm": reference.radius_mm if is_region else None,
        **settings.to_json(),
    }


def settings_line(reference: ReferenceChoice, settings: ProposalSettings) -> str:
    """Return the settings in one line, for a terminal; arguments as for :func:`settings_json`."""
    resolution = settings.uptake.resolution_mm
    ratios = ", ".join(f"{ratio:g}" for ratio in settings.grade_ratios)
    return (
        f"Settings ({NOT_VALIDATED}): reference {reference.kind.value}; grades from {ratios} times "
        f"it; nothing below grade {settings.least_grade}; hot spots from "
        f"{settings.hot_spots.least_excess:g} times bone and {settings.hot_spots.least_noise:g} "
        f"times noise; radius {settings.uptake.radius_mm:g} mm; resolution "
        + ("estimated" if resolution is None else f"{resolution:g} mm as given")
    )


def _numbers(text: str, option: str, wanted: str, counts: tuple[int, ...]) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in counts:
        raise cli.WrongUsage(f"{option} needs {wanted}; found {text}.")
    return numbers


def add_label_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`label_options` and :func:`label_maps` read."""
    parser.add_argument(
        "--labels",
        action="append",
        default=[],
        metavar="FILE",
        help="label map of the vertebrae made elsewhere (NIfTI or DICOM SEG) to take the joints "
        "from; repeat it for a map of articular processes (SPINEPS seg-spine)",
    )
    parser.add_argument(
        "--label-convention",
        metavar="NAME",
        help="which program's numbers the labels are, where that cannot be told: "
        + ", ".join(one.name for one in CONVENTIONS),
    )


def label_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return ``labels``, a tuple of Path, and ``label_convention``, a name or None.

    Raises
    ------
    WrongUsage
        A convention that goes with no label map.
    FusionError
        A convention that is unknown, or a file that is not there.
    """
    paths = tuple(Path(name) for name in args.labels)
    if args.label_convention and not paths:
        raise cli.WrongUsage("--label-convention goes with --labels FILE.")
    if args.label_convention:
        convention(args.label_convention)
    for path in paths:
        if not path.is_file():
            raise FusionError(f"There is no file {path.name} to read labels from.")
    return {"labels": paths, "label_convention": args.label_convention or None}


def label_maps(args: argparse.Namespace) -> Labels:
    """Return the label maps that the joints are to be taken from; raises as the above."""
    # With what locates: wrong usage does not wait for it.
    from fusion.facets import Labels

    given = label_options(args)
    return Labels(given["labels"], given["label_convention"])
