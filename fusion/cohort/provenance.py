"""Where the results of a cohort come from: ``ro-crate-metadata.json``.

RO-Crate 1.1, profile Process Run Crate 0.5: the files, the program that made them with the versions
of its libraries, and its parameters. No place and no person is in it, and of the moment, which
RO-Crate wants, the year alone: a day would date studies that are measured when they are made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fusion.cohort.store import Cohort, Store, replace_text
from fusion.cohort.tables import StudyRow
from fusion.json_form import json_text, to_json
from fusion.software import DISCLAIMER, versions

METADATA = "ro-crate-metadata.json"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_LICENSE = (
    "How these results may be used is decided by whoever is responsible for the images; "
    "facetfusion asks for nothing."
)
_MEDIA = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
}


def write_provenance(
    store: Store, cohort: Cohort, rows: Sequence[StudyRow], paths: Sequence[Path]
) -> Path:
    """Write the metadata of what was written.

    Parameters
    ----------
    store, cohort
        Of which.
    rows : sequence of StudyRow
        Its pairs.
    paths : sequence of Path
        Tables and page.
    """
    files = [_file(path, store) for path in paths]
    parameters = _flat(to_json(cohort.parameters))
    values = [
        {"@id": f"#parameter-{name}", "@type": "PropertyValue", "name": name, "value": value}
        for name, value in parameters.items()
    ]
    software = versions()
    libraries = [
        {"@id": f"#software-{name}", "@type": "SoftwareApplication", "name": name, "version": v}
        for name, v in software.items()
    ]
    studies = {
        "@id": "studies/",
        "@type": "Dataset",
        "name": "Results and page of each study",
        "description": f"{sum(row.result is not None for row in rows)} studies, named by the hash "
        "of their images, the parameters and the version.",
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": "facetfusion cohort run",
        "instrument": {"@id": "#software-facetfusion"},
        "object": [{"@id": one["@id"]} for one in values],
        "result": [{"@id": one["@id"]} for one in (*files, studies)],
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
    }
    graph: list[dict[str, Any]] = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": "Uptake at the facet joints of the neck",
            "description": f"{len(rows)} pairs of CT and SPECT or PET. {DISCLAIMER}",
            "datePublished": f"{datetime.now(UTC):%Y}",
            "license": _LICENSE,
            "conformsTo": {"@id": _PROFILE},
            "hasPart": [{"@id": one["@id"]} for one in (*files, studies)],
            "mentions": {"@id": "#run"},
        },
        {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        action,
        *files,
        studies,
        *values,
        *libraries,
    ]
    document = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    path = store.folder / METADATA
    replace_text(path, json_text(document))
    return path


def _file(path: Path, store: Store) -> dict[str, Any]:
    content = path.read_bytes()
    return {
        "@id": path.relative_to(store.folder).as_posix(),
        "@type": "File",
        "name": path.name,
        "encodingFormat": _MEDIA.get(path.suffix, "application/octet-stream"),
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _flat(content: Any, prefix: str = "") -> dict[str, Any]:
    """Return nested keys as ``a.b``; a list as its text."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        elif value is not None:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            found[f"{prefix}{name}"] = text
    return found
