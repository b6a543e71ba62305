"""The report: the same content on screen and on paper, and hostile text that stays text."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pydicom
import pytest
from PIL import Image

from fusion.anatomy.joints import Joint, Side
from fusion.annotations.changes import NumberingConfirmed
from fusion.annotations.snapshots import Measured
from fusion.annotations.target import Answer, Decision, Target
from fusion.export.account import JointAccount, _remarks
from fusion.export.handout import Handout, Picture
from fusion.export.report.blocks import (
    Report,
    ReportCells,
    ReportLines,
    ReportPictures,
    ReportRows,
)
from fusion.export.report.content import FUSION, make_report
from fusion.export.report.fonts import STAND_IN, letters
from fusion.export.report.html import report_html
from fusion.export.report.joints import (
    joint_table,
    said_alignment,
    said_mm,
    said_of_all,
    said_place,
)
from fusion.export.report.pdf import INCOMPLETE, report_pdf
from fusion.export.report.right_to_left import drawn_order
from fusion.facets.automatic.refine import GAP_SLICE_MM
from fusion.facets.states import Status
from fusion.findings.readings import PATHWAY_OF_ANOTHER_VERSION
from fusion.opening import open_study
from fusion.pathway.assessment import NOT_ASSESSED, Assessment, Unanswered
from fusion.pathway.facts.facts import Facts
from fusion.pathway.facts.facts_file import facts_from_values
from fusion.registration import Trust
from fusion.review import Review
from tests.annotations.samples import localisation, placement, registration, target
from tests.export.dicom.others import debian
from tests.export.handed import HOSTILE, HOT, MADE, Read, handout_of, read_study
from tests.house import safety_sentences as sentences
from tests.pathway.cases import GOLDEN
from tests.viewer.marked_study import write_study


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return read_study(tmp_path_factory.mktemp("report"), final=False)


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Review:
    """A study that nobody has read."""
    return opened(tmp_path_factory.mktemp("unread"), patient_name="Hostile^<b>Name")


def opened(folder: Path, **study: Any) -> Review:
    return open_study(write_study(folder, **study))


def report_of(what: Read | Review, **changes: Any) -> Report:
    """The report of a study, or of a study and its reading, of which something is changed."""
    if isinstance(what, Read):
        return make_report(
            replace(Handout.of(what.review, what.reading, made=MADE, localisation=None), **changes)
        )
    return make_report(handout_of(what, **changes))


def said(report: Report) -> Iterator[str]:
    yield from (report.title, *report.banners, report.footer)
    for section in report.sections:
        yield section.title
        for block in section.blocks:
            if isinstance(block, ReportRows):
                yield from (text for row in block.rows for text in row)
            elif isinstance(block, ReportLines):
                yield from block.lines
            elif isinstance(block, ReportCells):
                yield from (*block.header, *(cell for row in block.rows for cell in row))
            elif isinstance(block, ReportPictures):
                yield block.caption


def cells_of(report: Report, title: str) -> list[ReportCells]:
    """Return the tables of one section, in order."""
    (section,) = [section for section in report.sections if section.title == title]
    return [block for block in section.blocks if isinstance(block, ReportCells)]


def table_of(report: Report, title: str) -> ReportCells:
    return cells_of(report, title)[0]


def table_for(*samples: Target) -> ReportCells:
    """The table of the findings, in a final reading."""
    accounts = [
        JointAccount(
            joint=sample.joint,
            label=sample.joint.name,
            decision=sample.decision.value,
            target=sample,
            remarks=_remarks(sample, None),
        )
        for sample in samples
    ]
    return joint_table(list(zip(accounts, samples, strict=True)))


def row_of(sample: Target) -> dict[str, str]:
    """The row of a target in the table of the findings, by the headings."""
    table = table_for(sample)
    return dict(zip(table.header, table.rows[0], strict=True))


class Page(HTMLParser):
    """What a browser would see: tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"


def pdf_text(pdf: bytes, tmp_path: Path) -> str:
    program = debian("pdftotext", "poppler-utils")
    (tmp_path / "report.pdf").write_bytes(pdf)
    done = subprocess.run(
        [program, "-raw", "-enc", "UTF-8", tmp_path / "report.pdf", "-"],
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_screen_and_paper_say_the_same(read: Read, tmp_path: Path) -> None:
    report = report_of(read)
    page = Page(report_html(report))
    paper = squeezed(pdf_text(report_pdf(report), tmp_path))
    for text in said(report):
        assert text in page.text
        assert squeezed(text) in paper


def test_hostile_text_stays_text(read: Read) -> None:
    report = report_of(read, findings=(PATHWAY_OF_ANOTHER_VERSION(reason=HOSTILE),))
    html = report_html(report)
    page = Page(html)
    allowed = {"html", "head", "meta", "title", "style", "body", "section", "h1", "h2", "p", "dl"}
    allowed |= {"dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "footer", "figure", "div"}
    allowed |= {"figcaption", "img", "colgroup", "col"}
    assert {tag for tag, _ in page.tags} <= allowed
    assert "<script>alert(1)</script>" in page.text
    assert "\u202e" not in html


def test_nothing_is_loaded_from_anywhere(review: Review) -> None:
    page = Page(report_html(report_of(review)))
    sources = [value for _, attrs in page.tags for key, value in attrs.items() if key == "src"]
    assert sources
    assert all(str(source).startswith("data:image/png;base64,") for source in sources)
    keys = {key for _, attrs in page.tags for key in attrs}
    assert keys <= {
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "scope",
        "alt",
        "src",
        "width",
    }
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'")


def lines_of(report: Report, title: str) -> list[str]:
    """Return the sentences of one section, in order."""
    (section,) = [section for section in report.sections if section.title == title]
    return [
        line for block in section.blocks if isinstance(block, ReportLines) for line in block.lines
    ]


def quoted(number: str, cites: str = "") -> str:
    return f'"{sentences.PATHWAY[number]}"{cites}'


#: Stand beside every list of joints.
BESIDE = [quoted("S19", "  [the article cites 5]"), quoted("S21", "  [the article cites 2, 3]")]


def test_the_section_on_limitations_says_these_sentences_and_no_others(
    read: Read, review: Review
) -> None:
    wanted = [sentences.DISCLAIMER, *sentences.LIMITATIONS, quoted("S27"), quoted("S26")]
    for report in (report_of(review), report_of(read)):
        assert lines_of(report, "Limitations") == wanted
        assert report.footer.startswith(sentences.DISCLAIMER)


def test_cautions_stand_beside_every_list_of_joints(read: Read, review: Review) -> None:
    for report in (report_of(review), report_of(read)):
        for title in ("Impression", "Findings, joint by joint"):
            assert lines_of(report, title)[-2:] == BESIDE


#: Said in every report, and that of simulated data.
EVERYWHERE = (
    sentences.DISCLAIMER,
    sentences.SIMULATED,
    *sentences.LIMITATIONS,
    *sentences.PATHWAY.values(),
)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("simulated")
    return report_of(opened(folder, description="SIMULATED, not a patient"))


@pytest.mark.parametrize("sentence", EVERYWHERE)
def test_what_has_to_be_said_is_said_word_for_word(simulated: Report, sentence: str) -> None:
    report = simulated
    assert sentence in " ".join(said(report))
    assert sentence in Page(report_html(report)).text


def test_what_has_to_be_said_stands_on_paper(simulated: Report, tmp_path: Path) -> None:
    paper = squeezed(pdf_text(report_pdf(simulated), tmp_path))
    for sentence in EVERYWHERE:
        assert squeezed(sentence) in paper


def test_no_targets_no_pathway_and_nobody_read_it(review: Review) -> None:
    report = report_of(review)
    text = list(said(report))
    assert NOT_ASSESSED in text
    assert any("NOT READ" in banner for banner in report.banners)
    assert "No decision about any joint is recorded." in text
    assert report_pdf(report).startswith(b"%PDF")


def test_banners_say_simulated_draft_and_assumed(read: Read, simulated: Report) -> None:
    assert simulated.banners[0] == sentences.SIMULATED
    assert report_of(read).banners == ("DRAFT: this reading is not finalised.",)
    guessed = "The spacing was given by a user."
    assert guessed in report_of(read, cautions=(guessed,)).banners


def test_a_pathway_left_out_says_by_whom_and_why(review: Review) -> None:
    left_out = Unanswered.now("referral letter missing", reader="Dr A. Reader").to_json()
    text = " ".join(said(report_of(review, assessment=left_out)))
    assert NOT_ASSESSED in text
    assert "Dr A. Reader" in text
    assert "referral letter missing" in text


def test_each_positive_joint_carries_the_cautions_of_the_pathway(read: Read) -> None:
    known = Facts(cervical_pain=True, other_evidence_recorded=False)
    answer = Assessment.of(known, reader="R").to_json()
    lines = list(said(report_of(read, assessment=answer)))
    positive = [t for t in read.reading.targets if t.decision is Decision.POSITIVE]
    assert positive
    for positive_one in positive:
        # Those of which the same is said share a sentence.
        (line,) = [one for one in lines if "in support of this target" in one]
        assert positive_one.joint.name in line.partition(":")[0]
        assert "Nothing but the SPECT result is recorded in support of this target." in line
        assert "Recorded as clinically concordant in side and level." in line


def test_the_verdict_is_quoted(review: Review) -> None:
    answer = Assessment.of(GOLDEN["G3"].facts, reader="R").to_json()
    text = list(said(report_of(review, assessment=answer)))
    assert answer["words"] in text
    assert answer["deciding"]
    for statement in answer["deciding"][:3]:
        assert any(line.startswith(f'"{answer["quoted"][statement]}"') for line in text)
    assert any(line.endswith("[the article cites 2]") for line in text)


def test_the_article_is_named_by_its_title_and_date(review: Review) -> None:
    (line,) = lines_of(report_of(review), "Imaging pathway")[1:]
    assert line.startswith('Sentences in quotation marks: "What is the role of CT/SPECT (')
    assert "last updated October 14, 2025" in line


def test_the_table_says_side_level_and_what_is_open(read: Read) -> None:
    report = report_of(read)
    grid = table_of(report, "Findings, joint by joint")
    # From the skull down, left before right.
    names = ["Left C4-C5 (DRAFT)", "Left C5-C6 (DRAFT)", "Right C5-C6 (DRAFT)"]
    assert [row[0] for row in grid.rows] == names


@pytest.mark.parametrize(
    ("date", "said_so"),
    [("20240311", "study of 2024-03-11"), ("", "study date not stated")],
)
def test_every_page_says_whose_study_of_when(tmp_path: Path, date: str, said_so: str) -> None:
    study = write_study(tmp_path)
    for path in study.iterdir():
        ds = pydicom.dcmread(path)
        ds.StudyDate, ds.PatientID = date, "ID<4711>"
        ds.save_as(path)
    assert report_of(open_study(study)).identity.endswith(f"ID ID<4711> · {said_so}")


def test_a_joint_that_stands_alone_says_how_sure_it_is_in_its_row() -> None:
    row = row_of(target())
    assert (
        "Alignment within 2 mm (19 of 20 simulated joints are nearer). Joint within 2 mm "
        "(9 of 10 are nearer)."
    ) in row["Reader, time, note, cautions"]


MEASURES_OF_A_SPECT = Measured.of(
    {
        "maximum": 812.25,
        "mean": 417.7,
        "peak": 466.2,
        "ratio_to_reference": 1.11,
        "ratio_to_other_side": 0.29,
    },
    unit="counts",
)


PET_LEFT = Measured.of(
    {"maximum": 8120.0, "ratio_to_reference": 1.75, "suvbw_maximum": 4.25}, unit="Bq/mL"
)


def test_suv_stands_in_its_own_unit() -> None:
    row = row_of(target(uptake=PET_LEFT))
    assert row["SUVbw maximum g/mL"] == "4.25"
    assert row["× reference"] == "1.75"
    assert "maximum Bq/mL" not in row  # what SUV stands for


def test_each_measure_has_a_column_with_its_unit() -> None:
    right = Joint("C5-C6", Side.RIGHT)
    counts = Measured.of(
        {"maximum": 812.25, "mean": 41.666, "ratio_to_other_side": 0.1885}, unit="counts"
    )
    few = Measured.of({"maximum": 54321.0, "mean": 7.0}, unit="Bq/mL")
    table = table_for(target(uptake=counts), target(right, uptake=few))
    shown = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    assert [row["maximum counts"] for row in shown] == ["812", "–"]
    assert [row["maximum Bq/mL"] for row in shown] == ["–", "54,321"]
    assert [row["mean counts"] for row in shown] == ["41.7", "–"]
    assert [row["× other side"] for row in shown] == ["0.19", "–"]
    assert sum(table.widths) == pytest.approx(1)
    unmeasured = row_of(target(uptake=None))
    assert set(unmeasured) == {
        "Joint",
        "Decision",
        "Grade",
        "Matches pain",
        "Operative bed",
        "Reader, time, note, cautions",
    }


@pytest.mark.parametrize(
    "others",
    [
        [Measured.of({"maximum": 8120.0, "mean": 71.0, "peak": 7.0}, unit="Bq/mL")],
        [PET_LEFT, Measured.of({"of_another_version": 3.0}, unit="counts")],
    ],
)
def test_more_measures_than_fit_stand_in_words(read: Read, others: list[Measured]) -> None:
    """Readings of several versions and units: the PDF is drawn, and nothing is left out."""
    joints = [Joint(level, Side.LEFT) for level in ("C3-C4", "C4-C5", "C5-C6")]
    every = [MEASURES_OF_A_SPECT, *others]
    targets = [target(joint, uptake=one) for joint, one in zip(joints, every, strict=False)]
    table = table_for(*targets)
    shown = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    assert shown[0]["Uptake at the decision"].startswith("maximum 812 counts; mean 418 counts")
    assert all(share > 0.05 for share in table.widths)
    assert sum(table.widths) == pytest.approx(1)
    assert report_pdf(make_report(handout_of(read.review, *targets))).startswith(b"%PDF")


def test_who_decided_when_stands_once_beneath_the_rows_of_one_reader() -> None:
    first = target()
    later = first.time.replace(hour=first.time.hour + 1)
    second = replace(target(Joint("C5-C6", Side.RIGHT)), time=later)
    said_once = said_of_all([second, first])[0]
    day = f"{first.time:%Y-%m-%d}"
    assert said_once == (
        f"Decided by {first.reader}, between {day} {first.time:%H:%M} UTC and "
        f"{day} {later:%H:%M} UTC."
    )
    table = table_for(first, second)
    assert table.header[-1] == "Note, cautions"
    assert not any(first.reader in row[-1] for row in table.rows)
    # Two readers: each row says whose it is.
    table = table_for(first, replace(second, reader="Another"))
    assert table.header[-1] == "Reader, time, note, cautions"
    assert [row[-1].split(",")[0] for row in table.rows] == [first.reader, "Another"]


def test_how_far_the_alignment_may_be_off_says_what_the_number_is() -> None:
    """A bound of simulated joints; without its share no bound; nothing where it is distrusted."""
    bound = registration()
    before = replace(bound, uncertainty_share=0.0)
    assert said_alignment(target(registration=before)) == (
        "Alignment off by about 2 mm (how many joints are nearer is not recorded)."
    )
    unknown = replace(bound, uncertainty_mm=None, uncertainty_share=0.0)
    assert said_alignment(target(registration=unknown)) == "Alignment uncertainty not known."
    distrusted = replace(unknown, method="rigid registration (do not trust)")
    assert said_alignment(target(registration=distrusted)) == "The alignment is NOT to be trusted."


def test_what_is_the_same_of_all_joints_is_said_once_beneath_them(read: Read) -> None:
    report = report_of(read)
    of_all = "Alignment within 3 mm (19 of 20 simulated joints are nearer)."
    grid = table_of(report, "Findings, joint by joint")
    assert not any(of_all in row[-1] for row in grid.rows)
    lines = lines_of(report, "Findings, joint by joint")
    assert [of_all in line for line in lines if line.startswith("Of each joint: ")] == [True]
    # In the impression each joint says how sure it is.
    assert all(of_all in row[-1] for row in table_of(report, "Impression").rows)
    # A joint that stands alone, or differs, says it in its own row.
    assert said_of_all([target()]) == ()
    other = replace(registration(), uncertainty_mm=2.7)
    different = [target(), target(Joint("C5-C6", Side.RIGHT), registration=other)]
    assert not any(line.startswith("Alignment") for line in said_of_all(different))


def test_what_was_an_expected_error_is_not_called_a_bound() -> None:
    """Readings of versions that stated an expected error say so; a bound is rounded upwards."""
    bound = localisation()
    before = replace(bound, confidence_share=0.0)
    assert said_place(target(localisation=before)) == (
        "Joint off by about 2 mm (expected error, no bound)."
    )
    dragged = replace(bound, confidence_mm=3.0, source="dragged by the reader")
    assert said_place(target(localisation=dragged)) == (
        "Joint within 3 mm (assumed, 9 of 10 are nearer)."
    )
    unknown = replace(bound, confidence_mm=None)
    assert said_place(target(localisation=unknown)) == "Error of the joint's place not known."
    assert (said_mm(3.04), said_mm(3.1), said_mm(0.2)) == ("3 mm", "4 mm", "1 mm")


def test_blocks_show_both_counts_and_why_they_differ(read: Read) -> None:
    text = list(said(report_of(read)))
    assert "Positive, matches the pain, not in an operative bed: 2 joints, 3 nerves." in text
    assert (
        "Positive, matches the pain, not in an operative bed: 2 joints, 3 nerves. Left C5 medial "
        "branch supplies two of the joints and is counted once."
    ) in text
    assert "Left C5 medial branch" in text


def test_the_block_plan_sets_apart_what_the_reader_doubts(read: Read) -> None:
    targets = (
        target(Joint("C3-C4", Side.LEFT)),
        target(Joint("C4-C5", Side.LEFT), clinically_concordant=Answer.NO, grade=3),
        target(Joint("C6-C7", Side.RIGHT), inside_operative_bed=Answer.YES),
        target(Joint("C5-C6", Side.RIGHT), clinically_concordant=Answer.NOT_RECORDED),
    )
    report = make_report(handout_of(read.review, *targets))
    rows = [row for block in cells_of(report, "Block plan") for row in block.rows]
    assert rows == [
        ("Left C3-C4", "left", "C3 medial branch (deep), C4 medial branch"),
        ("Left C4-C5", "left", "C4 medial branch, C5 medial branch", "Does not match the pain"),
        (
            "Right C5-C6",
            "right",
            "C5 medial branch, C6 medial branch",
            "Whether it matches the pain is not recorded",
        ),
        ("Right C6-C7", "right", "C6 medial branch, C7 medial branch", "Lies in an operative bed"),
    ]
    assert "Set apart: 3 positive joints." in list(said(report))
    [landmarks] = cells_of(report, "Nerves and their bony landmarks")
    assert [row[0] for row in landmarks.rows] == [
        "Left C3 medial branch (deep)",
        "Left C4 medial branch",
    ]
    # What matches the pain stands first, whatever its grade.
    assert [row[0] for row in table_of(report, "Impression").rows][:2] == [
        "Left C3-C4",
        "Left C4-C5",
    ]


def test_that_no_joint_was_seen_to_be_fused_says_what_cannot_be_seen(read: Read) -> None:
    handout = handout_of(read.review, seen={HOT: Status.FOUND})
    text = " ".join(said(make_report(handout)))
    none = "None of the decided joints on the CT was seen to be fused or obscured. "
    assert none + FUSION in text
    assert f"up to {GAP_SLICE_MM:g} mm only" in FUSION
    assert "This does not exclude a fused joint" in FUSION
    # What was seen does not make the rest any surer.
    one = make_report(replace(handout, seen={HOT: Status.FUSED}))
    assert FUSION in " ".join(said(one))


def test_letters_that_cannot_be_drawn_are_said_to_be_so(tmp_path: Path) -> None:
    fonts = letters()
    assert fonts.markup("Müller <b> Ångström") == "Müller &lt;b&gt; Ångström"
    assert not fonts.incomplete
    assert fonts.markup("शर्मा") == STAND_IN * 5  # would be drawn with its parts in a wrong order
    assert fonts.incomplete
    report = report_of(opened(tmp_path / "study", patient_name="शर्मा"))
    assert "शर्मा" in report_html(report)
    text = pdf_text(report_pdf(report), tmp_path)
    assert squeezed(INCOMPLETE) in squeezed(text)
    assert "4711" in text


@pytest.mark.parametrize(
    ("stored", "drawn"),
    [
        # Forms as the Unicode charts name them: FEH initial, ALEF final, TAH initial, MEEM medial,
        # TEH MARBUTA final; ALEF WITH HAMZA isolated, HAH initial, MEEM medial, DAL final.
        (
            "فاطمة أحمد",
            "\ufeaa\ufee4\ufea3\ufe83\u00a0\ufe94\ufee4\ufec3\ufe8e\ufed3",
        ),
        # BEH initial, LAM WITH ALEF final, LAM isolated.
        ("بلال", "\ufedd\ufefc\ufe91"),
        ("שרה כהן, ID 12", "ןהכ\u00a0הרש, ID 12"),
        ("Müller 山田", "Müller 山田"),
    ],
)
def test_names_from_right_to_left_are_joined_and_turned_round(stored: str, drawn: str) -> None:
    assert drawn_order(stored) == drawn


class Drawn:
    """Pictures of the usual size, as many as there are positive joints."""

    def __init__(self, joints: int) -> None:
        image = Picture("joint", ("L", "P"), Image.new("RGB", (628, 600)))
        self.joints = tuple((f"joint number {n}", (image,) * 3) for n in range(joints))
        self.overview = Picture("whole", ("L", "F"), Image.new("RGB", (1100, 480)))
        self.c_arm = (Picture("C-arm", ("L", "F"), Image.new("RGB", (860, 840))),) * 2


def pages(pdf: bytes, tmp_path: Path) -> int:
    program = debian("pdfinfo", "poppler-utils")
    (tmp_path / "report.pdf").write_bytes(pdf)
    done = subprocess.run(
        [program, tmp_path / "report.pdf"], capture_output=True, text=True, check=True
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("Pages:"))
    return int(line.split()[1])


@pytest.mark.parametrize("positive", [0, 1, 3])
def test_two_pages(read: Read, tmp_path: Path, positive: int) -> None:
    report = report_of(read, pictures=Drawn(positive))
    assert pages(report_pdf(report), tmp_path) == 2


def test_more_joints_take_more_pages_and_lose_nothing(read: Read, tmp_path: Path) -> None:
    pdf = report_pdf(report_of(read, pictures=Drawn(16)))
    text = pdf_text(pdf, tmp_path)
    assert all(f"joint number {n}" in text for n in range(16))


def test_a_point_between_levels_is_said_to_be_so() -> None:
    joint = Joint("C6-C7", Side.RIGHT)
    sample = target(
        joint,
        decision=Decision.INDETERMINATE,
        clinically_concordant=Answer.NOT_RECORDED,
        placement=placement(joint, margin_mm=1.0, neighbour="C7-T1"),
    )
    row = row_of(sample)
    assert "Between C6-C7 and C7-T1." in row["Reader, time, note, cautions"]
    assert row["Matches pain"] == "not recorded"


def test_a_search_that_kept_the_alignment_changes_no_word_of_the_report(read: Read) -> None:
    """The window may have searched, the command line has not: the reading is the same."""
    in_use = read.review.fused.registration
    searched = replace(in_use, status=Trust.NO_INCONSISTENCY)
    again = replace(read, review=read.review.with_registration(searched))
    assert list(said(report_of(again))) == list(said(report_of(read)))
    assert not any("no inconsistency" in text for text in said(report_of(again)))


def test_what_the_headers_hold_is_said_and_nothing_is_filled_in(tmp_path: Path) -> None:
    study = write_study(tmp_path)
    for path in study.iterdir():
        ds = pydicom.dcmread(path)
        ds.AccessionNumber, ds.ReferringPhysicianName = "A-77", "Sender^Ruth"
        ds.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
        if ds.Modality == "NM":
            (tracer,) = ds.RadiopharmaceuticalInformationSequence
            tracer.RadionuclideTotalDose, tracer.RadiopharmaceuticalRoute = "740", "IV"
            tracer.RadiopharmaceuticalStartTime = "061500"
        ds.save_as(path)
    report = report_of(open_study(study))
    text = " ".join(said(report))
    for value in (
        "Accession number A-77",
        "Referring physician Sender Ruth",
        "Patient Yamada Tarou Patient ID",
        "Radiopharmaceutical: HDP. Activity: 740 MBq. Route: intravenous. Injected at: 06:15. "
        "Scan began: 2024-03-11 09:15. From injection to scan: 3.0 h.",
        "energy window 126 to 154 keV; corrected for uniformity, attenuation, decay; "
        "36 × 30 × 32 voxels of 4 × 4 × 4 mm; values in counts.",
        "130 kVp; 60 × 64 × 72 voxels of 2.5 × 2 × 2 mm.",
        "No comparison with an earlier SPECT/CT is part of this report.",
    ):
        assert value in text


def test_what_the_headers_lack_is_said_to_be_missing(review: Review) -> None:
    text = " ".join(said(report_of(review)))
    assert "Radiopharmaceutical: HDP. Activity: not stated. Route: not stated." in text
    assert "Injected at: not stated. Scan began: 2024-03-11 09:15." in text
    assert "From injection to scan: not stated." in text
    assert "Accession number not stated Referring physician not stated" in text


def test_the_history_is_that_of_the_pathway(review: Review) -> None:
    known = facts_from_values(
        {
            "cervical_pain": True,
            "post_traumatic": False,
            "mri": "inconclusive",
            "mri_date": "2024-01",
        }
    )
    report = report_of(review, assessment=Assessment.of(known, reader="R").to_json())
    assert lines_of(report, "Indication and history") == [
        "Yes: cervical pain.",
        "No: post traumatic.",
    ]
    earlier = "Recorded before this study: MRI: inconclusive (2024-01)."
    assert earlier in lines_of(report, "Comparison")


def test_the_screen_never_breaks_a_word(review: Review) -> None:
    page = report_html(report_of(review))
    assert "anywhere" not in page
    assert "break-all" not in page


def test_the_impression_says_what_spoke_against_the_levels(tmp_path: Path) -> None:
    """Also where the reader has confirmed them: it stands beside the joints, not further down."""
    provisional = NumberingConfirmed(
        numbering="provisional, counted from C7-T1 (first ribs)",
        anchor="C7-T1",
        c2_in_field=False,
        t1_in_field=True,
        disagreement="the levels are provisional",
        note="ribs on both sides",
        left_open=("fused C3-C4",),
    )
    lines = lines_of(report_of(read_study(tmp_path, numbering=provisional)), "Impression")
    (levels,) = [line for line in lines if line.startswith("Levels counted from C7-T1")]
    for sentence in (
        "C2 is not on this CT, T1 is.",
        "Levels when they were confirmed: PROVISIONAL, the signs do not settle them.",
        "Against this numbering: the levels are provisional.",
        "Proposed by the program, neither recorded nor dismissed: fused C3-C4.",
    ):
        assert sentence in levels


def test_a_usual_reading_has_two_pages(read: Read) -> None:
    """Twelve decided joints, two of them positive, with an answer to the pathway."""
    levels = ("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7", "C7-T1")
    joints = [Joint(level, side) for level in levels for side in Side]
    targets = [
        target(
            joint,
            decision=Decision.POSITIVE if n in (1, 6) else Decision.NEGATIVE,
            grade=2 if n in (1, 6) else 0,
            uptake=MEASURES_OF_A_SPECT,
            note="",
        )
        for n, joint in enumerate(joints)
    ]
    answer = Assessment.of(GOLDEN["G3"].facts, reader="R").to_json()
    report = make_report(handout_of(read.review, *targets, assessment=answer))
    assert len(re.findall(rb"/Type /Page\b", report_pdf(report))) == 2


@pytest.mark.parametrize(
    ("tracer", "title"),
    [
        ("Tc-99m MDP", "Fused bone SPECT/CT of the neck: facet joint report"),
        ("Ga-68 DOTATATE", "Fused SPECT/CT of the neck: facet joint report"),
        ("", "Fused SPECT/CT of the neck: facet joint report"),
    ],
)
def test_the_title_says_bone_only_of_a_tracer_of_bone(
    tmp_path: Path, tracer: str, title: str
) -> None:
    study = write_study(tmp_path)
    for path in study.iterdir():
        ds = pydicom.dcmread(path)
        if ds.Modality == "NM":
            given = pydicom.Dataset()
            given.Radiopharmaceutical = tracer
            ds.RadiopharmaceuticalInformationSequence = [given]
            ds.save_as(path)
    assert report_of(open_study(study)).title == title
