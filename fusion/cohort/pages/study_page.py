"""The page of one study, without identity: the neck, its joints and values, what is doubtful."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from fusion.cohort.outcomes import StudyOutcome
from fusion.cohort.store import PAGE, THUMBNAIL
from fusion.deidentified import NO_MOMENT
from fusion.export import (
    Handout,
    Report,
    ReportCells,
    ReportLines,
    ReportPictures,
    ReportSection,
    report_html,
)
from fusion.facets import Localisation
from fusion.review import Review
from fusion.software import DISCLAIMER, SIMULATED, own_version
from fusion.uptake import RATIO_TO_REFERENCE, Quantification, every_measure

#: Height of a thumbnail, pixels, and quality of its JPEG, of 100.
_THUMBNAIL_PX, _QUALITY = 260, 70
#: Longest side of a picture of the page, pixels.
_PICTURE_PX = 560


def write_study_page(
    folder: Path,
    review: Review,
    found: Localisation,
    uptake: Quantification,
    *,
    key: str,
    outcome: StudyOutcome,
    findings: Sequence[dict[str, str]],
) -> None:
    """Write ``page.html`` and ``thumbnail.jpg``.

    Parameters
    ----------
    folder : Path
        Where.
    review : Review
        The study, already without identity.
    found, uptake
        Its joints and their values.
    key : str
        Of the result.
    outcome : StudyOutcome
        What became of it.
    findings : sequence of dict
        What a reader must know, without identity.
    """
    hottest = max(
        (one for one in uptake.uptakes if one.maximum is not None),
        key=lambda one: one.values.get(RATIO_TO_REFERENCE.name, 0.0),
        default=None,
    )
    handout = Handout.of(
        review,
        None,
        made=NO_MOMENT.replace(tzinfo=None),
        point_lps=None if hottest is None else hottest.maximum_lps,
        localisation=found,
    )
    planes = [one.image for one in handout.pictures.planes]
    views = [one.image for one in handout.pictures.c_arm]
    report = Report(
        title=f"Study {key[:12]}: {outcome.value}",
        banners=(
            *((SIMULATED,) if review.simulated else ()),
            "NOT READ: measured by the program alone; nobody has recorded a decision.",
            *handout.cautions,
        ),
        identity="",
        sections=(
            ReportSection("Levels", (ReportLines(_levels(found)),)),
            ReportSection("Alignment", (ReportLines((_alignment(review, uptake),)),)),
            ReportSection("Joints", (_joints(found, uptake),)),
            ReportSection(
                "Pictures",
                (
                    ReportPictures(
                        "Through the joint with the highest ratio: axial, coronal, sagittal",
                        tuple(_small(one) for one in planes),
                    ),
                    *(
                        (
                            ReportPictures(
                                "As a C-arm would show the neck, with the line of the joints of "
                                "each side: from the front and from the left",
                                tuple(_small(one) for one in views),
                            ),
                        )
                        if views
                        else ()
                    ),
                ),
            ),
            ReportSection(
                "What to know",
                (
                    ReportLines(
                        tuple(f"{one['severity']}: {one['message']}" for one in findings)
                        or ("Nothing.",)
                    ),
                ),
            ),
        ),
        footer=f"{DISCLAIMER} facetfusion {own_version()}.",
    )
    (folder / PAGE).write_text(report_html(report), "utf-8")
    _thumbnail([views[1] if views else planes[2], planes[1]]).save(
        folder / THUMBNAIL, quality=_QUALITY
    )


def _levels(found: Localisation) -> tuple[str, ...]:
    words = {True: "agrees", False: "DISAGREES", None: "does not decide"}
    return (
        f"Numbering: {found.numbering.value}.",
        *(f"{one.source}: {words[one.agrees]}: {one.saw}" for one in found.evidence),
    )


def _alignment(review: Review, uptake: Quantification) -> str:
    """Say how the two images were put together, and how far the images support it."""
    registration = review.fused.registration
    status = registration.status.value if registration.status else "not held against the images"
    known = [one.registration_mm for one in uptake.uptakes if one.registration_mm is not None]
    finite = [one for one in known if math.isfinite(one)]
    off = f"; up to ± {max(finite):.1f} mm at a joint" if finite else ""
    return f"{registration.method.value}: {status}{off}."


def _joints(found: Localisation, uptake: Quantification) -> ReportCells:
    measures = [one for one in every_measure() if one.heading]
    rows = []
    for facet in found.facets:
        one = uptake.uptake_of(facet.joint)
        values = one.values if one is not None else {}
        unit = one.unit if one is not None else ""
        rows.append(
            (
                facet.joint.name,
                facet.status.value,
                facet.numbering.value if facet.center_lps is not None else "",
                "" if facet.localisation_mm is None else f"± {facet.localisation_mm:g} mm",
                *(m.number(values[m.name], unit) if m.name in values else "" for m in measures),
            )
        )
    unit = uptake.uptakes[0].unit if uptake.uptakes else ""
    heads = [
        m.heading.replace("\n", " ") + (f", {unit}" if m.unit.words is None else "")
        for m in measures
    ]
    header = ("Joint", "On the CT", "Level", "Place", *heads)
    return ReportCells(header, tuple(rows), (1 / len(header),) * len(header))


def _small(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((_PICTURE_PX, _PICTURE_PX), Image.Resampling.LANCZOS)
    return small


def _thumbnail(images: Sequence[Image.Image]) -> Image.Image:
    sized = [
        one.resize(
            (max(1, round(one.width * _THUMBNAIL_PX / one.height)), _THUMBNAIL_PX),
            Image.Resampling.LANCZOS,
        )
        for one in images
    ]
    canvas = Image.new("RGB", (sum(one.width for one in sized), _THUMBNAIL_PX))
    x = 0
    for one in sized:
        canvas.paste(one, (x, 0))
        x += one.width
    return canvas
