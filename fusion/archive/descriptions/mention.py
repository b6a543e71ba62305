"""Where a description speaks of something: what is denied, to come, done, or elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fusion.archive.descriptions.plain import pattern, says

#: Levels of the neck as people write them (C5, C5/6, C5-C6, C7-T1), and of the spine below it.
LEVEL = re.compile(r"\bc ?[1-7]\b|\bc[1-7](?=c[1-7]\b)")
#: T1 and T2 alone are weightings of an MRI as often.
_LEVEL_BELOW = re.compile(r"\b(?:(?:th|d) ?(?:[1-9]|1[0-2])|t ?(?:[3-9]|1[0-2])|l ?[1-5]|s ?1)\b")
#: Neither here nor there between two words: numbers, levels, dates, and small words.
_NUMBER = re.compile(r"(?:[cltsd]|th)?\d*[a-z]?")
#: Words for an operation, whether or not they say by themselves that and where it was done.
OPERATIONS = ("surgery", "bare operation", "operation of a spine", "operated")
#: Words of content that may lie between a word and what denies or delays it.
_REACH_OF_NO, _REACH_BACK_TO_NO, _REACH_IN_TIME = 3, 1, 5
#: And between an operation and where it was done.
_REACH_OF_PLACE = 3

_MOVEMENTS = pattern("flexion", "extension")
_DENIABLE = ("ap", "lateral", "oblique", "flexion", "extension", "contrast", "surgery")
_PLACES = ("spine of the neck", "neck", "not the spine", "other region", "organ")


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a field speaks of something.

    Parameters
    ----------
    said : str
        The field.
    start, end : int
        Where the words stand in it.
    """

    said: str
    start: int
    end: int

    @property
    def words(self) -> str:
        """What stands there."""
        return self.said[self.start : self.end]

    @property
    def before(self) -> str:
        """The clause up to there."""
        return _clause_before(self.said, self.start)

    @property
    def after(self) -> str:
        """The rest of the clause; where it says nothing, with the next."""
        return _clause_after(self.said, self.end)

    @property
    def rest_of_clause(self) -> str:
        """The rest of the clause alone."""
        return self.said[self.end :].partition(" , ")[0]

    def is_denied(self) -> bool:
        """Whether what stands at a place was not done or given: "no ...", "... declined"."""
        before = self.before
        last = _last(before, "no", "ends a denial")
        if (
            last
            and pattern("no").fullmatch(last[0])
            and _content(before[last.end() :]) <= _REACH_OF_NO
        ):
            return True
        return self.is_refused()

    def is_refused(self) -> bool:
        """Whether the words after a place deny what stands there: "contrast declined"."""
        after = self.after
        words = self.words
        at_end = re.search(rf"{pattern('no at the end').pattern}$", after)
        is_operation = pattern(*OPERATIONS).fullmatch(words) is not None
        denials = ("denied",) if is_operation else ("denied", "not given")
        denial = at_end or pattern(*denials).search(after)
        if denial is None:
            return False
        between = after[: denial.start()]
        if "," in between:  # "flexion: not done", but not "lateral, no oblique done"
            return not _content(between) and not says(after[denial.end() :], *_DENIABLE)
        if _MOVEMENTS.fullmatch(words):  # one is denied with the other
            between = _MOVEMENTS.sub(" ", between)
        because = _last(between, "because")  # "flexion because of pain not done"
        if because:
            between = (
                f"{between[: because.start()]} {' '.join(between[because.end() :].split()[1:])}"
            )
        return _content(between) <= _REACH_BACK_TO_NO and not says(between, "no")

    def is_complaint(self) -> bool:
        """Whether a word for a view is the reason for it: "flexion injury", "pain on extension"."""
        words, before, after = self.words, self.before, self.rest_of_clause
        if _MOVEMENTS.fullmatch(words) is None:
            return pattern("part at the side").match(after.strip()) is not None
        last = _last(before, "complaint of", "complaint in")
        between = _MOVEMENTS.sub(" ", before[last.end() :]) if last else ""
        follows = _MOVEMENTS.sub(" ", after).replace(" and ", " ").strip()
        if pattern("pictures").match(follows):
            return False
        if last and not _content(pattern("in which").sub(" ", between)):
            is_said = pattern("complaint of").fullmatch(last[0]) or says(between, "in which")
            if is_said:
                return True
        near = f"{' '.join(before.split()[-2:])} {words} {' '.join(after.split()[:2])}"
        is_one = "hyper" in words or not (says(near, "flexion") and says(near, "extension"))
        reasons = ("complaint", "complaint of one") if is_one else ("complaint",)
        return pattern(*reasons).match(follows) is not None

    def is_left_out(self) -> bool:
        """Whether a region is named only to say that it was not examined."""
        before = self.before
        last = _last(before, "left out")
        if last and not _content(before[last.end() :]):
            return True
        after = self.after
        marker = pattern("denied", "not examined", "to come after", "asked").search(after)
        if marker is None or _content(pattern("spine").sub(" ", after[: marker.start()])):
            return False
        # "C-spine pending ACDF", "C-spine, refused: contrast": what follows is what was refused.
        rest, _, others = self.said[self.end + marker.start() :].partition(" , ")
        named = pattern(*_DENIABLE, *OPERATIONS, "any operation", "intervention")
        if named.search(rest):
            return False
        follows = named.search(others)
        is_of_it = follows is not None and not _content(others[: follows.start()])
        return not (is_of_it and rest.strip() == marker[0])

    def is_asked(self, reach: int = 0) -> bool:
        """Whether a question mark asks whether there is what stands here: "ACDF C5/6?".

        Parameters
        ----------
        reach : int
            Words of content that may lie between.
        """
        after = self.after
        mark = pattern("asked").search(after)
        if mark is None:
            return False
        between = pattern("surgery").sub(" ", after[: mark.start()])
        if "," not in between and _MOVEMENTS.fullmatch(self.words):
            between = _MOVEMENTS.sub(" ", between)  # one is asked about with the other
        return _content(between) <= (0 if "," in between else reach)

    def is_other_than_contrast(self) -> bool:
        """Whether the words beside a place say that it is an allergy, or another injection."""
        before, after = self.before, self.after
        after = pattern("small words").sub(" ", after)
        return says(" ".join([*before.split()[-2:], ";", *after.split()[:1]]), "not of contrast")

    def is_to_come(self) -> bool:
        """Whether what stands at a place is still to come, or only thought of."""
        marker = self._time_before(_REACH_IN_TIME)
        if marker:
            return pattern("done").fullmatch(marker) is None
        before, after = self.before, self.rest_of_clause
        purpose, control = _last(before, "for an operation"), pattern("done after").search(after)
        between = before[purpose.end() :] if purpose else ""
        if purpose and _content(between) <= _REACH_BACK_TO_NO and not says(between, "looked at"):
            return control is None or _content(after[: control.start()]) > 0
        return self.is_later(_REACH_IN_TIME) or says(self.said, "before surgery")

    def is_later(self, reach: int = _REACH_BACK_TO_NO) -> bool:
        """Whether the words after a place say that it is planned or follows."""
        after = self.after
        later = pattern("to come after").search(after)
        between = after[: later.start()] if later else ""
        return later is not None and _content(between) <= (0 if "," in between else reach)

    def is_open(self) -> bool:
        """Whether views or contrast were only thought of: "if needed", "ggf.", "to follow"."""
        marker = self._time_before(_REACH_BACK_TO_NO)
        return pattern("to come").fullmatch(marker) is not None or self.is_later()

    def _time_before(self, reach: int) -> str:
        """Return the last words before a place that say when it was or will be, if they are near.

        They may end the clause before, where this one begins with the place: "planned: ACDF".
        """
        before = self.before
        if not _content(before):
            earlier = _clause_before(self.said, max(self.start - len(before) - 3, 0))
            before, reach = f"{earlier} {before}", 0
        marker = _last(before, "to come", "before surgery", "done")
        return marker[0] if marker and _content(before[marker.end() :]) <= reach else ""

    def is_marked_done(self) -> bool:
        """Whether words just before a place say that it was done: "s/p", "Z.n.", "control"."""
        marker = self._time_before(_REACH_IN_TIME)
        return pattern("done").fullmatch(marker) is not None

    def says_where_and_that(self) -> bool:
        """Whether it is said of an operation without a name that it was done, and of the neck."""
        words, after = self.words, self.after
        later = pattern("done after").search(after)
        is_done = (
            pattern("operated").fullmatch(words)
            or self.is_marked_done()
            or _has_year(after)
            or (later and _content(after[: later.start()]) <= _REACH_BACK_TO_NO)
        )
        if not is_done:
            return False
        if pattern("operation of a spine").fullmatch(words):
            return True
        for place in _places(after)[:1]:
            if _content(after[: place.start()]) < _REACH_OF_PLACE:
                return _is_of_neck(place)
        for place in _places(self.said[: self.start])[-1:]:
            if not _content(pattern("spine").sub(" ", self.said[place.end() : self.start])):
                return _is_of_neck(place)
        before = self.before
        marker = _last(before, "done")
        return marker is not None and not _content(before[marker.end() :] + after)

    def has_grown(self) -> bool:
        """Whether a clause speaks of bones that nobody joined: "congenital fusion", "bloc"."""
        return says(self.before + " ; " + self.after, "grown together")

    def has_grown_together(self) -> bool:
        """Whether a "fusion" is of bones that nobody joined, wherever the description says why."""
        is_done = self.is_marked_done() or _has_year(self.after)
        return not is_done and says(self.said, "grown together", "grown by disease")

    def is_elsewhere(self) -> bool | None:
        """Whether an operation was of another part than the neck; None where it names none.

        What follows is nearer than what stands before; the part that was examined ends where the
        words for "after" stand.
        """
        operation = self.words
        if pattern("operation of the neck").fullmatch(operation):
            return False
        after = self.rest_of_clause
        for place in _places(after):
            if _content(after[: place.start()]) < _REACH_OF_PLACE:
                return not _is_of_neck(place)
            break
        before = self.before
        marker = _last(before, "done", "reason")
        before = before[marker.end() :] if marker else before
        near = [
            place for place in _places(before) if _content(before[place.end() :]) < _REACH_OF_PLACE
        ]
        if pattern("some operation").fullmatch(operation) is None:
            near = near[-1:]  # "hip prosthesis" is of the hip, whatever spine was examined
        return None if not near else not any(map(_is_of_neck, near))


def mentions(said: str, *meanings: str) -> Iterator[Mention]:
    """Yield where a field holds a word of some meanings."""
    return (Mention(said, *found.span()) for found in pattern(*meanings).finditer(said))


def stated(said: str, *meanings: str) -> Iterator[Mention]:
    """Yield where a field holds a word of some meanings that is not denied."""
    return (one for one in mentions(said, *meanings) if not one.is_denied())


def without_left_out(said: str, *meanings: str) -> str:
    """Return a line without the regions that it leaves out: "no" before them, "refused" after."""
    for one in reversed(list(mentions(said, *meanings))):
        if one.is_left_out():
            said = said[: one.start] + said[one.end :]
    return said


def _has_year(after: str) -> bool:
    year = re.search(r"\b(?:19[5-9]|20[0-4])\d\b", after)
    return year is not None and not _content(pattern(*_PLACES).sub(" ", after[: year.start()]))


def examined(said: str) -> str:
    """Return what stands before the reason of an examination, where that names a region.

    Parameters
    ----------
    said : str
        A field.
    """
    marker = pattern("reason").search(said)
    if marker and any(_places(said[: marker.start()])):
        return said[: marker.start()]
    return said


def _places(said: str) -> list[re.Match[str]]:
    found = [
        *pattern(*_PLACES).finditer(said),
        *LEVEL.finditer(said),
        *_LEVEL_BELOW.finditer(said),
    ]
    return sorted(found, key=lambda one: one.start())


def _is_of_neck(place: re.Match[str]) -> bool:
    is_word = pattern("spine of the neck", "neck").fullmatch(place[0])
    return bool(is_word or LEVEL.fullmatch(place[0]))


def _last(said: str, *meanings: str) -> re.Match[str] | None:
    return next(reversed(list(pattern(*meanings).finditer(said))), None)


def _clause_before(said: str, start: int) -> str:
    return said[:start].rpartition(" , ")[2]


def _clause_after(said: str, end: int) -> str:
    """Return the rest of a clause; where it says nothing, with the next ("surgery: none")."""
    rest, _, others = said[end:].partition(" , ")
    return rest if _content(rest) else f"{rest} , {others.partition(' , ')[0]}"


def _content(said: str) -> int:
    """Count the words that mean something."""
    words = pattern("small words").sub(" ", said).split()
    return sum(_NUMBER.fullmatch(word) is None and word not in ("+", ",") for word in words)
