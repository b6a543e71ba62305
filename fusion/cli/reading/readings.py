"""``facetfusion readings``: what a journal holds."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from fusion import cli
from fusion.errors import AnnotationError
from fusion.json_form import to_json
from fusion.plain_text import plain, utc_minute
from fusion.software import DISCLAIMER

if TYPE_CHECKING:
    from fusion.annotations import Reading, Sending

#: Version of the JSON of ``readings``; keys are only ever added.
SCHEMA_VERSION = 1
#: Shortest beginning of an identifier that names a reading.
_SHORTEST = 4


def add_readings(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``readings``, and its own commands."""
    parser.description = "List the readings of a journal, show one, or its versions. " + DISCLAIMER
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listed = actions.add_parser("list", help="every reading", description=_list.__doc__)
    listed.add_argument("--reader", metavar="NAME", help="only the readings of NAME")
    listed.set_defaults(run=_list)
    shown = actions.add_parser("show", help="one reading", description=_show.__doc__)
    shown.set_defaults(run=_show)
    versions = actions.add_parser(
        "versions", help="the versions of one reading", description=_versions.__doc__
    )
    versions.set_defaults(run=_versions)
    for one in (shown, versions):
        one.add_argument(
            "reading", metavar="ID", help="identifier that list prints, or how it begins"
        )
    for one in (listed, shown, versions):
        cli.journal_option(one, "the journal")
        one.add_argument("--json", action="store_true", help="print one JSON document")


def _list(args: argparse.Namespace) -> int:
    """List every reading of a journal: study, reader, version, draft or final."""
    from fusion.annotations import same_name

    found = _readings(args)
    if args.reader is not None:
        found = tuple(one for one in found if same_name(one.reader, args.reader))
    return _said(args, found, none="The journal holds no such reading.")


def _show(args: argparse.Namespace) -> int:
    """Show the decisions of one reading, everything that happened to it, and what was sent."""
    reading = _meant(args, _readings(args))
    sendings = _sendings(args, reading)
    if args.json:
        cli.write_json(
            {
                "schema_version": SCHEMA_VERSION,
                "reading": reading.to_json(),
                "sendings": [to_json(one) for one in sendings],
            }
        )
        return cli.OK
    decisions = [f"  {target.joint.name}: {target.decision.value}" for target in reading.targets]
    cli.write_lines(
        *_lines(reading),
        "Decisions:" if decisions else "No decision is recorded.",
        *decisions,
        "History:",
        *(f"  {event.words}" for event in reading.events),
        *(["Sent:"] if sendings else []),
        *(f"  {sending.words}" for sending in sendings),
        DISCLAIMER,
    )
    return cli.OK


def _versions(args: argparse.Namespace) -> int:
    """List the versions of one reading, the first version first."""
    from fusion.annotations import versions_of

    known = _readings(args)
    last = _meant(args, known)
    by_amended = {one.opened.amends: one for one in known}
    while last.reading_id in by_amended:
        last = by_amended[last.reading_id]
    return _said(args, versions_of(last, known), none="")


def _readings(args: argparse.Namespace) -> tuple[Reading, ...]:
    from fusion.annotations import Journal, default_path

    path = args.journal or default_path()
    if not path.exists():
        raise AnnotationError(f"There is no journal {path}.")
    with Journal(path) as journal:
        return journal.readings()


def _sendings(args: argparse.Namespace, reading: Reading) -> tuple[Sending, ...]:
    from fusion.annotations import Journal

    with Journal(args.journal) as journal:
        return journal.sendings(reading.reading_id)


def _meant(args: argparse.Namespace, known: tuple[Reading, ...]) -> Reading:
    begins = args.reading.strip().lower()
    found = [one for one in known if one.reading_id.startswith(begins)]
    if len(begins) < _SHORTEST or not found:
        raise AnnotationError(
            f"The journal holds no reading {begins!r}. Give at least {_SHORTEST} characters of an "
            "identifier that readings list prints."
        )
    if len(found) > 1:
        raise AnnotationError(f"{len(found)} readings begin with {begins!r}; give more of it.")
    return found[0]


def _said(args: argparse.Namespace, readings: tuple[Reading, ...], *, none: str) -> int:
    if args.json:
        cli.write_json(
            {"schema_version": SCHEMA_VERSION, "readings": [_json(one) for one in readings]}
        )
        return cli.OK
    cli.write_lines(*(line for one in readings for line in _lines(one)))
    if not readings:
        cli.write_lines(none)
    return cli.OK


def _json(reading: Reading) -> dict[str, Any]:
    return {
        "reading_id": reading.reading_id,
        "study_instance_uid": reading.study.study_instance_uid,
        "reader": reading.reader,
        "version": reading.opened.version,
        "amends": reading.opened.amends or None,
        "status": "final" if reading.finalised else "draft",
        "began": reading.events[0].time.isoformat(),
        "last_change": reading.events[-1].time.isoformat(),
        "decisions": len(reading.targets),
        "positive": len(reading.positive),
    }


def _lines(reading: Reading) -> tuple[str, ...]:
    state = "final" if reading.finalised else "draft"
    return (
        f"{reading.reading_id}  {plain(reading.reader)}, version {reading.opened.version}, "
        f"{state}, "
        f"{utc_minute(reading.events[-1].time)}",
        f"  study {reading.study.study_instance_uid}: {len(reading.targets)} decisions, "
        f"{len(reading.positive)} positive",
    )
