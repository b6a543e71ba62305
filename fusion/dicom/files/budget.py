"""What one file's header may cost: elements, and seconds of the processor.

A header is parsed element by element, and eight bytes are one: a file of zeros, which a copy that
was interrupted leaves, or a few kilobytes that were deflated, would be parsed for minutes.
"""

from __future__ import annotations

import io
import os
import stat
import time
from pathlib import Path

from fusion.dicom.files.instance import open_at_once, stamp_of
from fusion.errors import DicomError

#: Reads of one header; an element takes one or two, and an object of 4,000 frames has 300,000, the
#: index of a full DVD 800,000.
MAX_READS = 1_000_000
#: What an item of a sequence costs beside its read, in reads: a data set is made of each.
ITEM_READS = 4
#: Processor time of one header, s.
MAX_SECONDS = 2.5
#: How often the clock is looked at, reads.
_BETWEEN_LOOKS = 2048
#: Tag of an item, little and big endian.
_ITEMS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")


class Budget:
    """Counts what a header costs.

    Parameters
    ----------
    label : str
        The file as the user knows it.
    """

    def __init__(self, label: str) -> None:
        #: Why reading was stopped: pydicom tells some of what is raised within it as its own.
        self.refusal: DicomError | None = None
        self._label = label
        self._reads = 0
        self._look_at = _BETWEEN_LOOKS
        self._until = time.thread_time() + MAX_SECONDS

    @property
    def reads(self) -> int:
        """How much was spent so far."""
        return self._reads

    def spend(self, reads: int = 1) -> None:
        """Count one read, or as many as something costs that is not read here.

        Raises
        ------
        DicomError
            The header costs more than any real one.
        """
        self._reads += reads
        why = ""
        if self._reads >= self._look_at:
            self._look_at = self._reads + _BETWEEN_LOOKS
            if time.thread_time() > self._until:
                why = (
                    f"Its header took more than {MAX_SECONDS} s to read, which no real image's "
                    "does on a usual computer, and reading it was stopped. The file is damaged or "
                    "made to do harm, or this computer is slow: copy or export the file again, or "
                    "open it on another one."
                )
        if self._reads > MAX_READS:
            why = (
                "Its header holds far more than that of any real image, and reading it was "
                "stopped. The file is damaged or made to do harm; copy or export it again."
            )
        if why:
            self.refusal = DicomError(why, label=self._label)
            raise self.refusal

    def charged(self, found: bytes) -> bytes:
        """Count what was read, and what will be made of it; and return it.

        Raises
        ------
        DicomError
            As :meth:`spend`.
        """
        if len(found) == 8 and found[:4] in _ITEMS:
            self.spend(1 + ITEM_READS)
        elif self._reads + 1 < self._look_at:  # nearly always, and once an element
            self._reads += 1
        else:
            self.spend()
        return found


class BudgetedFile(io.BufferedReader):
    """A regular file whose reads are counted; anything else at its path is refused.

    Parameters
    ----------
    path : Path
        The file.
    budget : Budget
        Of its header.
    """

    def __init__(self, path: Path, budget: Budget) -> None:
        # What was a file when it was listed may be a pipe by now, which would be waited for.
        super().__init__(io.FileIO(path, opener=open_at_once))
        self._budget = budget
        found = os.fstat(self.fileno())
        if not stat.S_ISREG(found.st_mode):
            self.close()
            raise OSError("not a regular file")
        self.size, self.stamp = found.st_size, stamp_of(found)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read at most ``size`` bytes."""
        return self._budget.charged(super().read(size))


class BudgetedBytes(io.BytesIO):
    """Bytes whose reads are counted.

    Parameters
    ----------
    content : bytes
        What is read.
    budget : Budget
        Of the header that they belong to.
    """

    def __init__(self, content: bytes, budget: Budget) -> None:
        super().__init__(content)
        self._budget = budget

    def read(self, size: int | None = -1, /) -> bytes:
        """Read at most ``size`` bytes."""
        return self._budget.charged(super().read(size))
