"""What DICOM can tell about the facts: proposals for the reader, never answers.

Nothing here enters a verdict. Each proposal names where it comes from; the reader confirms it by
recording the fact. What an examination showed is always left to the reader, and the absence of
images proves nothing, so "none" is never proposed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from fusion.dicom import Catalog, Kind, Series, Study, items, text, texts
from fusion.errors import PathwayError
from fusion.geometry import Grid
from fusion.pathway.facts.dates import PartialDate
from fusion.plain_text import iso_date, plain

#: Modalities of radiographs: computed and digital radiography, fluoroscopy.
RADIOGRAPHY = frozenset({"CR", "DX", "RF"})

#: Words for the neck in body parts and descriptions (underscores read as spaces).
_NECK = re.compile(
    r"\b(neck|head ?neck|neck ?chest|c ?spine|cerv\w*|cspine|hws|hals|nuque|cuello)\b",
    re.IGNORECASE,
)
_NOT_NECK_SPINE = re.compile(
    r"\b(l ?spine|lspine|t ?spine|tspine|lumb\w*|thorac\w*|lws|bws|pelvis|hip|knee|foot|hand"
    r"|abdomen|chest|lungs?|skull|brain|shoulder|ankle|wrist)\b",
    re.IGNORECASE,
)
_VIEWS = {
    "radiograph_ap": re.compile(r"\b(ap|pa|anteroposterior)\b", re.IGNORECASE),
    "radiograph_lateral": re.compile(r"\b(lat|lateral|ll|rl)\b", re.IGNORECASE),
    "radiograph_flexion": re.compile(r"\bflex(ion)?\b", re.IGNORECASE),
    "radiograph_extension": re.compile(r"\bext(ension)?\b", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class ProposedFact:
    """Something that the images suggest about a fact.

    Parameters
    ----------
    fact : str
        F-number; empty for context that no fact of the pathway uses.
    key : str
        Key of the facts file; empty for context.
    value : bool, str or None
        As the facts file would hold it; None when only the reader can say.
    text : str
        What was found, and what the reader has to settle.
    source : str
        Where: attributes, series, date. No patient identity.
    """

    fact: str
    key: str
    value: bool | str | None
    text: str
    source: str

    @property
    def spoken_value(self) -> str:
        """The value in words; empty when only the reader can say."""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        return self.value or ""


def study_under_review(catalog: Catalog) -> Study | None:
    """Return the one study of a catalog that holds a SPECT/CT, or else the one bone scan or PET.

    None when there is none of them: the SPECT/CT may only be proposed.

    Raises
    ------
    PathwayError
        There is more than one.
    """
    scans = [study for study in catalog.studies if _kinds(study) & _NUCLEAR]
    hybrids = [study for study in scans if _kinds(study) >= {Kind.SPECT, Kind.CT}]
    pets = [study for study in catalog.studies if Kind.PET in _kinds(study)]
    for candidates in (hybrids, scans, pets):
        if len(candidates) == 1:
            return candidates[0]
    found = hybrids or scans or pets
    if not found:
        return None
    dates = ", ".join(iso_date(study.date) or "no date" for study in found)
    raise PathwayError(
        f"{len(found)} nuclear medicine or PET studies were found there (dated {dates}); name the "
        "folder of the one under review."
    )


def propose(
    catalog: Catalog, study: Study | None, *, fused: Collection[Series] = ()
) -> tuple[ProposedFact, ...]:
    """Return what the files suggest about the facts of a study.

    Parameters
    ----------
    catalog : Catalog
        Everything found beside the study.
    study : Study or None
        The study under review; None when the SPECT/CT is only proposed and all that the files
        hold is earlier imaging.
    fused : collection of Series
        The CT and SPECT that were opened together, when they are known: wherever they are filed,
        they are the study under review.

    Returns
    -------
    tuple of ProposedFact
        In the order of the facts.

    Raises
    ------
    PathwayError
        No study is given and the files are not all of one patient.
    """
    if study is None:
        return tuple(_proposed_only(catalog))
    own = _own_series(catalog, study, fused)
    found = [*_region(study), *_fused(study, own), *_status(study)]
    found += [*earlier_imaging(catalog, study, own=own), *_tracer(study), *_age_and_sex(study)]
    return tuple(found)


def _proposed_only(catalog: Catalog) -> Iterator[ProposedFact]:
    first = catalog.studies[0] if catalog.studies else None
    if first is None or not all(
        other is first or _same_patient(first, other) for other in catalog.studies
    ):
        raise PathwayError(
            "No SPECT/CT was found there, and the files do not all state one and the same "
            "patient; name a folder that holds the studies of one patient."
        )
    yield ProposedFact(
        "F3",
        "study_status",
        None,
        "No SPECT, bone scan or PET is among the files. Say whether the SPECT/CT is proposed; if "
        "it was performed, name its folder as well.",
        f"{len(catalog.studies)} studies" if len(catalog.studies) > 1 else "1 study",
    )
    for study in catalog.studies:
        for series in study.series:
            yield from _earlier_series(series, study, None)


_NUCLEAR = frozenset({Kind.SPECT, Kind.PLANAR, Kind.PROJECTIONS})


def _kinds(study: Study) -> set[Kind]:
    return {series.kind for series in study.series}


def _region(study: Study) -> Iterator[ProposedFact]:
    said = [
        (words, series) for series in study.series if (words := _region_words(series, study)[0])
    ]
    neck = next(((w, s) for w, s in said if _NECK.search(w)), None)
    other = next(((w, s) for w, s in said if _NOT_NECK_SPINE.search(w)), None)
    lengths = [
        f"the {plan.kind.label} covers {_head_to_foot_mm(plan.grid):.0f} mm head to foot"
        for series in study.series
        for plan in series.volumes
        if plan.grid is not None and plan.refusal is None
    ]
    field = f" ({'; '.join(dict.fromkeys(lengths))})" if lengths else ""
    if neck:
        yield ProposedFact(
            "F1",
            "cervical_pain",
            True,
            f"The files name the neck{field}. Confirm that the pain is cervical.",
            f'{_named(neck[1])}: "{neck[0]}"',
        )
    elif other:
        yield ProposedFact(
            "F1",
            "cervical_pain",
            False,
            f"The files name another region{field}. Confirm whether the pain is cervical.",
            f'{_named(other[1])}: "{other[0]}"',
        )
    elif lengths:
        yield ProposedFact(
            "F1",
            "cervical_pain",
            None,
            f"The files do not name the region{field}. Say whether the pain is cervical.",
            "body part and descriptions in the files",
        )


def _head_to_foot_mm(grid: Grid) -> float:
    return float(np.ptp(grid.corners_lps[:, 2]))


def _own_series(catalog: Catalog, study: Study, fused: Collection[Series]) -> tuple[Series, ...]:
    """Return the series of the study under review, also those filed in another study.

    A CT in the SPECT's Frame of Reference was made with it (PS3.3 section C.7.4.1).
    """
    frames = {
        plan.grid.frame_of_reference_uid
        for series in study.series
        for plan in series.volumes
        if plan.grid is not None and series.kind in (Kind.SPECT, Kind.PET)
    } - {None}
    elsewhere = (s for other in catalog.studies if other is not study for s in other.series)
    made_with_it = (
        series
        for series in elsewhere
        if any(p.grid and p.grid.frame_of_reference_uid in frames for p in series.volumes)
    )
    return (*study.series, *fused, *made_with_it)


def _fused(study: Study, own: Collection[Series]) -> Iterator[ProposedFact]:
    usable = [
        (series.kind, series)
        for series in own
        if any(plan.refusal is None for plan in series.volumes)
    ]
    spect = next((s for kind, s in usable if kind is Kind.SPECT), None)
    ct = next((s for kind, s in usable if kind is Kind.CT), None)
    nuclear = _kinds(study) & _NUCLEAR
    if spect and ct:
        yield ProposedFact(
            "F2",
            "fused_spect_ct",
            True,
            "The study holds a reconstructed SPECT and a CT that can be fused.",
            f"{_named(spect)}; {_named(ct)}",
        )
    elif nuclear or Kind.PET in _kinds(study):
        missing = "no usable CT" if spect else "no reconstructed SPECT that can be read"
        if not nuclear:
            missing = "PET instead of SPECT"
        yield ProposedFact(
            "F2",
            "fused_spect_ct",
            False,
            f"The study holds {missing}. The pathway speaks only of bone SPECT fused with CT.",
            "series of the study",
        )


def _status(study: Study) -> Iterator[ProposedFact]:
    yield ProposedFact(
        "F3", "study_status", "performed", "Its images exist.", "series of the study"
    )
    day = _day(study.date)
    if day:
        yield ProposedFact("F3", "study_date", str(day), f"Dated {day}.", "date of the study")


def earlier_imaging(
    catalog: Catalog, study: Study, *, own: Collection[Series] = ()
) -> Iterator[ProposedFact]:
    """Yield what a catalog holds of earlier imaging of the same patient.

    Parameters
    ----------
    catalog : Catalog
        Where to look: the folder of the study, or an archive.
    study : Study
        The study under review.
    own : collection of Series
        Further series of the study under review that are filed elsewhere.
    """
    own_uids = {series.series_instance_uid for series in (*study.series, *own)}
    for other in catalog.studies:
        same_study = other.study_instance_uid == study.study_instance_uid
        if not same_study and not _same_patient(other, study):
            continue
        for series in other.series:
            # The CT of the SPECT/CT itself never counts (A14); radiographs filed with it may.
            if series.modality != "CT" or series.series_instance_uid not in own_uids:
                yield from _earlier_series(series, other, _day(study.date))


def _earlier_series(
    series: Series, study: Study, study_day: PartialDate | None
) -> Iterator[ProposedFact]:
    fact_key = _modality_fact(series)
    if fact_key is None or series.kind is Kind.LOCALIZER:
        return
    if fact_key[1] == "diagnostic_ct" and _is_hybrid(study):
        return  # the CT of a SPECT/CT or PET/CT never counts
    yield from _examination(series, study, study_day, *fact_key)


def _examination(
    series: Series, study: Study, study_day: PartialDate | None, fact: str, key: str
) -> Iterator[ProposedFact]:
    words, body_part = _region_words(series, study)
    neck = bool(_NECK.search(words))
    if not neck and (body_part or _NOT_NECK_SPINE.search(words)):
        return
    day = _day(_series_date(series)) or _day(study.date)
    order = None if day is None or study_day is None else day.before(study_day)
    when = f"dated {day}" if day else "without a date"
    region = "of the neck" if neck else "of a region that the files do not name"
    source = f"{_named(series)}, {when}"
    name = {"radiographs": "A radiograph", "mri": "An MRI", "diagnostic_ct": "A CT"}[key]
    if order is False:
        yield ProposedFact(
            fact,
            key,
            None,
            f"{name} {region} is {when}, after this study: it is not earlier imaging.",
            source,
        )
        return
    unsure = "" if order else " The dates do not say whether it came before this study."
    diagnostic = " Confirm that it is a diagnostic CT." if key == "diagnostic_ct" else ""
    yield ProposedFact(
        fact,
        key,
        None,
        f"{name} {region} is {when}.{unsure}{diagnostic} What it showed is for the reader to say.",
        source,
    )
    if day:
        yield ProposedFact(fact, f"{key}_date", str(day), f"{name} {region} is {when}.", source)
    if key == "mri" and any(text(i.dataset, "ContrastBolusAgent") for i in series.instances):
        yield ProposedFact(
            fact, "mri_contrast", True, "Contrast is stated.", f"{source}: contrast agent"
        )
    if key == "radiographs":
        yield from _views(series, source)


def _views(series: Series, source: str) -> Iterator[ProposedFact]:
    for key, pattern in _VIEWS.items():
        for instance in series.instances:
            said = f"{text(instance.dataset, 'ViewPosition')} {series.description}"
            if pattern.search(said.replace("_", " ")):
                yield ProposedFact(
                    "F14", key, True, f'The view is stated as "{plain(said)}".', source
                )
                break


def _tracer(study: Study) -> Iterator[ProposedFact]:
    for series in study.series:
        for instance in series.instances[:1]:
            for item in items(instance.dataset, "RadiopharmaceuticalInformationSequence"):
                agent = text(item, "Radiopharmaceutical")
                nuclides = [
                    text(code, "CodeMeaning") for code in items(item, "RadionuclideCodeSequence")
                ]
                said = ", ".join(dict.fromkeys(part for part in [agent, *nuclides] if part))
                if said:
                    yield ProposedFact(
                        "",
                        "",
                        None,
                        f"Tracer: {said}. The article's sentence on bone scans is about Tc-99m.",
                        f"{_named(series)}: radiopharmaceutical",
                    )
                    return


def _age_and_sex(study: Study) -> Iterator[ProposedFact]:
    born, day = _day(study.patient.birth_date), _day(study.date)
    said = []
    if born and day and day.first >= born.first:
        birthday_passed = (day.first.month, day.first.day) >= (born.first.month, born.first.day)
        said.append(f"age {day.first.year - born.first.year - (not birthday_passed)} years")
    if study.patient.sex:
        said.append(f"sex {study.patient.sex}")
    if said:
        yield ProposedFact(
            "",
            "",
            None,
            f"At the study: {', '.join(said)}. No fact of the pathway uses them.",
            "age and sex in the files",
        )


def _modality_fact(series: Series) -> tuple[str, str] | None:
    if series.modality in RADIOGRAPHY:
        return "F14", "radiographs"
    return {"MR": ("F15", "mri"), "CT": ("F17", "diagnostic_ct")}.get(series.modality)


def _is_hybrid(study: Study) -> bool:
    return any(s.kind in _NUCLEAR or s.kind is Kind.PET for s in study.series)


def _same_patient(one: Study, other: Study) -> bool:
    # Without an identifier two studies may belong to two people: nothing is proposed then.
    a, b = one.patient, other.patient
    return bool(a.patient_id) and a.patient_id == b.patient_id and a.birth_date == b.birth_date


def _region_words(series: Series, study: Study) -> tuple[str, str]:
    """Return everything that names a region, and the body part alone."""
    if not series.instances:
        return "", ""
    dataset = series.instances[0].dataset
    body_part = " ".join(texts(dataset, "BodyPartExamined"))
    regions = [text(item, "CodeMeaning") for item in items(dataset, "AnatomicRegionSequence")]
    words = [body_part, *regions, text(dataset, "ProtocolName"), series.description]
    named = ", ".join(dict.fromkeys(w.replace("_", " ").strip() for w in words if w))
    return (named or study.description.replace("_", " ")), body_part


def _series_date(series: Series) -> str:
    for instance in series.instances[:1]:
        for keyword in ("SeriesDate", "AcquisitionDate", "ContentDate", "StudyDate"):
            value = text(instance.dataset, keyword)
            if value:
                return value
    return ""


def _day(written: str) -> PartialDate | None:
    """Return a DICOM date (YYYYMMDD), or None when absent or impossible."""
    digits = re.sub(r"[^0-9]", "", written)
    if len(digits) != 8:
        return None
    try:
        return PartialDate.parse(iso_date(digits))
    except ValueError:
        return None


def _named(series: Series) -> str:
    return f'{plain(series.modality)} series "{plain(series.description) or "no description"}"'
