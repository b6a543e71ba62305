"""``facetfusion pathway``: was this study appropriate, and why."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from pathlib import Path
from typing import Any

from fusion import archive, cli, dicom, pathway
from fusion.cli.study import (
    alignment_arguments,
    opening_options,
    terminal_progress,
    volume_arguments,
)
from fusion.errors import AnnotationError, PathwayError
from fusion.json_form import to_json

#: What only the study that an answer is stored with is opened by.
_OPENING = (
    "ct",
    "spect",
    "spacing_mm",
    "register",
    "ignore_stored_registration",
    "override_mismatch_by",
    "same_frame_by",
)


def add_pathway(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``pathway``."""
    parser.description = (
        "Check whether the pathway supports a bone SPECT/CT of the neck, and why. "
        "Facts that are not recorded are never taken as no."
    )
    parser.add_argument("facts", nargs="?", type=Path, metavar="FACTS.toml", help="facts file")
    parser.add_argument(
        "--study",
        type=Path,
        metavar="PATH",
        help="folder or archive with the study and earlier imaging: what its files suggest is "
        "shown for confirmation and never enters the verdict",
    )
    parser.add_argument(
        "--earlier",
        type=Path,
        metavar="PATH",
        help="with --study: another folder, one study archive:NAME/IDENTIFIER, or all of "
        "archive:NAME, to look for the patient's earlier imaging",
    )
    parser.add_argument(
        "--reader",
        metavar="NAME",
        help="with --study: store the answer with NAME's reading of that study, in the journal",
    )
    parser.add_argument(
        "--journal",
        type=cli.journal_path,
        metavar="FILE",
        help="with --reader: the journal (default: that of the user)",
    )
    opening = parser.add_argument_group(
        "with --reader", "how the study is opened, which says whose reading of which images it is"
    )
    volume_arguments(opening)
    alignment_arguments(opening)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--ask",
        action="store_true",
        help="ask for the facts here (with a facts file: start from it)",
    )
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="with --ask: write the answers to a new file"
    )
    parser.add_argument(
        "--explain",
        metavar="S15",
        help="show one sentence of the article by its number, its conditions and its sources",
    )
    parser.add_argument(
        "--facts-template", action="store_true", help="print a facts file with every fact explained"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command; see :func:`register`."""
    problem = _wrong_usage(args)
    if problem:
        raise cli.WrongUsage(problem)
    if args.facts_template:
        cli.write_lines(pathway.facts_template().rstrip())
        return cli.OK
    if args.explain:
        cli.write_lines(
            pathway.explain_text(pathway.published_pathway(), args.explain.strip().upper()).rstrip()
        )
        return cli.OK
    today = dt.date.today()
    facts = pathway.read_facts(args.facts, today=today) if args.facts else pathway.Facts()
    proposals = _proposals(args.study, args.earlier) if args.study else ()
    if args.ask:
        from fusion.cli.ask import ask

        _refuse_existing(args.to)
        facts = ask(facts, proposals, reader=sys.stdin, writer=sys.stderr, today=today)
        if args.to:
            _write_new(args.to, pathway.facts_toml(facts))
    verdict = pathway.check(facts)
    if args.reader is not None:
        _record(facts, args)
    if args.json:
        cli.write_json(_document(verdict, proposals))
    else:
        cli.write_lines((pathway.verdict_text(verdict) + _proposal_text(proposals)).rstrip())
    return cli.OK


def _wrong_usage(args: argparse.Namespace) -> str:
    chosen = [
        name
        for name, given in (
            ("a facts file or --ask", args.facts or args.ask),
            ("--explain", args.explain),
            ("--facts-template", args.facts_template),
        )
        if given
    ]
    if len(chosen) != 1:
        return "give a facts file, --ask, --explain or --facts-template" + (
            f"; found {' and '.join(chosen)}" if chosen else ""
        )
    if args.reader is not None and not (args.study and (args.facts or args.ask)):
        return "--reader needs --study, and facts from a facts file or --ask"
    if args.journal and args.reader is None:
        return "--journal belongs to --reader"
    if args.reader is None and any(getattr(args, name) for name in _OPENING):
        return "options that say how the study is opened belong to --reader"
    if args.to and not args.ask:
        return "--to belongs to --ask"
    if args.earlier and not args.study:
        return "--earlier belongs to --study"
    if (args.explain or args.facts_template) and (args.json or args.study):
        return f"{chosen[0]} takes neither --json nor --study"
    return ""


def _record(facts: pathway.Facts, args: argparse.Namespace) -> None:
    """Store the answer with the reader's reading of the study, where ``export`` finds it."""
    from fusion.annotations import Conflict, Journal, PathwayAnswered, StudyKey
    from fusion.opening import open_study
    from fusion.pathway import Assessment

    reader = args.reader
    answer = PathwayAnswered(Assessment.of(facts, reader=reader))
    review = open_study(args.study, options=opening_options(args), progress=terminal_progress())
    study = StudyKey.of(review.fused.ct, review.fused.spect)
    with Journal(args.journal) as journal:
        session = journal.begin(study, reader=reader)
        saved = journal.append(session.reading, answer, reader=reader, study=study)
        if isinstance(saved, Conflict):
            raise AnnotationError(saved.words)
        sys.stderr.write(f"Stored in {journal.path}.\n")


def _document(
    verdict: pathway.Verdict, proposals: tuple[pathway.ProposedFact, ...]
) -> dict[str, Any]:
    return {
        **verdict.to_json(),
        "evidence": [to_json(proposal) for proposal in proposals],
        "text": pathway.verdict_text(verdict),
    }


def _proposals(path: Path, earlier: Path | None) -> tuple[pathway.ProposedFact, ...]:
    progress = terminal_progress()
    catalog = dicom.scan(archive.local_path(path, progress), progress=progress)
    study = pathway.study_under_review(catalog)
    found = pathway.propose(catalog, study)
    if earlier is None:
        return found
    if study is None:
        raise PathwayError(
            f"{path}: no SPECT/CT was found there, so it cannot be said whose earlier imaging to "
            "look for elsewhere; name a folder of that patient alone with --study."
        )
    name, one = archive.parse_address(str(earlier)) if archive.is_address(earlier) else ("", "")
    if name and not one:
        return tuple(dict.fromkeys((*found, *archive.priors_of(study, name).proposals)))
    place = archive.local_path(earlier, terminal_progress())
    elsewhere = pathway.earlier_imaging(dicom.scan(place, progress=terminal_progress()), study)
    return tuple(dict.fromkeys((*found, *elsewhere)))


def _proposal_text(proposals: tuple[pathway.ProposedFact, ...]) -> str:
    if not proposals:
        return ""
    rows = [
        "",
        "What the files suggest (nothing of it entered the verdict; confirm each by recording it)",
    ]
    for proposal in proposals:
        said = "" if proposal.value is None else f" {proposal.spoken_value}."
        about = f"{pathway.label(proposal.key)}:{said}" if proposal.key else "context:"
        rows.append(f"  {about} {proposal.text} ({proposal.source})")
    return "\n".join(rows) + "\n"


def _refuse_existing(path: Path | None) -> None:
    if path is not None and path.exists():
        raise PathwayError(f"{path} exists already; choose another name for the answers.")


def _write_new(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as exc:
        raise PathwayError(f"{path}: the answers cannot be written ({exc.strerror}).") from exc
