"""``facetfusion pathway``: was this study appropriate, and why."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from pathlib import Path
from typing import Any

from fusion import cli
from fusion.archive import is_address, local_path, parse_address, priors_of
from fusion.cli.ask import ask
from fusion.cli.study import terminal_progress
from fusion.dicom import scan
from fusion.errors import AnnotationError, PathwayError
from fusion.json_form import to_json
from fusion.pathway import (
    Facts,
    ProposedFact,
    Verdict,
    check,
    earlier_imaging,
    explain_text,
    facts_template,
    facts_toml,
    label,
    propose,
    published_pathway,
    read_facts,
    study_under_review,
    verdict_text,
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
        sys.stderr.write(f"facetfusion pathway: {problem}\n")
        return cli.USAGE
    if args.facts_template:
        cli.write_lines(facts_template().rstrip())
        return cli.OK
    if args.explain:
        cli.write_lines(explain_text(published_pathway(), args.explain.strip().upper()).rstrip())
        return cli.OK
    today = dt.date.today()
    facts = read_facts(args.facts, today=today) if args.facts else Facts()
    proposals = _proposals(args.study, args.earlier) if args.study else ()
    if args.ask:
        _refuse_existing(args.to)
        facts = ask(facts, proposals, reader=sys.stdin, writer=sys.stderr, today=today)
        if args.to:
            _write_new(args.to, facts_toml(facts))
    verdict = check(facts)
    if args.reader is not None:
        _record(facts, args.study, reader=args.reader, journal_path=args.journal)
    if args.json:
        cli.write_json(_document(verdict, proposals))
    else:
        cli.write_lines((verdict_text(verdict) + _proposal_text(proposals)).rstrip())
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
    if args.to and not args.ask:
        return "--to belongs to --ask"
    if args.earlier and not args.study:
        return "--earlier belongs to --study"
    if (args.explain or args.facts_template) and (args.json or args.study):
        return f"{chosen[0]} takes neither --json nor --study"
    return ""


def _record(facts: Facts, path: Path, *, reader: str, journal_path: Path | None) -> None:
    """Store the answer with the reader's reading of the study, where ``export`` finds it."""
    from fusion.annotations import Conflict, Journal, PathwayAnswered, StudyKey
    from fusion.opening import open_study
    from fusion.pathway import Assessment

    answer = PathwayAnswered(Assessment.of(facts, reader=reader))
    review = open_study(path, progress=terminal_progress())
    study = StudyKey.of(review.fused.ct, review.fused.spect)
    with Journal(journal_path) as journal:
        session = journal.begin(study, reader=reader)
        saved = journal.append(session.reading, answer, reader=reader, study=study)
        if isinstance(saved, Conflict):
            raise AnnotationError(saved.words)
        sys.stderr.write(f"Stored in {journal.path}.\n")


def _document(verdict: Verdict, proposals: tuple[ProposedFact, ...]) -> dict[str, Any]:
    return {
        **verdict.to_json(),
        "evidence": [to_json(proposal) for proposal in proposals],
        "text": verdict_text(verdict),
    }


def _proposals(path: Path, earlier: Path | None) -> tuple[ProposedFact, ...]:
    progress = terminal_progress()
    catalog = scan(local_path(path, progress), progress=progress)
    study = study_under_review(catalog)
    found = propose(catalog, study)
    if earlier is None:
        return found
    if study is None:
        raise PathwayError(
            f"{path}: no SPECT/CT was found there, so it cannot be said whose earlier imaging to "
            "look for elsewhere; name a folder of that patient alone with --study."
        )
    name, one = parse_address(str(earlier)) if is_address(earlier) else ("", "")
    if name and not one:
        return tuple(dict.fromkeys((*found, *priors_of(study, name).proposals)))
    place = local_path(earlier, terminal_progress())
    elsewhere = earlier_imaging(scan(place, progress=terminal_progress()), study)
    return tuple(dict.fromkeys((*found, *elsewhere)))


def _proposal_text(proposals: tuple[ProposedFact, ...]) -> str:
    if not proposals:
        return ""
    rows = [
        "",
        "What the files suggest (nothing of it entered the verdict; confirm each by recording it)",
    ]
    for proposal in proposals:
        said = "" if proposal.value is None else f" {proposal.spoken_value}."
        about = f"{label(proposal.key)}:{said}" if proposal.key else "context:"
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
