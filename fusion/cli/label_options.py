"""Options that name label maps made elsewhere, the same wherever joints are looked for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.facets.labelled.conventions import CONVENTIONS, convention


def add_label_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`label_options` reads."""
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
    FusionError
        A convention that is unknown or goes with no label map, or a file that is not there.
    """
    paths = tuple(Path(name) for name in args.labels)
    if args.label_convention and not paths:
        raise FusionError("--label-convention goes with --labels FILE.")
    if args.label_convention:
        convention(args.label_convention)
    for path in paths:
        if not path.is_file():
            raise FusionError(f"There is no file {path.name} to read labels from.")
    return {"labels": paths, "label_convention": args.label_convention or None}
