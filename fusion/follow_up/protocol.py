"""Whether the pictures of two dates were made alike enough for their values to be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from fusion.dicom import administered, items, text, texts
from fusion.findings import Finding, FromFile
from fusion.findings.follow_up import (
    ANOTHER_DELAY,
    ANOTHER_RECONSTRUCTION,
    ANOTHER_SYSTEM,
    ANOTHER_TRACER,
    DELAY_NOT_STATED,
    DELAY_TOO_DIFFERENT,
    NO_BONE_TRACER,
    RECONSTRUCTION_NOT_STATED,
    TRACER_UNKNOWN,
)
from fusion.findings.volumes import NOT_A_BONE_TRACER, TRACER_NOT_KNOWN, TRACER_NOT_STATED
from fusion.plain_text import plain
from fusion.review import Review

#: Times from injection to scan that differ by less are one, hours.
SAME_DELAY_H = 0.5
#: The published limits are of 2 and 3 hours; further apart than this, they say nothing, hours.
MOST_DELAY_H = 1.5
#: Edges of voxels that differ by less are one.
_SAME_VOXEL = 0.05
#: What says how a volume was reconstructed, and in which words.
_RECONSTRUCTION = (
    ("ReconstructionMethod", "method"),
    ("NumberOfIterations", "iterations"),
    ("NumberOfSubsets", "subsets"),
    ("ConvolutionKernel", "filter"),
    ("AttenuationCorrectionMethod", "attenuation correction"),
    ("ScatterCorrectionMethod", "scatter correction"),
    ("CorrectedImage", "corrections"),
)
#: Findings that leave ratios and take the words "higher" and "lower" away.
_WITHHOLD = (
    ANOTHER_TRACER,
    NO_BONE_TRACER,
    ANOTHER_SYSTEM,
    ANOTHER_RECONSTRUCTION,
    DELAY_TOO_DIFFERENT,
)


@dataclass(frozen=True, slots=True)
class Protocols:
    """How the pictures of two dates were made.

    Parameters
    ----------
    findings : tuple of Finding
        Where they differ, or do not say.
    other_delay : bool
        The time from injection to scan differs, or is not known.
    """

    findings: tuple[Finding, ...]
    other_delay: bool

    @property
    def comparable(self) -> bool:
        """Whether a change may be told."""
        return not any(finding.kind in _WITHHOLD for finding in self.findings)


def protocols(earlier: Review, later: Review) -> Protocols:
    """Hold the acquisitions of two dates against each other.

    Parameters
    ----------
    earlier, later : Review
        The studies.
    """
    headers = earlier.pair.spect.header, later.pair.spect.header
    findings = [
        *_tracers(earlier, later),
        *_systems(*headers),
        *_reconstructions(earlier, later),
    ]
    delays = list(_delays(*headers))
    return Protocols((*findings, *delays), other_delay=bool(delays))


def _tracers(earlier: Review, later: Review) -> Iterator[Finding]:
    both = (("earlier", earlier), ("later", later))
    names = [administered(review.pair.spect.header).tracer for _, review in both]
    labels = [review.spect_label for _, review in both]
    if labels[0] != labels[1] or (all(names) and _words(names[0]) != _words(names[1])):
        said = [
            FromFile(plain(f"{label} {name}".strip()))
            for label, name in zip(labels, names, strict=True)
        ]
        yield ANOTHER_TRACER(earlier=said[0], later=said[1])
    for which, review in both:
        kinds = {finding.kind for finding in review.fused.spect.findings}
        if kinds & {NOT_A_BONE_TRACER, TRACER_NOT_KNOWN, TRACER_NOT_STATED}:
            yield NO_BONE_TRACER(which=which)
        elif not administered(review.pair.spect.header).tracer:
            yield TRACER_UNKNOWN(which=which)


def _words(name: str) -> frozenset[str]:
    """Return the words of a tracer: "99mTc-MDP" and "Tc-99m MDP" have the same."""
    apart = re.sub(r"(?<=\d)m?(?=[A-Za-z]{2})", "m ", name.casefold())
    return frozenset(re.findall(r"[a-z]+|\d+m?", apart)) - {"technetium", "sodium"}


def _systems(earlier: Dataset, later: Dataset) -> Iterator[Finding]:
    systems = [
        tuple(
            filter(
                None,
                (
                    text(header, "Manufacturer"),
                    text(header, "ManufacturerModelName"),
                    *(
                        text(item, "CollimatorGridName")
                        for item in items(header, "DetectorInformationSequence")[:1]
                    ),
                ),
            )
        )
        for header in (earlier, later)
    ]
    if {s.casefold() for s in systems[0]} != {s.casefold() for s in systems[1]}:
        said = [FromFile(plain(" ".join(system)) or "not stated") for system in systems]
        yield ANOTHER_SYSTEM(earlier=said[0], later=said[1])


def _reconstructions(earlier: Review, later: Review) -> Iterator[Finding]:
    headers = earlier.pair.spect.header, later.pair.spect.header
    differing = []
    stated = [False, False]
    for keyword, words in _RECONSTRUCTION:
        said = [" ".join(sorted(map(str.casefold, texts(h, keyword)))) for h in headers]
        stated = [known or bool(one) for known, one in zip(stated, said, strict=True)]
        if said[0] != said[1] and (all(said) or keyword == "CorrectedImage"):
            differing.append(words)
    sizes = [sorted(review.fused.spect.grid.spacing_mm) for review in (earlier, later)]
    if any(abs(a / b - 1) > _SAME_VOXEL for a, b in zip(*sizes, strict=True)):
        differing.append("voxel size")
    if differing:
        yield ANOTHER_RECONSTRUCTION(what=tuple(differing))
    for which, known in zip(("earlier", "later"), stated, strict=True):
        if not known:
            yield RECONSTRUCTION_NOT_STATED(which=which)


def _delays(earlier: Dataset, later: Dataset) -> Iterator[Finding]:
    hours = [administered(header).interval_h for header in (earlier, later)]
    if hours[0] is None or hours[1] is None:
        yield DELAY_NOT_STATED()
        return
    apart = abs(hours[0] - hours[1])
    if apart > MOST_DELAY_H:
        yield DELAY_TOO_DIFFERENT(earlier=hours[0], later=hours[1])
    elif apart > SAME_DELAY_H:
        yield ANOTHER_DELAY(earlier=hours[0], later=hours[1])
