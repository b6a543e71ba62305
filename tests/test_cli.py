"""The contract of the command line, through the same entry point as the console script."""

from __future__ import annotations

import argparse
import ast
import functools
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fusion import cli
from fusion.cli import COMMANDS, build_parser, main, words_by_action, words_of
from fusion.findings.table import KINDS
from tests.dicom import nm_objects as nm
from tests.studies import write_ct, write_nm


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("study")
    write_ct(path / "CT")
    write_nm(path / "NM")
    (path / "notes.txt").write_text("not DICOM")
    return path


def run_json(capsys, *argv: str) -> tuple[int, dict]:
    code = main([*argv, "--json"])
    captured = capsys.readouterr()
    return code, json.loads(captured.out)


def test_scan_json_holds_the_contract(capsys, folder) -> None:
    code, document = run_json(capsys, "scan", str(folder))
    assert code == 0
    (study,) = document["studies"]
    assert study["study_instance_uid"] == "1.2.3.4.5"
    assert study["patient"]["id"] == "1"
    kinds = {series["kind"]: series for series in study["series"]}
    assert set(kinds) == {"ct", "spect"}
    (volume,) = kinds["spect"]["volumes"]
    assert volume["shape"] == [nm.SLICES, nm.ROWS, nm.COLUMNS]
    assert volume["unit"] == "counts"
    assert volume["frame_of_reference_uid"] == "1.2.3.4.5.7"
    assert [row[0] for row in volume["affine_lps"]] == [0, 0, nm.DZ, 0]
    for finding in kinds["spect"]["findings"]:
        assert set(finding) == {"severity", "code", "message"}


def test_scan_of_a_zip_is_the_same(capsys, folder, tmp_path) -> None:
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.rglob("*"):
            file.write(path, path.relative_to(folder))
    _, expected = run_json(capsys, "scan", str(folder))
    _, found = run_json(capsys, "scan", str(archive))
    assert found["studies"] == expected["studies"]


def test_scan_for_people(capsys, folder) -> None:
    assert main(["scan", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "spect" in text
    assert f"{nm.SLICES} × {nm.ROWS} × {nm.COLUMNS}" in text


def test_fuse_writes_and_prints_one_document(capsys, folder, tmp_path) -> None:
    code, document = run_json(capsys, "fuse", str(folder), "--to", str(tmp_path / "out"))
    assert code == 0
    assert document["spect"]["series_instance_uid"] == "1.2.3.4.5.6"
    assert document["registration"]["matrix_spect_to_ct_lps"][3] == [0, 0, 0, 1]
    assert {"ct", "spect", "registration", "findings", "software"} <= set(document)
    written = json.loads((tmp_path / "out" / "review.json").read_text("utf-8"))
    assert written["ct"] == document["ct"]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {
        "spect_on_ct.dcm",
        "fused_axial.png",
        "fused_coronal.png",
        "fused_sagittal.png",
    } <= names


@pytest.mark.parametrize(
    "argv",
    [
        ["nonsense"],
        ["scan"],
        ["fuse", "somewhere"],
        ["fuse", "x", "--to", "y", "--at", "1,2"],
        ["scan", "x", "--spacing", "three"],
        ["scan", "x", "--spacing", "nan"],
        ["scan", "x", "--spacing", "3=inf"],
        ["facets", "x", "--vertebra", "C7=1,2"],
        ["facets", "x", "--vertebra", "C9=1,2,3"],
        ["facets", "x", "--vertebra", "C7=1,2,nan"],
        ["facets", "x", "--anomaly", "tail"],
        ["facets", "x", "--anomaly", "fused=C9"],
        ["export", "x", "--to", "y", "--version", "two"],
        ["readings"],
        ["import", "x"],
        ["scan", "x", "--spacing", "=3"],
        ["scan", "x", "--spacing", "3", "--spacing", "-3"],
        ["scan", "x", "--spacing", "2=3", "--spacing", "2=-3"],
    ],
)
def test_wrong_usage_is_2(capsys, argv) -> None:
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "usage" in captured.err


def test_a_negative_number_is_no_option(capsys, tmp_path) -> None:
    command = ["fuse", str(tmp_path), "--to", str(tmp_path / "out")]
    for more, value in (
        (["--spacing", "-4,8"], {"": -4.8}),
        (["--spacing", "4,8"], {"": 4.8}),
        (
            ["--spacing", "3=-4,8", "--spacing", "4.1=2", "--spacing", "1"],
            {"3": -4.8, "4.1": 2, "": 1},
        ),
        (["--at", "-10,5,-200"], (-10.0, 5.0, -200.0)),
    ):
        args = build_parser().parse_args([*command, *more])
        assert getattr(args, "at" if "--at" in more else "spacing_mm") == value


def test_refused_data_are_3_with_a_sentence(capsys, tmp_path) -> None:
    write_ct(tmp_path / "ct")
    code = main(["fuse", str(tmp_path), "--to", str(tmp_path / "out")])
    captured = capsys.readouterr()
    assert code == 3
    assert captured.out == ""
    assert captured.err.startswith("facetfusion: No SPECT or PET volume was found")
    assert not (tmp_path / "out").exists()
    code, document = run_json(capsys, "fuse", str(tmp_path), "--to", str(tmp_path / "out"))
    assert code == 3
    assert document["error"]["code"] == "PairingError"


def test_one_name_for_one_thing() -> None:
    """Whatever opens a study opens it by the same options; places are --to, people --reader."""
    opening = {
        "--ct", "--spect", "--spacing", "--register", "--ignore-stored-registration",
        "--interpolation", "--override-mismatch", "--same-frame",
    }  # fmt: skip
    for command in ("fuse", "review", "export", "facets", "import", "pathway"):
        assert opening <= set(words_of(command)), command
    assert opening <= set(words_by_action("archive")["send"])
    # Of two studies each has volumes of its own; the rest holds for both.
    of_one = ("ct", "spect", "spacing")
    two = {f"--{which}-{what}" for which in ("earlier", "later") for what in of_one}
    assert (opening - {f"--{what}" for what in of_one}) | two <= set(words_of("compare"))
    every = {
        word
        for name, _, _ in COMMANDS
        for words in words_by_action(name).values()
        for word in words
    }
    assert {"--out", "--record-as", "--facts-by"}.isdisjoint(every)


def test_an_option_takes_the_same_everywhere() -> None:
    """One option is one kind of thing, by the word that stands for its value in the help."""
    #: What stands for several places or numbers on purpose: a folder, a file or an archive.
    several = {"--to", "--from", "--version"}
    taken: dict[str, set[str | None]] = {}
    for name, _, _ in COMMANDS:
        for parser in parsers_of(name):
            for action in parser._actions:
                for word in action.option_strings:
                    metavar = action.metavar if isinstance(action.metavar, str) else None
                    taken.setdefault(word, set()).add(metavar)
    assert {word: kinds for word, kinds in taken.items() if len(kinds) > 1}.keys() <= several
    assert taken["--to"] == {"DIR", "FILE", "NAME"}


def parsers_of(command: str) -> list[argparse.ArgumentParser]:
    """The parser of a command, and those of its own commands."""
    every = cli.build_parser()
    [commands] = [a for a in every._actions if isinstance(a, argparse._SubParsersAction)]
    parser = commands.choices[command]
    parser.format_help()  # which adds the options
    own = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return [parser, *(one for action in own for one in action.choices.values())]


#: Libraries that take long to load; nobody waits for them to be told of a slip of the pen.
HEAVY = ("SimpleITK", "numba", "pydicom", "scipy", "skimage", "PIL", "napari", "highdicom")


@pytest.mark.slow
def test_wrong_usage_waits_for_no_library() -> None:
    typed = [name for name, _, _ in COMMANDS]
    script = (
        "import sys\nfrom fusion.cli import main\n"
        f"for name in {typed!r}:\n"
        "    assert main([name, '--no-such-option']) == 2, name\n"
        f"    loaded = [one for one in {HEAVY!r} if one in sys.modules]\n"
        "    assert not loaded, (name, loaded)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr[-500:]


def printed(script: str, threads: str | None) -> list[str]:
    """Return the words that a script prints where the user asked for so many threads, or not."""
    given = {name: text for name, text in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    if threads:
        given["OPENBLAS_NUM_THREADS"] = threads
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=given
    )
    return done.stdout.split()


@pytest.mark.skipif(sys.platform != "linux", reason="asks a Linux library by its file")
@pytest.mark.parametrize(("wanted", "threads"), [(None, 1), ("2", 2)])
def test_one_thread_solves_unless_the_user_wants_more(wanted: str | None, threads: int) -> None:
    """Two wait for each other on a busy machine: three of five seconds of ``facets`` there."""
    script = (
        "import ctypes, sys\n"
        "from pathlib import Path\n"
        "from fusion.cli import main\n"
        "main(['--version'])\n"
        "import numpy\n"
        "(path,) = Path(numpy.__file__).parents[1].glob('numpy.libs/libscipy_openblas*')\n"
        "print(ctypes.CDLL(str(path)).scipy_openblas_get_num_threads64_())\n"
    )
    assert int(printed(script, wanted)[-1]) == min(threads, os.cpu_count() or 1)


@pytest.mark.parametrize(("wanted", "kept"), [(None, None), ("2", "2"), ("1", "1")])
def test_programs_of_others_solve_with_the_threads_of_the_user(
    wanted: str | None, kept: str | None
) -> None:
    script = (
        "import os\n"
        "from fusion.cli import main\n"
        "main(['--version'])\n"
        "from fusion.facets.programs.program import without_network\n"
        "print(os.environ['OPENBLAS_NUM_THREADS'], without_network().get('OPENBLAS_NUM_THREADS'))\n"
    )
    assert printed(script, wanted)[-2:] == [wanted or "1", str(kept)]


def test_of_two_dates_the_question_names_the_option_of_its_study(tmp_path, capsys) -> None:
    write_ct(tmp_path / "ct")
    for n, values in enumerate((nm.volume(), nm.volume()[::-1])):
        write_nm(
            tmp_path, name=f"{n}", dataset=nm.recon(values), SeriesInstanceUID=f"1.2.3.4.9.{n}"
        )
    assert main(["compare", str(tmp_path), str(tmp_path)]) == 3
    said = capsys.readouterr().err
    assert "Choose one with --earlier-spect." in said
    assert "--spect" not in said


def test_a_wrong_option_is_told_by_its_command_with_what_may_be_meant(capsys) -> None:
    assert main(["export", "x", "--to", "y", "--deidentfy"]) == 2
    said = capsys.readouterr().err
    assert "usage: facetfusion export" in said
    assert "--deidentfy; did you mean --deidentify?" in said
    # An option is never guessed from its beginning: there may be another one tomorrow.
    assert main(["facets", "x", "--same-fram", "A. Reader"]) == 2
    assert "did you mean --same-frame?" in capsys.readouterr().err
    assert main(["cohort", "run", "x", "--to", "y", "--no-such-thing"]) == 2
    assert "usage: facetfusion cohort run" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [
        ["facets", "x", "--reference", "region"],
        ["facets", "x", "--region", "1,2"],
        ["facets", "x", "--region", "1,2,3,900"],
        ["facets", "x", "--radius", "900"],
        ["facets", "x", "--grade-ratios", "3,2,1"],
        ["facets", "x", "--least-noise", "nan"],
        ["facets", "x", "--label-convention", "spineps"],
        ["cohort", "run", "x", "--to", "y", "--radius", "900"],
        ["labels", "x", "--with", "spineps", "--to", "y", "--minutes", "0"],
        ["export", "x", "--to", "y", "--with-images"],
        ["export", "x", "--to", "y", "--facts", "f.toml"],
        ["pathway"],
        ["pathway", "f.toml", "--spect", "2"],
    ],
)
def test_options_that_none_can_mean_are_wrong_usage_too(
    capsys, tmp_path, monkeypatch, argv
) -> None:
    """Nothing is opened for them: there is no study x."""
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    said = capsys.readouterr()
    assert said.err.startswith("facetfusion: ")
    assert said.out == ""


def test_a_shell_completes_commands_and_options(capsys, tmp_path) -> None:
    assert main(["completion"]) == 0
    script = tmp_path / "completion.sh"
    script.write_text(capsys.readouterr().out)

    def completed(*words: str) -> set[str]:
        typed = " ".join(f"'{word}'" for word in words)
        asked = f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _facetfusion"
        done = subprocess.run(
            ["bash", "-c", f". {script}; {asked}; echo ${{COMPREPLY[@]}}"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return set(done.stdout.split())

    assert completed("facetfusion", "e") == {"export"}
    assert completed("facetfusion", "facets", "x", "--sp") == {"--spect", "--spacing"}
    assert completed("facetfusion", "readings", "s") == {"show"}
    assert completed("facetfusion", "cohort", "run", "--wo") == {"--workers"}
    assert completed("facetfusion", "readers", "analyse", "d", "--i") == {"--interim"}
    assert completed("facetfusion", "readers", "status", "--i") == set()
    assert completed("facetfusion", "labels", "x", "--w") == {"--with"}
    of_one = {"--earlier-ct", "--earlier-spect", "--earlier-spacing"}
    assert completed("facetfusion", "compare", "--earlier") == of_one
    assert completed("facetfusion", "doctor", "--q") == {"--quick"}
    assert completed("facetfusion", "fuse", "x", "y") == set()  # names of files are the shell's


def test_every_command_and_action_has_help_and_refuses_an_unknown_option_with_2(capsys) -> None:
    for name, _, _ in COMMANDS:
        for action in words_by_action(name):
            typed = [name, *([action] if action else [])]
            assert main([*typed, "--help"]) == 0, typed
            assert main([*typed, "--no-such-option"]) == 2, typed
            assert "Traceback" not in capsys.readouterr().err


def test_control_characters_of_names_are_seen_and_do_nothing(capsys) -> None:
    cli.write_lines("a\x1b[2Jb\u202ec\td")
    assert capsys.readouterr().out == "a\\x1b[2Jb\\u202ec\td\n"


@pytest.mark.slow
def test_a_terminal_without_utf8_is_no_reason_to_fail() -> None:
    plain = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    for argv in (["facets", "--help"], ["scan", "no-such-\u5c71"], ["pathway", "--explain", "S15"]):
        done = subprocess.run(
            [sys.executable, "-m", "fusion.cli", *argv],
            capture_output=True, env=plain, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 3), done.stderr
        assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_streams_that_are_closed_or_full_and_a_name_that_is_no_utf8(folder, tmp_path) -> None:
    """No traceback, no fault, no dead process: one library aborted on the name of a folder."""
    to = os.fsencode(tmp_path) + b"/to\xff"
    command = f'"{sys.executable}" -m fusion.cli'.encode()
    study = os.fsencode(folder)
    for line, code in (
        (command + b' scan "' + study + b'" >&-', 0),
        (command + b' scan "' + study + b'/nothing" >&- 2>&-', 3),
        (command + b' fuse "' + study + b'" --to "' + to + b'" --json >/dev/full', 3),
    ):
        done = subprocess.run([b"sh", b"-c", line], capture_output=True, check=False)
        assert done.returncode == code, done.stderr
        assert b"Traceback" not in done.stderr
    assert (Path(os.fsdecode(to)) / "spect_to_ct.tfm").exists()


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_nothing_there_is_3(capsys, tmp_path, name) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["scan", str(tmp_path / name)]) == 3
    assert capsys.readouterr().err.strip()


@pytest.mark.slow
def test_pathway_answer_is_stored_with_reader_and_version(capsys, folder, tmp_path) -> None:
    facts = tmp_path / "facts.toml"
    facts.write_text("cervical_pain = false\n")
    argv = ["fuse", str(folder), "--to", str(tmp_path / "out")]
    code, document = run_json(capsys, *argv)
    assert code == 0
    assert document["pathway"] == {"assessed": False, "text": "Pathway not assessed."}
    assert main([*argv, "--facts", str(facts)]) == 2
    assert "--reader" in capsys.readouterr().err
    code, document = run_json(capsys, *argv, "--facts", str(facts), "--reader", "Dr A. Reader")
    assert code == 0
    pathway = document["pathway"]
    assert pathway["verdict"] == "OUT_OF_SCOPE"
    assert pathway["facts"]["cervical_pain"] is False
    assert pathway["reader"] == "Dr A. Reader"
    assert pathway["guideline"]["version"]


@pytest.mark.slow
def test_report_prints_the_pathway_or_says_that_it_was_not_assessed(
    capsys, folder, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    facts = tmp_path / "facts.toml"
    facts.write_text("cervical_pain = false\n")
    argv = ["export", str(folder), "--to", str(tmp_path / "out")]
    assert main(argv) == 0
    assert "Pathway not assessed" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert main([*argv, "--facts", str(facts)]) == 2
    assert "--reader" in capsys.readouterr().err
    assert main([*argv, "--facts", str(facts), "--reader", "Dr A. Reader"]) == 0
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Outside this pathway" in page
    assert "Dr A. Reader" in page


def test_pathway_answer_is_kept_with_the_reading_and_reported_from_it(
    capsys, folder, tmp_path
) -> None:
    facts, journal = tmp_path / "facts.toml", str(tmp_path / "journal.sqlite")
    facts.write_text("cervical_pain = false\n")
    record = ["pathway", str(facts), "--reader", "Dr A. Reader", "--journal", journal]
    assert main(record) == 2
    assert "--study" in capsys.readouterr().err
    assert main([*record, "--study", str(folder)]) == 0
    capsys.readouterr()
    code, _ = run_json(
        capsys, "export", str(folder), "--to", str(tmp_path / "out"), "--journal", journal
    )
    assert code == 0
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Outside this pathway" in page
    assert "Dr A. Reader" in page


def test_spacing_reaches_the_reader(capsys, tmp_path) -> None:
    write_ct(tmp_path / "ct")
    write_nm(tmp_path / "nm", dataset=nm.recon(spacing=None))
    out = str(tmp_path / "out")
    assert main(["fuse", str(tmp_path), "--to", out]) == 3
    assert "--spacing" in capsys.readouterr().err
    code, document = run_json(capsys, "fuse", str(tmp_path), "--to", out, "--spacing", "3")
    assert code == 0
    assert [a["code"] for a in document["assumptions"]] == ["user-geometry"]


def test_a_spacing_that_several_series_would_take_names_its_series(capsys, tmp_path) -> None:
    write_ct(tmp_path / "ct")
    for n in range(2):
        ds = nm.recon(spacing=None)
        ds.SeriesInstanceUID, ds.SeriesNumber = f"1.2.3.4.5.6.{n}", 5 + n
        ds.SeriesDescription = f"Bone SPECT {'AC' if n else 'NAC'}"
        write_nm(tmp_path / f"nm{n}", dataset=ds)
    out = ["--to", str(tmp_path / "out")]
    for command in (["scan"], ["fuse", *out], ["facets"], ["export", *out]):
        code = main([command[0], str(tmp_path), *command[1:], "--spacing", "-3"])
        said = capsys.readouterr().err
        assert code == 3
        assert "2 series would take it: 1 (Bone SPECT NAC" in said
        assert "--spacing 1=-3" in said
    found = {}
    for named in (["1=-3"], ["1=-3", "2=3"], ["1.2.3.4.5.6.1=3"]):
        options = [word for one in named for word in ("--spacing", one)]
        code, document = run_json(capsys, "scan", str(tmp_path), *options)
        assert code == 0
        volumes = [v for s in document["studies"][0]["series"] for v in s["volumes"]]
        found[named[-1]] = {
            v["id"]: v["affine_lps"][2][0]
            for v in volumes
            if v["affine_lps"] and v["kind"] == "spect"
        }
    assert found == {
        "1=-3": {"1.1": -3},
        "2=3": {"1.1": -3, "2.1": 3},
        "1.2.3.4.5.6.1=3": {"2.1": 3},
    }
    # Whoever names the SPECT has named its series.
    assert main(["fuse", str(tmp_path), *out, "--spect", "2", "--spacing", "3"]) == 0
    # Whatever a volume is called by, it has one distance, and one sign.
    for one, other in (
        ("2=3", "-3"),
        ("-3", "2=3"),
        ("2=3", "2.1=-3"),
        ("1.2.3.4.5.6.1=-3", "2=3"),
    ):
        options = ["--spacing", one, "--spacing", other]
        assert main(["fuse", str(tmp_path), *out, "--spect", "2", *options]) == 3
        said = capsys.readouterr().err
        assert "Several distances between slices were given for volume 2" in said
        assert "3 and -3 mm" in said or "-3 and 3 mm" in said


@pytest.mark.parametrize("spacing", ["3", "1=3", "2=3"])
def test_a_spacing_that_nothing_needs_is_said(capsys, folder, spacing) -> None:
    code, document = run_json(capsys, "scan", str(folder), "--spacing", spacing)
    assert code == 0
    everywhere = [*document["findings"]]
    for series in document["studies"][0]["series"]:
        everywhere += series["findings"]
    said = [f["code"] for f in everywhere if f["code"] in ("not-needed", "user-spacing-not-used")]
    # The SPECT says itself what became of it; the CT is no place for one.
    assert said == (["not-needed"] if spacing == "2=3" else ["user-spacing-not-used"])


def test_options_that_change_nothing_are_said(capsys, folder, tmp_path) -> None:
    words = ["--same-frame", "A", "--override-mismatch", "A", "--ignore-stored-registration"]
    main(["fuse", str(folder), "--to", str(tmp_path / "out"), *words])
    said = [line for line in capsys.readouterr().out.splitlines() if "changed nothing" in line]
    assert len(said) == 3
    for option in words[::2][:2] + words[4:]:
        assert sum(option in line for line in said) == 1
    main(["fuse", str(folder), "--to", str(tmp_path / "out")])
    assert "changed nothing" not in capsys.readouterr().out


@functools.cache
def sentences() -> frozenset[str]:
    """Every text in the code that is more than a word, as far as it is written there."""
    found = set()
    for path in Path(cli.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return frozenset(text for text in found if " " in text and "--" in text)


def test_every_option_that_is_spoken_of_exists() -> None:
    every = set().union(*(cli._all_words(name) for name, _, _ in COMMANDS))
    spoken = {option for text in sentences() for option in cli._NAMED_OPTION.findall(text)}
    assert {"--same-frame", "--any-tracer", "--timeout"} <= spoken
    assert spoken - every - OF_OTHERS == set()


#: Options of other programs and of none: what is told from advice by hand.
OF_OTHERS = {"--model-semantic"}  # of SPINEPS


def test_options_of_a_command_that_is_named_are_its_own() -> None:
    known = {name for name, _, _ in COMMANDS}
    for text in sentences():
        for said in cli._OF_A_COMMAND.findall(text):
            name = said.split()[1]
            if name in known:
                named = set(cli._NAMED_OPTION.findall(said))
                assert named <= cli._all_words(name), said


@pytest.mark.parametrize("command", [name for name, _, _ in COMMANDS])
def test_no_command_advises_an_option_that_it_lacks(command) -> None:
    """Each Finding, and each sentence with an option in it, as this command would say it."""
    for words in {kind.words for kind in KINDS.values()} | sentences():
        named = set(cli._NAMED_OPTION.findall(cli._OF_A_COMMAND.sub("", words)))
        said = cli.advised(words, command)
        for option in named - cli._all_words(command) - OF_OTHERS:
            assert f'"facetfusion {command}" has no {option}; ' in said
        if named <= cli._all_words(command):
            assert said == words


def test_labels_needs_no_word_about_another_patient(capsys, tmp_path) -> None:
    """It takes the CT alone; with several it asks which, by an option that it has."""
    from fusion.dicom import choose_ct, scan

    write_ct(tmp_path / "ct")
    other = nm.recon()
    other.PatientID, other.PatientName, other.PatientBirthDate = "2", "Other^One", "19500101"
    write_nm(tmp_path / "nm", dataset=other)
    chosen, why = choose_ct(scan(tmp_path))
    assert chosen.plan.kind.value == "ct"
    assert why == "the only one; the SPECT states another patient"
    code = main(["facets", str(tmp_path)])
    said = capsys.readouterr()
    assert code == 3
    assert "state different patients" in said.out + said.err
    assert '--override-mismatch "NAME"' in said.out + said.err


def test_console_script_is_installed_and_its_pipe_may_close(folder) -> None:
    script = Path(sys.executable).with_name("facetfusion")
    result = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("facetfusion ")
    piped = subprocess.run(
        ["bash", "-c", f"set -o pipefail; '{script}' scan '{folder}' --json | true"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in piped.stderr


@pytest.mark.parametrize(
    "name",
    [
        "ct_15_encodings",
        "ct_biograph64_neck",
        "ct_brilliance16_lower_neck",
        "ct_hispeed_tilted_uneven",
        "neck_meshes_artisynth",
        "nm_planar_bone",
        "nm_recon_without_geometry",
        "nm_xeleris_header",
    ],
)
def test_real_folders_are_listed_and_refused_without_a_traceback(
    capsys, shared_data, tmp_path, name
) -> None:
    listed = main(["scan", str(shared_data / name)])
    assert listed in (0, 3)
    capsys.readouterr()
    assert main(["fuse", str(shared_data / name), "--to", str(tmp_path / "out")]) == 3
    reason = capsys.readouterr().err
    assert len(reason.split()) > 6
    assert not (tmp_path / "out").exists()
