"""An archive that speaks DICOMweb: QIDO-RS by dicomweb-client, WADO-RS and STOW-RS as raw bytes."""

from __future__ import annotations

import json
import logging
import re
import uuid
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from fusion.archive.model import (
    FoundSeries,
    FoundStudy,
    GoingOn,
    Keep,
    Listed,
    NotReached,
    Query,
    Told,
    each,
)
from fusion.archive.protocols.files import result_bytes
from fusion.archive.protocols.wire import MOST_BYTES
from fusion.archive.settings import ArchiveSettings, Settings, password
from fusion.dicom import PARSE_ERRORS, damage_told
from fusion.errors import ArchiveError

#: How long an archive may take to be reached, and be silent, s.
TIMEOUT_S = (15.0, 60.0)
#: Answers of a search taken at once, and at most.
_PAGE, _MOST = 1000, 100_000
#: A question is asked again where the archive closed the connection, idle for it, at that moment.
_ONCE_MORE = Retry(total=1, connect=0, read=1, status=0, other=0, redirect=False)
#: They log addresses, and what is asked for in them.
_TALKATIVE = ("dicomweb_client", "retrying", "urllib3", "requests")
#: Read at once: what of it is whole when a line stops is lost with the rest of it.
_PIECE_BYTES = 2**16
#: Media Storage SOP Instance UID (0002,0003), near the beginning of a file.
_OBJECT_UID = re.compile(rb"\x02\x00\x03\x00UI..([0-9.]{1,64})", re.DOTALL)
_HEAD_BYTES = 4096
#: Escapes of ``! $ ' ( ) * / : ? @``, which need none in a query (RFC 3986 section 3.4).
_NEEDLESS = r"%(?:21|24|27|28|29|2A|2F|3A|3F|40)"
_CLASS, _OBJECT, _SERIES = "00080016", "00080018", "0020000E"
_DICOM = 'multipart/related; type="application/dicom"'

for _name in _TALKATIVE:
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


class _PlainlyAsking(requests.Session):  # type: ignore[misc,unused-ignore]
    """Writes what a query may hold as it is: Orthanc takes "%2A" for letters, not for "*"."""

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        prepared = super().prepare_request(request)
        way, mark, query = str(prepared.url).partition("?")
        prepared.url = way + mark + re.sub(_NEEDLESS, lambda it: unquote(it[0]), query)
        return prepared


class WebArchive:
    """An archive that is reached by DICOMweb.

    Parameters
    ----------
    name : str
        In archives.toml.
    stated : ArchiveSettings
        How it is reached.
    settings : Settings
        Where TLS files are.
    """

    def __init__(self, name: str, stated: ArchiveSettings, settings: Settings) -> None:
        self.name = name
        self._url = str(stated.url).rstrip("/")
        session = _PlainlyAsking()
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=_ONCE_MORE))
        session.max_redirects = 0  # nobody is asked that archives.toml does not name
        session.trust_env = False  # no proxy sees it that archives.toml does not name
        if stated.user:
            session.auth = (stated.user, password(name, stated.user))
        if stated.tls is not None:
            session.verify = settings.file(stated.tls.authority)
            session.cert = (settings.file(stated.tls.certificate), settings.file(stated.tls.key))
        self._session = session
        self._counts: Counter[str] = Counter()

    # ---- Questions -------------------------------------------------------------------------------

    def studies(self, query: Query) -> tuple[FoundStudy, ...]:
        """Search for studies."""
        filters = {
            "StudyInstanceUID": query.study_instance_uid,
            "PatientID": query.patient_id,
            "PatientName": query.patient_name,
            "StudyDate": query.dates,
            "ModalitiesInStudy": query.modality,
        }
        fields = [
            "IssuerOfPatientID",
            "PatientBirthDate",
            "PatientSex",
            "StudyDescription",
            "ModalitiesInStudy",
            "NumberOfStudyRelatedInstances",
        ]
        found = self._search("search_for_studies", filters=filters, fields=fields)
        return each(found, FoundStudy.of)

    def series(self, study_instance_uid: str) -> tuple[FoundSeries, ...]:
        """List the series of a study."""
        found = self._search(
            "search_for_series",
            study_instance_uid=study_instance_uid,
            fields=["SeriesDescription", "BodyPartExamined", "SeriesDate"],
        )
        return each(found, FoundSeries.of)

    def objects(self, study_instance_uid: str) -> dict[str, Listed]:
        """List every object of a study by its UID."""
        found = [*self._rows("search_for_instances", study_instance_uid=study_instance_uid)]
        with self._understood():
            listed = Listed.by_uid(
                Listed(one[_OBJECT]["Value"][0], _stated(one, _SERIES), _stated(one, _CLASS))
                for one in found
            )
        self._counts = Counter(one.series_instance_uid for one in listed.values())
        return listed

    def _search(
        self, how: str, *, filters: Mapping[str, str] | None = None, **which: Any
    ) -> Iterator[Dataset]:
        for row in self._rows(how, filters=filters, **which):
            with self._in_words(), self._understood(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they quote what they complain of
                answer = Dataset.from_json(row)
            yield answer

    def _rows(
        self, how: str, *, filters: Mapping[str, str] | None = None, **which: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield answers as they are written, page by page."""
        given = {key: value for key, value in (filters or {}).items() if value}
        with self._in_words():
            client = DICOMwebClient(self._url, session=self._session)
            client.set_http_retry_params(retry=False)
            search = getattr(client, how)
            first, known = 0, set[str]()
            while first < _MOST:
                with self._understood():
                    page = search(search_filters=given, limit=_PAGE, offset=first, **which)
                    written = [json.dumps(one, sort_keys=True) for one in page]
                    rows = zip(page, written, strict=True)
                    news = [one for one, form in rows if form not in known]
                yield from news
                # A short page is not the last: an archive may give less at once than it is asked
                # for. One that knows no pages gives the first again.
                known = set(written)
                first += len(page)
                if not news:
                    return

    # ---- Fetching --------------------------------------------------------------------------------

    def fetch(
        self,
        study_instance_uid: str,
        wanted: Sequence[Listed],
        keep: Keep,
        going_on: GoingOn | None = None,
    ) -> str:
        """Fetch whole series where all of one is wanted, else object by object."""
        by_series: dict[str, list[Listed]] = defaultdict(list)
        for one in wanted:
            by_series[one.series_instance_uid].append(one)
        study = f"{self._url}/studies/{study_instance_uid}"
        for series, listed in by_series.items():
            url = f"{study}/series/{series}"
            # Orthanc gives no object by itself whose identifier stands in two series.
            several = any(one.also_in for one in listed)
            if several or (len(listed) > 1 and len(listed) == self._counts.get(series)):
                self._take_series(url, listed, keep)
                continue
            for one in listed:
                if going_on is not None:
                    going_on()
                one_url = f"{url}/instances/{one.sop_instance_uid}"
                # What is not taken as it is kept there (deflated) is asked for unpacked.
                if not self._take(one_url, keep):
                    self._take(one_url, keep, syntax=ExplicitVRLittleEndian)
        return ""

    def _take_series(self, url: str, listed: Sequence[Listed], keep: Keep) -> None:
        """Take a series; what of it is not taken as it is kept there is asked for unpacked."""
        left = {one.sop_instance_uid for one in listed}

        def once(uid: str, content: bytes) -> bool:
            if uid in left and keep(uid, content):
                left.discard(uid)
            return uid not in left

        def as_it_is(uid: str, content: bytes) -> bool:
            is_kept = keep(uid, content)  # also the second of two that share an identifier
            if is_kept:
                left.discard(uid)
            return is_kept

        self._take(url, as_it_is)
        if left:
            self._take(url, once, syntax=ExplicitVRLittleEndian)

    def _take(self, url: str, keep: Keep, *, syntax: str = "*") -> bool:
        """Say whether all that came was kept."""
        kept = True
        with (
            self._in_words(),
            self._session.get(
                url,
                headers={"Accept": f"{_DICOM}; transfer-syntax={syntax}"},
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            if answer.status_code == requests.codes.not_found:
                return True
            answer.raise_for_status()
            pieces = answer.iter_content(_PIECE_BYTES)
            for content in parts(answer.headers.get("Content-Type", ""), pieces):
                found = _OBJECT_UID.search(content, 0, _HEAD_BYTES)
                if found is not None:
                    kept = keep(found[1].decode("ascii"), content) and kept
        return kept

    # ---- Sending ---------------------------------------------------------------------------------

    def store(self, files: Sequence[Path], told: Told) -> None:
        """Send files as they are, one by one over one connection."""
        for path in files:
            mark = uuid.uuid4().hex
            content = result_bytes(path)
            head = f"--{mark}\r\nContent-Type: application/dicom\r\n\r\n".encode()
            with self._in_words():
                answer = self._session.post(
                    f"{self._url}/studies",
                    data=head + content + f"\r\n--{mark}--\r\n".encode(),
                    headers={
                        "Content-Type": f"{_DICOM}; boundary={mark}",
                        "Accept": "application/dicom+json",
                    },
                    timeout=TIMEOUT_S,
                    allow_redirects=False,
                )
            # 200 stored, 202 stored with warnings or in part; one file cannot be stored in part.
            stored = answer.status_code in (200, 202) and '"00081199"' in answer.text
            told(path, "" if stored else f"it answered {answer.status_code}")

    def commit(self, files: Mapping[str, str]) -> dict[str, bool] | None:
        """DICOMweb has no storage commitment."""
        del files
        return None

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Take apart what may be anything; what was wrong with it may quote a patient's name."""
        try:
            with damage_told():
                yield
        except requests.exceptions.RequestException as exc:
            if not isinstance(exc, requests.exceptions.InvalidJSONError):
                raise
        except PARSE_ERRORS:
            pass
        else:
            return
        raise ArchiveError(
            f"What answers at {self._url} is no archive that speaks DICOMweb: its answer to a "
            "search is no DICOM JSON. Check the url in archives.toml, and whether a page to log in "
            "to stands before it."
        ) from None

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except requests.exceptions.SSLError as exc:
            raise ArchiveError(
                f"The archive {self.name} and this machine do not accept each other's "
                f"certificates{_why(exc)}. Check the files of tls in archives.toml."
            ) from exc
        except requests.exceptions.HTTPError as exc:
            code = exc.response.status_code if exc.response is not None else 0
            why = "it does not accept user and password" if code in (401, 403) else f"status {code}"
            raise ArchiveError(f"The archive {self.name} refused: {why}.") from exc
        except requests.exceptions.TooManyRedirects as exc:
            raise ArchiveError(
                f"The archive {self.name} at {self._url} sends us on to another address. Nothing "
                "of a patient is asked for there; if it is right, give it in archives.toml."
            ) from exc
        except requests.exceptions.RequestException as exc:
            raise NotReached(
                f"The archive {self.name} at {self._url} cannot be reached. Check the url in "
                "archives.toml, and whether it runs. What is here already is kept."
            ) from exc


def parts(content_type: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the whole parts of a multipart answer as they come, without their headers.

    Parameters
    ----------
    content_type : str
        Of the answer, with its boundary.
    pieces : iterable of bytes
        The answer, cut anywhere.

    Raises
    ------
    ArchiveError
        A part is larger than any object that is taken.
    """
    found = re.search(r'boundary="?([^";,]+)"?', content_type)
    if found is None:
        return
    mark = b"\r\n--" + found[1].encode("latin-1")
    held, searched = bytearray(b"\r\n"), 0
    for piece in pieces:
        held += piece
        while (end := held.find(mark, searched)) >= 0:
            head = held.find(b"\r\n\r\n", 0, end)
            if head >= 0:
                yield bytes(held[head + 4 : end])
            # What stands between the mark and the end of its line belongs to the next header.
            del held[: end + len(mark)]
            searched = 0
        searched = max(0, len(held) - len(mark))
        if len(held) > MOST_BYTES:
            raise ArchiveError("An object is larger than any that is taken; nothing of it is kept.")


def _stated(row: Mapping[str, Any], tag: str) -> str:
    """Return the one value of an element; empty where it is absent."""
    return str(row[tag]["Value"][0]) if tag in row else ""


def _why(exc: Exception) -> str:
    """Return what OpenSSL says of the other's certificate, in brackets; empty for nothing."""
    said = re.search(r"certificate verify failed: ([\w ,'-]{1,80})", str(exc))
    return f" ({said[1].strip()})" if said else ""
