"""``facetfusion archive``: studies from where they live, and results back to there."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from fusion import archive, cli, dicom, pathway
from fusion.cli import listening
from fusion.cli.export import meant_reading
from fusion.cli.facet_options import add_label_options, label_maps
from fusion.cli.study import opening_arguments, opening_options, terminal_progress
from fusion.errors import ArchiveError
from fusion.json_form import to_json
from fusion.plain_text import iso_date, person_name, plain
from fusion.software import DISCLAIMER

if TYPE_CHECKING:
    from fusion.archive import EarlierReading, FoundStudy

#: Version of the JSON of ``archive``; keys are only ever added.
SCHEMA_VERSION = 1


def add_archive(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``archive``."""
    parser.description = (
        "Work with the archives that archives.toml names: docs/archive.md. " + DISCLAIMER
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    find = actions.add_parser("find", help="list studies of an archive", description=_find.__doc__)
    _name(find)
    find.add_argument("--patient-id", default="", metavar="ID", help="as the archive has it")
    find.add_argument(
        "--patient-name", default="", metavar="NAME", help="* and ? stand for letters"
    )
    find.add_argument("--dates", default="", metavar="DATES", help="20240131, or 20240101-20240131")
    find.add_argument("--modality", default="", metavar="NM", help="that the study holds")
    find.add_argument("--json", action="store_true", help="print one JSON document")
    find.set_defaults(run=_find)

    fetch = actions.add_parser("get", help="fetch a study into the inbox", description=_get.__doc__)
    fetch.add_argument("address", metavar="archive:NAME/IDENTIFIER", help="as find prints it")
    fetch.add_argument("--json", action="store_true", help="print one JSON document")
    fetch.set_defaults(run=_get)

    earlier = actions.add_parser(
        "priors",
        help="propose answers to the pathway from earlier studies of the same patient",
        description=_priors.__doc__,
    )
    earlier.add_argument("path", metavar="PATH", help="the study under review")
    earlier.add_argument(
        "--from", dest="archive", required=True, metavar="NAME", help="the archive to search"
    )
    earlier.add_argument("--json", action="store_true", help="print one JSON document")
    earlier.set_defaults(run=_priors)

    for name, run, does in (
        ("listen", listening.listen, "take in what archives send"),
        ("watch", listening.watch, "take in studies and prepare them for reading"),
    ):
        taking = actions.add_parser(name, help=does, description=run.__doc__)
        taking.add_argument(
            "--seconds", type=float, metavar="S", help="stop after this time (default: never)"
        )
        taking.set_defaults(run=run)
    listed = actions.add_parser(
        "worklist", help="list what was prepared", description=listening.worklist.__doc__
    )
    listed.add_argument("--json", action="store_true", help="print one JSON document")
    listed.set_defaults(run=listening.worklist)

    sending = actions.add_parser(
        "send",
        help="send the results of a finalised reading to the study they belong to",
        description=_send.__doc__,
    )
    opening_arguments(sending)
    sending.add_argument(
        "--to", required=True, metavar="NAME", help="the archive's name in archives.toml"
    )
    sending.add_argument(
        "--journal",
        type=cli.journal_path,
        metavar="FILE",
        help="journal to take the reading from (default: that of the user)",
    )
    sending.add_argument(
        "--reader", metavar="NAME", help="whose reading, when there are several of this study"
    )
    add_label_options(sending)
    sending.add_argument(
        "--draft",
        action="store_true",
        help="send a reading that is not finalised; every object says that it is a draft",
    )
    sending.add_argument("--json", action="store_true", help="print one JSON document")
    sending.set_defaults(run=_send)


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("archive", metavar="NAME", help="the archive's name in archives.toml")


def _find(args: argparse.Namespace) -> int:
    """List the studies of an archive that match what is asked for."""
    query = archive.Query(
        patient_id=args.patient_id,
        patient_name=args.patient_name,
        dates=args.dates,
        modality=args.modality.upper(),
    )
    if query == archive.Query():
        raise ArchiveError(
            "Say what to look for: a patient, dates or a modality. A whole archive is not listed."
        )
    settings = archive.read_settings()
    found = sorted(archive.connect(settings, args.archive).studies(query), key=lambda one: one.date)
    if args.json:
        studies = [_study_json(one, args.archive) for one in found]
        cli.write_json({"schema_version": SCHEMA_VERSION, "studies": studies})
    else:
        cli.write_lines(*(line for one in found for line in _study_lines(one, args.archive)))
        if not found:
            cli.write_lines("No study there matches.")
    return cli.OK


def _get(args: argparse.Namespace) -> int:
    """Fetch a study; what is here already is not fetched again."""
    name, study = archive.parse_address(args.address)
    settings = archive.read_settings()
    folder = archive.get(
        archive.connect(settings, name), study, settings=settings, progress=terminal_progress()
    )
    said = archive.remarks(study, settings=settings)
    if args.json:
        cli.write_json({"schema_version": SCHEMA_VERSION, "folder": str(folder), "said": said})
    else:
        cli.write_lines(f"The study is whole and lies in {folder}", *said)
    return cli.OK


def _priors(args: argparse.Namespace) -> int:
    """Search for earlier imaging of the same patient; nothing of it enters a verdict by itself."""
    progress = terminal_progress()
    catalog = dicom.scan(archive.local_path(args.path, progress), progress=progress)
    study = pathway.study_under_review(catalog)
    if study is None:
        raise ArchiveError(
            "No SPECT/CT was found there, so it cannot be said whose priors to look for."
        )
    found = archive.priors_of(study, args.archive)
    if args.json:
        compared = [_study_json(one, args.archive) for one in found.to_compare]
        cli.write_json(
            {
                "schema_version": SCHEMA_VERSION,
                "proposals": [to_json(one) for one in found.proposals],
                "to_compare": compared,
                "readings": [_reading_json(one, args.archive) for one in found.readings],
                "not_shown": found.not_shown,
                "readings_not_shown": found.readings_not_shown,
                "later": found.later,
                "unread": found.unread,
            }
        )
        return cli.OK
    cli.write_lines(
        "What the archive suggests; confirm each by recording it (facetfusion pathway --ask):",
        *(
            f"  {pathway.label(one.key)}: {f'{one.spoken_value}. ' if one.spoken_value else ''}"
            f"{one.text} ({one.source})"
            for one in found.proposals
        ),
        *([] if found.proposals else ["  nothing"]),
        *(
            f"To compare: archive:{args.archive}/{one.study_instance_uid}"
            for one in found.to_compare
        ),
        *found.reading_words(args.archive),
        *found.not_shown_words,
    )
    return cli.OK


def _send(args: argparse.Namespace) -> int:
    """Send report, regions, alignment, key objects and pictures into the study of the images.

    The same reading sent again gives the same objects: what the archive has already is not sent
    again. The archive is then asked to answer for what it has (storage commitment).
    """
    from fusion.annotations import STATE_WORDS, StudyKey
    from fusion.export import hand_on
    from fusion.opening import open_study

    labels = label_maps(args)
    settings = archive.read_settings()
    there = archive.connect(settings, args.to)
    show = terminal_progress()
    review = open_study(args.path, progress=show.part(0.0, 0.3), options=opening_options(args))
    key = StudyKey.of(review.fused.ct, review.fused.spect)
    reading = meant_reading(args.journal, key, args.reader)
    if reading is None:
        raise ArchiveError("There is no reading of this study in the journal; nothing was sent.")
    if not reading.finalised and not args.draft:
        raise ArchiveError(
            "The reading is not finalised; nothing was sent. Finalise it in the window, or say "
            "with --draft that a draft is to be sent."
        )
    folder = archive.prepared(
        settings,
        f"{reading.reading_id}/{reading.digest}",
        lambda place: hand_on(review, reading, place, labels=labels, progress=show.part(0.3, 0.7)),
    )
    sent = archive.send_noted(
        there,
        folder,
        reading,
        sender=args.reader or reading.reader,
        journal=args.journal,
        progress=show.part(0.7, 1.0),
    )
    counts = {state: list(sent.states.values()).count(state) for state in STATE_WORDS}
    if args.json:
        cli.write_json(
            {
                "schema_version": SCHEMA_VERSION,
                "folder": str(sent.folder),
                "sent_now": sent.stored_now,
                "objects": dict(sent.states),
            }
        )
    else:
        cli.write_lines(
            f"Sent now: {sent.stored_now} of {len(sent.states)} objects"
            + (", as a draft." if not reading.finalised else "."),
            *(f"  {STATE_WORDS[state]}: {count}" for state, count in counts.items() if count),
            *([] if sent.answered else [archive.NOT_ANSWERED]),
            f"Kept in {sent.folder}",
            DISCLAIMER,
        )
    return cli.OK if sent.is_whole else cli.REFUSED


def _study_json(study: FoundStudy, name: str) -> dict[str, Any]:
    patient = study.patient
    return {
        "address": f"archive:{name}/{study.study_instance_uid}",
        "patient": {
            "name": patient.name,
            "id": patient.patient_id,
            "issuer": study.issuer,
            "birth_date": patient.birth_date,
            "sex": patient.sex,
        },
        "date": study.date,
        "description": study.description,
        "modalities": list(study.modalities),
        "objects": study.count,
    }


def _reading_json(reading: EarlierReading, name: str) -> dict[str, Any]:
    return {
        "address": f"archive:{name}/{reading.study.study_instance_uid}",
        "study_date": reading.study.date,
        "sop_instance_uid": reading.which.sop_instance_uid,
        "reader": reading.reader,
        "last_change": reading.date,
        "version": reading.version,
        "final": reading.which.is_final,
    }


def _study_lines(study: FoundStudy, name: str) -> list[str]:
    patient = study.patient
    count = "an unknown number of" if study.count is None else str(study.count)
    return [
        f"{iso_date(study.date) or 'without date'}  {plain(study.description)}".rstrip(),
        f"  patient: {person_name(patient.name) or 'no name'}  ID {patient.patient_id or 'none'}"
        f"  born {iso_date(patient.birth_date) or 'not stated'}",
        f"  {', '.join(study.modalities) or 'modalities not stated'}, {count} objects",
        f"  archive:{name}/{study.study_instance_uid}",
    ]
