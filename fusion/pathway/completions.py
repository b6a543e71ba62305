"""Every completion of the facts that are not recorded, one axis for each open question.

Facts that the pathway only ever reads together share an axis (the three red flags), and what
dates say becomes an axis of its own (time since surgery). This keeps all completions of an empty
sheet small enough to decide anew at each keystroke, and it leaves nothing out: each axis holds
every value that its facts together can have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.pathway.facts.dates import PartialDate
from fusion.pathway.facts.facts import Facts

#: The order of asking that prunes fastest: scope, earlier imaging, red flags and neurology, what
#: MRI and CT said, surgery and trauma, facet and chronic; then what only adds cautions and gaps.
ASKING_ORDER = (
    *("F1", "F2", "F14", "F15", "F17", "F7a", "F7b", "F7c", "F7x", "F8", "F16", "F18"),
    *("F10", "F12", "F6", "F20", "F5"),
    *("F4", "F9", "F13", "F11", "F19", "F21", "F22", "F3", "F23"),
)

RED_FLAGS = {
    "F7a": "suspected_infection",
    "F7b": "history_of_cancer",
    "F7c": "progressive_neurological_deficit",
}

_YES_NO = {
    "cervical_pain": "F1",
    "fused_spect_ct": "F2",
    "pain_new_or_increasing": "F4",
    "pain_chronic": "F5",
    "post_traumatic": "F6",
    "neurological_deficit": "F8",
    "persists_despite_conservative_treatment": "F9",
    "prior_cervical_surgery": "F10",
    "hardware_complication_suspected": "F11",
    "pseudoarthrosis_suspected": "F12",
    "adjacent_segment_disease_suspected": "F13",
    "radiograph_ap": "F14",
    "radiograph_lateral": "F14",
    "radiograph_flexion": "F14",
    "radiograph_extension": "F14",
    "mri_contraindicated_or_limited": "F16",
    "bony_detail_needed": "F19",
    "facet_arthropathy_suspected": "F20",
    "occult_fracture_or_periostitis_question": "F21",
    "other_evidence_recorded": "F22",
}

_IMAGING = {
    "radiographs": ("F14", ("none", "normal", "equivocal", "explains the pain")),
    "mri": ("F15", ("none", "inconclusive", "answers")),
    "diagnostic_ct": ("F17", ("none", "inconclusive", "answers")),
}

#: Facts behind each name that conditions use, and behind scenarios and fit. ``supported`` rests on
#: all of the procedure and isn't listed.
FACTS_OF: Mapping[str, tuple[str, ...]] = {
    **{name: (fact,) for name, fact in _YES_NO.items()},
    **{name: (fact,) for name, (fact, _) in _IMAGING.items()},
    "in_scope": ("F1", "F2"),
    "earlier_imaging": ("F14", "F15", "F17"),
    "red_flag": tuple(RED_FLAGS),
    "other_red_flag_named": ("F7x",),
    "standard_imaging": ("F15", "F17", "F18"),
    "scenario_a": ("F15", "F17", "F18"),
    "scenario_b": ("F15", "F17", "F18", "F10", "F12"),
    "scenario_c": ("F15", "F17", "F18", "F20", "F5"),
    "scenario_d": ("F14", "F15", "F17", "F18", "F6"),
    "headline": ("F15", "F17", "F18", "F20"),
    "treatment_planned": ("F22",),
    "surgery_planned": ("F22",),
    "surgery_interval": ("F10", "F3"),
    "mri_predates_episode": ("F15", "F4"),
    "ct_predates_episode": ("F17", "F4"),
    "imaging_after_study": ("F14", "F15", "F17", "F3"),
}


@dataclass(frozen=True, slots=True)
class Axis:
    """One question, and the values it may have.

    Parameters
    ----------
    name : str
        As conditions and the procedure call it.
    values : tuple of bool or tuple of str
        One when recorded; every possible one when not.
    facts : tuple of str
        F-numbers that would settle it.
    """

    name: str
    values: tuple[bool, ...] | tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Completions:
    """All completions of a sheet of facts.

    Parameters
    ----------
    axes : tuple of Axis
        One for each array axis.
    arrays : mapping of str to ndarray
        Values of each name, shaped to broadcast along its own axis.
    """

    axes: tuple[Axis, ...]
    arrays: Mapping[str, npt.NDArray[Any]]

    @classmethod
    def of(cls, facts: Facts) -> Completions:
        """Return the completions of a sheet of facts."""
        axes = tuple(_axes(facts))
        arrays: dict[str, npt.NDArray[Any]] = {}
        for position, axis in enumerate(axes):
            shape = [1] * len(axes)
            shape[position] = len(axis.values)
            arrays[axis.name] = np.array(axis.values).reshape(shape)
        planned = arrays.pop("planned")
        arrays["treatment_planned"] = planned != "none"
        arrays["surgery_planned"] = planned == "surgery"
        return cls(axes, arrays)

    def deciding(self, result: npt.NDArray[Any]) -> tuple[str, ...]:
        """Return the facts that change a result in some completion of the others.

        Parameters
        ----------
        result : ndarray
            Computed from :attr:`arrays`.

        Returns
        -------
        tuple of str
            F-numbers in the order of :data:`ASKING_ORDER`.
        """
        if result.ndim != len(self.axes):
            return ()
        found: list[str] = []
        for position, axis in enumerate(self.axes):
            if result.shape[position] > 1:
                first = result.take([0], axis=position)
                if (result != first).any():
                    found.extend(axis.facts)
        return in_asking_order(found)


def in_asking_order(facts: Iterable[str]) -> tuple[str, ...]:
    """Return F-numbers without repeats, in the order in which they are asked."""
    return tuple(sorted(set(facts), key=ASKING_ORDER.index))


def order_unknown(facts: Facts) -> tuple[str, ...]:
    """Return the imaging facts whose dates don't say whether it came before the study (A17)."""
    return tuple(
        fact
        for key, (fact, _) in _IMAGING.items()
        if getattr(facts, key) not in (None, "none")
        and facts.earlier(getattr(facts, f"{key}_date")) is None
    )


def _axes(facts: Facts) -> Iterable[Axis]:
    for name, fact in _YES_NO.items():
        yield _yes_no(name, getattr(facts, name), fact)
    yield _red_flags(facts)
    after_study = False
    for name, (fact, every) in _IMAGING.items():
        answer, moment = getattr(facts, name), getattr(facts, f"{name}_date")
        before = facts.earlier(moment)
        done = answer not in (None, "none")
        after_study |= done and before is False
        yield Axis(name, _imaging_values(answer, before, every), (fact,))
        if name != "radiographs":
            predates = _predates(answer, moment, facts.episode_began)
            yield _yes_no(f"{'mri' if name == 'mri' else 'ct'}_predates_episode", predates, fact)
    overall = facts.standard_imaging_overall
    yield Axis(
        "standard_imaging_overall", (overall,) if overall else ("inconclusive", "answers"), ("F18",)
    )
    yield Axis("planned", _planned(facts), ("F22",))
    yield _surgery_interval(facts)
    yield _yes_no("imaging_after_study", after_study, "F3")
    yield _yes_no("other_red_flag_named", facts.other_red_flag is not None, "F7x")


def _yes_no(name: str, value: bool | None, fact: str) -> Axis:
    return Axis(name, (False, True) if value is None else (value,), (fact,))


def _red_flags(facts: Facts) -> Axis:
    given = {fact: getattr(facts, key) for fact, key in RED_FLAGS.items()}
    if True in given.values():
        return Axis("red_flag", (True,), tuple(RED_FLAGS))
    unrecorded = tuple(fact for fact, value in given.items() if value is None)
    return Axis("red_flag", (False, True) if unrecorded else (False,), unrecorded)


def _imaging_values(
    answer: str | None, before: bool | None, every: tuple[str, ...]
) -> tuple[str, ...]:
    if answer is None:
        return every
    short = "answers" if answer == "answers the question" else answer
    if short == "none" or before is False:
        return ("none",)
    return (short,) if before else ("none", short)


def _predates(
    answer: str | None, moment: PartialDate | None, episode: PartialDate | None
) -> bool | None:
    if answer == "none":
        return False
    return None if moment is None or episode is None else moment.before(episode)


def _planned(facts: Facts) -> tuple[str, ...]:
    if facts.planned_uses is None:
        return ("none", "procedure", "surgery")
    if "plan surgery" in facts.planned_uses:
        return ("surgery",)
    block_or_rf = {"plan block", "plan RF"} & set(facts.planned_uses)
    return ("procedure",) if block_or_rf else ("none",)


def _surgery_interval(facts: Facts) -> Axis:
    both = ("under 12 months", "12 months or more")
    if facts.surgery_date is None or facts.study_date is None:
        return Axis("surgery_interval", both, ("F10", "F3"))
    recent = facts.study_date.within_a_year_of(facts.surgery_date)
    if recent is None:
        return Axis("surgery_interval", both, ("F10", "F3"))
    return Axis("surgery_interval", both[:1] if recent else both[1:], ("F10",))
