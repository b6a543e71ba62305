"""One table of measures: a measure that is put into it is found wherever values are shown."""

import csv
import io
from pathlib import Path

import pydicom
import pytest

from fusion.anatomy.joints import Joint, Side
from fusion.annotations.snapshots import Measured
from fusion.cli.facets import uptake_lines
from fusion.export.dicom.structured_report import read_structured_report
from fusion.export.report.content import _joint_row
from fusion.export.tables import table
from fusion.uptake import measures
from fusion.uptake.measures import (
    MEASURES,
    OF_VOLUME,
    Measure,
    MeasureUnit,
    in_suv,
)
from fusion.uptake.measuring import UptakeSettings
from fusion.uptake.proposals import ProposalSettings, assess
from tests.annotations.samples import target
from tests.export.handed import handout_of, read_study
from tests.export.test_structured_report import written
from tests.uptake.spots import centers, grid, places, registration, spots, volume

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
    assert all(words in _joint_row(decided)[3] for words in said)
    assert f"SUVbw minimum {least * 0.0005:.2f} g/mL" in _joint_row(decided)[3]
    study = read_study(tmp_path).review
    rows = csv.DictReader(io.StringIO(table(handout_of(study, decided)), newline=""))
    row = next(row for row in rows if row["decision"] != "not decided")
    assert (float(row["minimum"]), float(row["voxels_above_half"])) == (least, count)
    report = written(tmp_path, decided, suv_proven=True)
    assert read_structured_report(report) == (decided,)
    stated = {
        (i.ConceptNameCodeSequence[0].CodeMeaning, i.MeasuredValueSequence[0]
         .MeasurementUnitsCodeSequence[0].CodeValue): i
        for i in _numbers(pydicom.dcmread(report))
    }  # fmt: skip
    assert ("voxels_above_half", "{voxels}") in stated
    assert any(
        i.ContentSequence[0].ConceptCodeSequence[0].CodeValue == "255605001"
        for i in stated.values()
        if "ContentSequence" in i and i.ContentSequence[0].ValueType == "CODE"
    )


def _numbers(ds):
    for item in ds.get("ContentSequence", []):
        if item.ValueType == "NUM":
            yield item
        else:
            yield from _numbers(item)
