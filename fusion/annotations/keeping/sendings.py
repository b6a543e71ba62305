"""What was sent of a reading to an archive: who, when, which objects, and what came of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from fusion.annotations.changes.canonical import canonical, need
from fusion.annotations.target import check_name, in_utc
from fusion.errors import AnnotationError
from fusion.json_form import Moment, from_json, to_json
from fusion.plain_text import plain, utc_minute

#: How an object stands with the archive: not in its list, refused, in its list, or answered for
#: (storage commitment, PS3.4 annex J).
ObjectState = Literal["waiting", "refused", "there", "answered for"]
#: The same for people.
STATE_WORDS: dict[ObjectState, str] = {
    "answered for": "in the archive, which answers for keeping them",
    "there": "in the archive's list",
    "refused": "refused by the archive",
    "waiting": "not in the archive's list",
}
#: How a try ended; the first is noted before anything leaves this machine.
Outcome = Literal["begun", "ended", "stopped", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One try to send the results of a reading to an archive, when it began or how it ended.

    Parameters
    ----------
    reading_id, reading_digest : str
        The reading, and the hash of its history as it was sent.
    draft : bool
        Whether it was a draft.
    archive : str
        Its name in archives.toml.
    sender : str
        Who sent it.
    time : datetime
        When this was noted.
    software_version : str
        Of facetfusion.
    outcome : str
        Whether it begins, or how it ended.
    reason : str
        Why it failed.
    sent_now : int
        Objects that this try sent; what the archive had already is not sent again.
    objects : mapping of str to str
        State of each object by its SOP Instance UID, as far as it was known then.

    Raises
    ------
    AnnotationError
        No sender, no time zone.
    """

    reading_id: str
    reading_digest: str
    draft: bool
    archive: str
    sender: str
    time: Moment
    software_version: str
    outcome: Outcome
    reason: str = ""
    sent_now: int = 0
    objects: Mapping[str, ObjectState]

    def __post_init__(self) -> None:
        check_name(self.sender)
        object.__setattr__(self, "time", in_utc(self.time))
        need(self.outcome in get_args(Outcome), "A note of sending says how it ended.")

    @property
    def is_whole(self) -> bool:
        """Whether the archive had everything then."""
        return self.outcome == "ended" and all(
            state in ("there", "answered for") for state in self.objects.values()
        )

    @property
    def counts(self) -> dict[ObjectState, int]:
        """How many objects stand how, the best first; those that are none are left out."""
        found = Counter(self.objects.values())
        return {state: found[state] for state in STATE_WORDS if found[state]}

    @property
    def words(self) -> str:
        """On one line, without hidden characters."""
        what = "a draft" if self.draft else "the final reading"
        said = f"{utc_minute(self.time)}, {plain(self.sender)}: {what} to archive {self.archive}, "
        if self.outcome == "begun":
            return f"{said}{len(self.objects)} objects: begun"
        states = "; ".join(f"{count} {STATE_WORDS[state]}" for state, count in self.counts.items())
        how = {"stopped": "stopped by the reader; ", "failed": "failed; "}.get(self.outcome, "")
        why = f". {plain(self.reason)}" if self.reason else ""
        return f"{said}{self.sent_now} sent now: {how}{states or 'nothing known'}{why}"

    def written(self) -> str:
        """Return the text that the journal keeps."""
        return canonical(to_json(self))

    @classmethod
    def read(cls, content: Any) -> Sending:
        """Return what :meth:`written` wrote, from its JSON.

        Raises
        ------
        AnnotationError
            Not such a note of this version of the program.
        """
        what = "A note of results that were sent cannot be understood"
        return from_json(cls, content, error=AnnotationError, what=what)
