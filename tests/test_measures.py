"""One table of measures: a measure that is put into it is found wherever values are shown."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.sr.codedict import codes as standard

from fusion.anatomy.joints import Joint, Side
from fusion.annotations.snapshots import Measured
from fusion.cli.facets import uptake_lines
from fusion.export.dicom import codes
from fusion.export.dicom.structured_report_reading import read_structured_report
from fusion.export.report.content import make_report
from fusion.export.report.joints import said_uptake
from fusion.export.tables import table
from fusion.facets.localisation import Facet, Numbering, Status
from fusion.uptake import measures
from fusion.uptake.measures import (
    MEASURES,
    OF_VOLUME,
    Measure,
    MeasureUnit,
    Voxels,
    in_suv,
    measured,
    measured_texts,
    number_text,
    quantity_text,
)
from fusion.uptake.proposals import assess
from fusion.uptake.settings import ProposalSettings, UptakeSettings
from tests.annotations.samples import target
from tests.export.dicom.test_structured_report import written
from tests.export.handed import handout_of, read_study
from tests.uptake.spots import centers, grid, places, registration, spots, volume
from viewer.facets import words
from viewer.targets.words import uptake_text

ROOT = Path(__file__).resolve().parents[1]
HOT = Joint("C5-C6", Side.LEFT)
ABOVE_HALF = Measure(
    name="voxels_above_half",
    words="{} above half of the maximum",
    unit=MeasureUnit(words="voxels", decimals=0, ucum=("{voxels}", "UCUM", "voxels")),
    how="voxels of at least half of the maximum",
    of=lambda voxels: float((voxels.inside >= voxels.inside.max() / 2).sum()),
)
TOY = (
    ABOVE_HALF,
    Measure(
        name="minimum",
        words="minimum {}",
        unit=OF_VOLUME,
        how="coldest voxel of the volume of interest",
        of=lambda voxels: float(voxels.inside.min()),
        statistic=("255605001", "SCT", "Minimum"),
        heading="Min",
    ),
)


@pytest.fixture
def with_toys(monkeypatch):
    monkeypatch.setattr(measures, "MEASURES", (*MEASURES, *TOY, in_suv(TOY[1])))


@pytest.fixture
def neck():
    """A neck in Bq/mL that proves SUV, with one hot joint."""
    where = grid()
    values = spots(where, [(centers()[HOT], 9000.0)], sigma_mm=5.0, background=1000.0)
    settings = ProposalSettings(uptake=UptakeSettings(resolution_mm=10.0))
    return assess(
        places(),
        volume(values, where, unit="Bq/mL", suvbw_per_unit=0.0005),
        registration(),
        settings=settings,
    )


def test_a_measure_is_one_entry(with_toys, neck, tmp_path: Path) -> None:
    uptake = neck.uptake_of(HOT)
    count, least = uptake.values["voxels_above_half"], uptake.values["minimum"]
    assert count > 1
    assert uptake.values["suvbw_minimum"] == least * 0.0005
    said = f"{count:.0f} voxels above half of the maximum", f"minimum {least:,.0f} Bq/mL"
    # JSON of the command line, and its lines.
    document = uptake.to_json()
    assert document["voxels_above_half"] == count
    assert document["minimum"] == round(least, 4)
    assert document["suvbw"]["minimum"] == round(least * 0.0005, 4)
    line = next(line for line in uptake_lines(neck) if HOT.name in line)
    assert all(words in line for words in said)
    # The reader's decision, and what is handed on of it.
    kept = Measured.of_uptake(uptake)
    assert kept["minimum"] == least
    decided = target(HOT, uptake=kept)
    assert all(words in said_uptake(decided) for words in said)
    assert f"SUVbw minimum {least * 0.0005:.2f} g/mL" in said_uptake(decided)
    study = read_study(tmp_path).review
    paper = make_report(handout_of(study, decided))
    (findings,) = (one for one in paper.sections if one.title == "Findings, joint by joint")
    # More measures than fit side by side.
    column = findings.blocks[0].header.index("Uptake at the decision")
    assert all(words in findings.blocks[0].rows[0][column] for words in said)
    rows = csv.DictReader(io.StringIO(table(handout_of(study, decided)), newline=""))
    row = next(row for row in rows if row["decision"] != "not decided")
    assert (float(row["minimum"]), float(row["voxels_above_half"])) == (least, count)
    report = written(tmp_path, decided, suv_proven=True)
    assert read_structured_report(report) == (decided,)
    numbers = list(_numbers(pydicom.dcmread(report)))
    stated = {
        (i.ConceptNameCodeSequence[0].CodeMeaning, i.MeasuredValueSequence[0]
         .MeasurementUnitsCodeSequence[0].CodeValue)
        for i in numbers
    }  # fmt: skip
    assert ("voxels_above_half", "{voxels}") in stated
    assert any(
        i.ContentSequence[0].ConceptCodeSequence[0].CodeValue == "255605001"
        for i in numbers
        if "ContentSequence" in i and i.ContentSequence[0].ValueType == "CODE"
    )


def _numbers(ds):
    for item in ds.get("ContentSequence", []):
        if item.ValueType == "NUM":
            yield item
        else:
            yield from _numbers(item)


def test_a_measure_is_in_the_window_too(with_toys, neck) -> None:
    uptake = neck.uptake_of(HOT)
    facet = Facet(HOT, Status.FOUND, centers()[HOT], np.array([0, 0, 1.0]), Numbering.SURE, 1.0)
    said = words.details(facet, uptake, label="SPECT")
    assert f"minimum {uptake.values['minimum']:,.0f} Bq/mL" in said
    assert f"{uptake.values['voxels_above_half']:.0f} voxels above half of the maximum" in said
    headings = [measure.heading for measure in words.columns()]
    assert headings == ["Max", "× ref.", "× other\nside", "Min"]
    row = words.row_texts(facet, uptake)
    assert row[1 + headings.index("Min")] == f"{uptake.values['minimum']:,.0f}"


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.837, "1.84"), (1.2949, "1.29"), (0.1 + 0.2, "0.30"), (12.3456, "12.35"), (-0.0, "0.00")],
)
def test_a_ratio_is_read_with_two_decimals_everywhere(value, said) -> None:
    kept = Measured.of({"ratio_to_reference": value, "maximum": 812.25}, unit="counts")
    decided = target(HOT, uptake=kept)
    texts = [*measured_texts(kept, "counts"), said_uptake(decided), uptake_text(decided)]
    numbers = {n for text in texts for n in re.findall(r"(-?[\d.]+) × ref", text)}
    assert numbers == {said}


def test_a_value_is_read_with_three_digits_or_whole_and_suv_with_two_decimals() -> None:
    shown = [number_text(v, "counts") for v in (0.0, -0.0, 0.1234, 12.34, 99.96, 123.4, 54321.0)]
    assert shown == ["0", "0", "0.123", "12.3", "100", "123", "54,321"]
    assert quantity_text(812.25, "counts") == "812 counts"
    assert quantity_text(12.346, "g/mL") == "12.35 g/mL"
    assert quantity_text(0.5, "SUVbw g/mL") == "0.50 SUVbw g/mL"


def test_what_another_version_measured_is_said_by_its_name() -> None:
    assert list(measured_texts({"volume_{0}_half": 7.0}, "counts")) == ["volume (0) half 7 counts"]


def test_names_are_those_that_readings_hold() -> None:
    """Journals of earlier versions hold these; none may change."""
    assert [measure.name for measure in MEASURES] == [
        "maximum",
        "mean",
        "peak",
        "ratio_to_reference",
        "ratio_to_other_side",
        "suvbw_maximum",
        "suvbw_mean",
        "suvbw_peak",
    ]


def test_values_are_what_they_are_called() -> None:
    voxels = Voxels(
        inside=np.array([3.0, 9.0, 6.0]),
        at_peak=np.array([9.0, 6.0]),
        reference=2.0,
        other_side=4.5,
        suvbw_per_unit=0.5,
    )
    assert measured(voxels) == {
        "maximum": 9.0,
        "mean": 6.0,
        "peak": 7.5,
        "ratio_to_reference": 4.5,
        "ratio_to_other_side": 2.0,
        "suvbw_maximum": 4.5,
        "suvbw_mean": 3.0,
        "suvbw_peak": 3.75,
    }
    alone = replace(voxels, reference=0.0, other_side=None, suvbw_per_unit=None)
    assert set(measured(alone)) == {"maximum", "mean", "peak"}


def test_codes_of_the_measures_are_those_of_the_standard() -> None:
    """They are typed there, since journals open without pydicom."""
    stated = {m.name: (m.concept, m.statistic) for m in MEASURES}
    suv, ratio = tuple(standard.DCM.Suvbw)[:3], tuple(standard.SCT.Ratio)[:2]
    statistics = {
        "maximum": tuple(standard.SCT.Maximum)[:3],
        "mean": tuple(standard.SCT.Mean)[:3],
        "peak": tuple(standard.DCM.PeakValueWithinROI)[:3],
    }
    assert stated == {
        **{name: (None, code) for name, code in statistics.items()},
        **{f"suvbw_{name}": (suv, code) for name, code in statistics.items()},
        "ratio_to_reference": ((*ratio, "Ratio of the maximum to the reference"), None),
        "ratio_to_other_side": (
            ("ratio-other-side", codes.SCHEME, "Ratio of the maximum to the other side's"),
            None,
        ),
    }


def test_the_documentation_lists_every_measure() -> None:
    page = (ROOT / "docs" / "uptake.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE))
    for measure in MEASURES:
        read, how = rows[measure.name].split(" | ")
        assert how == measure.how
        assert read == measure.text(1.837, "counts")
