"""What is known about the patient and the study: the facts F1 to F23 of the pathway.

Every clinical fact has three states: yes, no and not recorded (``None``; absent from the file).
Not recorded is never "no". The keys of ``FACTS.toml`` are the field names of :class:`Facts`; each
field carries its F-number, its question and its help in :class:`Asked`, from which the template,
the questions on the terminal, the panel and the table in the documentation are made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from fusion.pathway.facts.dates import PartialDate
from fusion.plain_text import plain

#: Version of the facts file this program writes; a file that states none is version 1.
SCHEMA_VERSION = 1

#: Free text longer than this is refused: it is a word or a sentence, not a document.
LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """How a fact is asked for.

    Parameters
    ----------
    fact : str
        Its number in docs/pathway.md, for example ``"F7a"``.
    question : str
        The question as a clinician answers it.
    help : str
        What to bear in mind; never a rule that the article does not state.
    detail_of : str
        Key that must be answered before this one means anything; empty for the fact itself.
    """

    fact: str
    question: str
    help: str = ""
    detail_of: str = ""


def _one_line(value: object) -> object:
    if not isinstance(value, str):
        return value
    cleaned = plain(value)
    if not cleaned:
        raise ValueError("the text is empty; leave the line out when it is not recorded")
    if len(cleaned) > LONGEST_TEXT:
        raise ValueError(f"the text has {len(cleaned)} characters; at most {LONGEST_TEXT} fit")
    return cleaned


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _long_answer(value: object) -> object:
    return "answers the question" if value == "answers" else value


def _short_answer(value: object) -> object:
    return "answers" if value == "answers the question" else value


Text = Annotated[str, BeforeValidator(_one_line)]
When = Annotated[PartialDate, PlainValidator(PartialDate.parse)]
Use = Literal["localise target", "plan block", "plan RF", "plan surgery"]

_MODEL = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)


class FactTarget(BaseModel):
    """What is recorded about one target (F23)."""

    model_config = _MODEL

    name: Annotated[Text, Asked("F23", "Side and level of the target, in full?")]
    clinically_concordant: Annotated[
        bool | None,
        Asked("F23", "Do side and level agree with the clinical findings?"),
    ] = None
    inside_operative_bed: Annotated[
        bool | None,
        Asked("F23", "Does the target lie inside the operative bed?"),
    ] = None
    other_evidence_recorded: Annotated[
        bool | None,
        Asked(
            "F22",
            "Does anything but the SPECT result support this target (history, exam, block)?",
        ),
    ] = None


class Facts(BaseModel):
    """Facts F1 to F23, each recorded or not.

    Raises
    ------
    pydantic.ValidationError
        Unknown keys, wrong types, contradictory dates; :mod:`fusion.pathway.facts.facts_file`
        turns it into a :class:`fusion.errors.PathwayError` with the line and the reason.
    """

    model_config = _MODEL

    cervical_pain: Annotated[
        bool | None, Asked("F1", "Is the pain in the neck (cervical region)?")
    ] = None
    fused_spect_ct: Annotated[
        bool | None,
        Asked(
            "F2",
            "Is the study under review a bone SPECT fused with CT?",
            "Planar scintigraphy or SPECT without CT: answer no.",
        ),
    ] = None
    study_status: Annotated[
        Literal["performed", "proposed"] | None,
        Asked(
            "F3",
            "Has the SPECT/CT been performed, or is it proposed?",
            "Changes the tense of the answer only.",
        ),
    ] = None
    study_date: Annotated[
        When | None,
        Asked("F3", "Date of the SPECT/CT?", "Imaging after it is not earlier imaging."),
    ] = None
    pain_new_or_increasing: Annotated[
        bool | None,
        Asked(
            "F4",
            "Is the pain new or increasing (acute or worsening)?",
            "The article gives no duration; the clinician decides.",
        ),
    ] = None
    episode_began: Annotated[
        When | None, Asked("F4", "When did the present episode of pain begin?")
    ] = None
    pain_chronic: Annotated[
        bool | None,
        Asked(
            "F5",
            "Is the pain chronic?",
            "The article gives no duration; many use about three months, which is not a rule here.",
        ),
    ] = None
    post_traumatic: Annotated[bool | None, Asked("F6", "Is the pain post-traumatic?")] = None
    suspected_infection: Annotated[
        bool | None, Asked("F7a", "Red flag: is an infection suspected?")
    ] = None
    history_of_cancer: Annotated[
        bool | None,
        Asked("F7b", "Red flag: is there a history of cancer?", "Any recorded history counts."),
    ] = None
    progressive_neurological_deficit: Annotated[
        bool | None, Asked("F7c", "Red flag: is there a progressive neurological deficit?")
    ] = None
    other_red_flag: Annotated[
        Text | None,
        Asked(
            "F7x",
            "Any other red flag, in your words?",
            "Shown, never part of the verdict: the article's list has three. Seek urgent review.",
        ),
    ] = None
    neurological_deficit: Annotated[
        bool | None, Asked("F8", "Is there a neurological deficit, including radiculopathy?")
    ] = None
    persists_despite_conservative_treatment: Annotated[
        bool | None,
        Asked(
            "F9",
            "Do symptoms persist despite conservative treatment?",
            "The article gives no duration. A consensus on cervical facet pain advises 6 weeks of "
            "conservative care before blocks (grade C); it is not a rule here.",
        ),
    ] = None
    prior_cervical_surgery: Annotated[
        bool | None, Asked("F10", "Was there cervical surgery before?")
    ] = None
    surgery_date: Annotated[
        When | None,
        Asked("F10", "Date of the (last) surgery?", detail_of="prior_cervical_surgery"),
    ] = None
    surgery_levels: Annotated[
        tuple[Text, ...] | None,
        Field(strict=False),
        BeforeValidator(_as_tuple),
        Asked("F10", "Levels operated on?", detail_of="prior_cervical_surgery"),
    ] = None
    surgical_hardware: Annotated[
        bool | None,
        Asked("F10", "Is there surgical hardware?", detail_of="prior_cervical_surgery"),
    ] = None
    hardware_complication_suspected: Annotated[
        bool | None, Asked("F11", "Is a hardware complication suspected?")
    ] = None
    pseudoarthrosis_suspected: Annotated[
        bool | None, Asked("F12", "Is pseudoarthrosis or vertebral body nonunion suspected?")
    ] = None
    adjacent_segment_disease_suspected: Annotated[
        bool | None, Asked("F13", "Is adjacent segment disease suspected?")
    ] = None
    radiographs: Annotated[
        Literal["none", "normal", "equivocal", "explains the pain"] | None,
        Asked("F14", "Radiographs of the cervical spine before this study: what did they show?"),
    ] = None
    radiographs_date: Annotated[
        When | None, Asked("F14", "Date of the radiographs?", detail_of="radiographs")
    ] = None
    radiograph_ap: Annotated[
        bool | None, Asked("F14", "Was an anteroposterior view made?", detail_of="radiographs")
    ] = None
    radiograph_lateral: Annotated[
        bool | None, Asked("F14", "Was a lateral view made?", detail_of="radiographs")
    ] = None
    radiograph_flexion: Annotated[
        bool | None, Asked("F14", "Was a flexion view made?", detail_of="radiographs")
    ] = None
    radiograph_extension: Annotated[
        bool | None, Asked("F14", "Was an extension view made?", detail_of="radiographs")
    ] = None
    mri: Annotated[
        Literal["none", "inconclusive", "answers the question"] | None,
        BeforeValidator(_long_answer),
        Asked(
            "F15",
            "MRI of the cervical spine before this study: did it answer the clinical question?",
            "Inconclusive means that it did not. Normal or degenerative findings are not mapped "
            "to either for you.",
        ),
    ] = None
    mri_date: Annotated[When | None, Asked("F15", "Date of the MRI?", detail_of="mri")] = None
    mri_contrast: Annotated[
        bool | None, Asked("F15", "Was contrast given for the MRI?", detail_of="mri")
    ] = None
    mri_contraindicated_or_limited: Annotated[
        bool | None, Asked("F16", "Is MRI contraindicated, or limited by hardware artefact?")
    ] = None
    diagnostic_ct: Annotated[
        Literal["none", "inconclusive", "answers"] | None,
        BeforeValidator(_short_answer),
        Asked(
            "F17",
            "Diagnostic CT of the cervical spine before this study: did it answer the question?",
            "The CT of the SPECT/CT itself never counts.",
        ),
    ] = None
    diagnostic_ct_date: Annotated[
        When | None, Asked("F17", "Date of the diagnostic CT?", detail_of="diagnostic_ct")
    ] = None
    standard_imaging_overall: Annotated[
        Literal["inconclusive", "answers"] | None,
        BeforeValidator(_short_answer),
        Asked(
            "F18",
            "MRI and CT disagree: taken together, did standard imaging answer the question?",
            "Used only when one answered the question and the other was inconclusive.",
        ),
    ] = None
    bony_detail_needed: Annotated[
        bool | None, Asked("F19", "Is better visualisation of bony structures needed?")
    ] = None
    facet_arthropathy_suspected: Annotated[
        bool | None,
        Asked("F20", "Is facet joint arthropathy suspected clinically as the pain generator?"),
    ] = None
    occult_fracture_or_periostitis_question: Annotated[
        bool | None, Asked("F21", "Is the question occult fracture or periostitis?")
    ] = None
    planned_uses: Annotated[
        tuple[Use, ...] | None,
        Field(strict=False),
        BeforeValidator(_as_tuple),
        Asked(
            "F22",
            "What will the result be used for?",
            "Several may be chosen; none when nothing is planned.",
        ),
    ] = None
    other_evidence_recorded: Annotated[
        bool | None,
        Asked(
            "F22",
            "Does anything but the SPECT result (history, exam, block) support the target?",
        ),
    ] = None
    targets: Annotated[
        tuple[FactTarget, ...],
        Field(strict=False, max_length=100),
        BeforeValidator(_as_tuple),
        Asked("F23", "For each target: does it agree with the clinic, is it in the operative bed?"),
    ] = ()

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Facts:
        for key, reason in _contradictions(self):
            raise PydanticCustomError("contradiction", "{reason}", {"key": key, "reason": reason})
        return self

    def recorded(self) -> dict[str, Any]:
        """Return what is recorded, by key, in plain TOML and JSON types (dates as text)."""
        held = {key: getattr(self, key) for key in type(self).model_fields}
        if not self.targets:
            del held["targets"]
        return {key: _plain(value) for key, value in held.items() if value is not None}

    def earlier(self, imaging_date: PartialDate | None) -> bool | None:
        """Whether imaging of this date was made before the study; None when dates can't say.

        Without both dates the answer itself stands: the question asks for imaging before the
        study. With both, they decide, and the same day or a coarse date leaves it open (A15, A17).
        """
        if imaging_date is None or self.study_date is None:
            return True
        return imaging_date.before(self.study_date)


def _plain(value: Any) -> Any:
    if isinstance(value, PartialDate):
        return str(value)
    if isinstance(value, FactTarget):
        shown = {key: getattr(value, key) for key in FactTarget.model_fields}
        return {key: item for key, item in shown.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _contradictions(facts: Facts) -> list[tuple[str, str]]:
    """Return ``(key, reason)`` for what can't all be true."""
    found: list[tuple[str, str]] = []
    for key, asked in QUESTIONS.items():
        given, parent = getattr(facts, key), asked.detail_of
        if given is None or not parent:
            continue
        answer = getattr(facts, parent)
        if answer is None:
            found.append((key, f"{key} is given but {parent} is not recorded; record it as well"))
        elif answer in (False, "none") and given not in (False, ()):
            said = "false" if answer is False else f'"{answer}"'
            found.append((key, f"{key} is given but {parent} is {said}"))
    study = facts.study_date
    for key, what in (("surgery_date", "prior surgery"), ("episode_began", "the present episode")):
        moment: PartialDate | None = getattr(facts, key)
        if study and moment and study.before(moment):
            found.append((key, f"{what} is dated {moment}, after the SPECT/CT ({study})"))
    return found


def _collect(model: type[BaseModel]) -> dict[str, Asked]:
    return {
        key: next(item for item in field.metadata if isinstance(item, Asked))
        for key, field in model.model_fields.items()
    }


#: Question of every key of a facts file, in the order of docs/pathway.md.
QUESTIONS: Mapping[str, Asked] = _collect(Facts)
#: Question of every key of a ``[[targets]]`` table.
TARGET_QUESTIONS: Mapping[str, Asked] = _collect(FactTarget)
#: Key that holds each fact (details are other keys with the same number), by F-number.
KEY_OF_FACT: Mapping[str, str] = {
    asked.fact: key for key, asked in reversed(list(QUESTIONS.items()))
}
#: Every F-number in the order of docs/pathway.md.
FACT_IDS: tuple[str, ...] = tuple(dict.fromkeys(asked.fact for asked in QUESTIONS.values()))


def answers(key: str) -> tuple[str, ...]:
    """Return the answers that a key takes, as written in TOML; empty for text and dates."""
    annotation = Facts.model_fields[key].annotation
    for option in (annotation, *get_args(annotation)):
        if option is bool:
            return ("true", "false")
        if get_origin(option) is Literal:
            return tuple(f'"{value}"' for value in get_args(option))
    return tuple(f'"{value}"' for value in get_args(Use)) if key == "planned_uses" else ()


def in_the_future(facts: Facts, today: dt.date) -> list[tuple[str, str]]:
    """Return ``(key, reason)`` for things recorded as done that are dated after today."""
    keys = ["surgery_date", "episode_began", "radiographs_date", "mri_date", "diagnostic_ct_date"]
    if facts.study_status == "performed":
        keys.append("study_date")
    dated = ((key, getattr(facts, key)) for key in keys)
    return [
        (key, f"{key} is {when}, in the future")
        for key, when in dated
        if when is not None and when.first > today
    ]
