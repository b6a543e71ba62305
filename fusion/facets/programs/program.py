"""The programs that can be run: one table, with what each needs, costs, and sends home.

Options, file names and folders: docs/sources.md#segmentation-programs. Nothing is installed and
nothing is downloaded: a program is run only where it stands, with weights that are there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fusion.errors import FusionError
from fusion.plain_text import plain
from fusion.software import environment_of_user

#: The file that a program is given; "sub-" and "_ct" are what SPINEPS tells a CT from.
NECK_FILE = "sub-neck_ct.nii.gz"
#: Nobody answers there: what asks the network for anything fails at once.
_NOWHERE = "http://127.0.0.1:9"
_VERTEBRAE = tuple(f"vertebrae_{name}" for name in (
    "C1", "C2", "C3", "C4", "C5", "C6", "C7", "T1", "T2", "T3", "T4",
))  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A segmentation program of others.

    Parameters
    ----------
    name : str
        As ``--with`` takes it.
    words : str
        For people.
    command : str
        What it is called on ``PATH``.
    convention : str
        Which numbers it gives to vertebrae, a name of
        :data:`fusion.facets.labelled.conventions.CONVENTIONS`.
    terms : str
        Its licence and what it sends home, in a sentence.
    to_install : str
        What to do where it is missing.
    weights : tuple of str
        How the names of the folders begin that hold its weights.
    weights_in : callable
        Where they are looked for, given the program's own file.
    arguments : callable
        What it is called with, given the folder that holds the CT, and whether the processor alone
        is to be used.
    environment : callable
        What is set for it, given a private folder and the folder of its weights.
    results : tuple of str
        Patterns of the files that it writes into the folder; one file each.
    """

    name: str
    words: str
    command: str
    convention: str
    terms: str
    to_install: str
    weights: tuple[str, ...]
    weights_in: Callable[[Path], Path]
    arguments: Callable[[Path, bool], list[str]]
    environment: Callable[[Path, Path], Mapping[str, str]]
    results: tuple[str, ...]

    def check_weights(self, program: Path) -> Path:
        """Return the folder of the weights.

        Parameters
        ----------
        program : Path
            The program's own file.

        Raises
        ------
        FusionError
            Some are missing: the program would download them.
        """
        folder = self.weights_in(program)
        there = [one.name for one in folder.iterdir() if one.is_dir()] if folder.is_dir() else []
        missing = [w for w in self.weights if not any(name.startswith(w) for name in there)]
        if missing:
            raise FusionError(
                f"{self.words} is installed, but its weights {', '.join(missing)} are not in "
                f"{plain(str(folder))}. facetfusion downloads nothing: {self.to_install}"
            )
        return folder


def _totalsegmentator_weights(_: Path) -> Path:
    if os.environ.get("TOTALSEG_WEIGHTS_PATH"):
        return Path(os.environ["TOTALSEG_WEIGHTS_PATH"])
    home = os.environ.get("TOTALSEG_HOME_DIR") or Path.home() / ".totalsegmentator"
    return Path(home) / "nnunet" / "results"


def _totalsegmentator_arguments(folder: Path, only_processor: bool) -> list[str]:
    return [
        "-i", str(folder / NECK_FILE), "-o", str(folder / "vertebrae.nii.gz"),
        "-ml", "-ta", "total", "-q", "-nr", "1", "-ns", "1",
        "-d", "cpu" if only_processor else "gpu",
        "-rs", *_VERTEBRAE,
    ]  # fmt: skip


def _totalsegmentator_environment(private: Path, weights: Path) -> dict[str, str]:
    # Its settings live beside its weights; these are ours, with the statistics switched off.
    settings = private / "settings"
    settings.mkdir()
    said = {"totalseg_id": "facetfusion", "send_usage_stats": False, "prediction_counter": 0}
    (settings / "config.json").write_text(json.dumps(said), encoding="utf-8")
    return {"TOTALSEG_HOME_DIR": str(settings), "TOTALSEG_WEIGHTS_PATH": str(weights)}


def _spineps_weights(program: Path) -> Path:
    if os.environ.get("SPINEPS_SEGMENTOR_MODELS"):
        return Path(os.environ["SPINEPS_SEGMENTOR_MODELS"])
    root = program.resolve().parent.parent
    places = sorted(root.glob("[Ll]ib/**/site-packages/spineps/models"))
    return places[0] if places else root / "lib" / "site-packages" / "spineps" / "models"


def _spineps_arguments(folder: Path, only_processor: bool) -> list[str]:
    return [
        "sample", "-i", str(folder / NECK_FILE), "--model-semantic", "ct",
        "--model-instance", "ct_instance", "--model-labeling", "ct_labeling", "--no-n4",
        *(["--cpu"] if only_processor else []),
    ]  # fmt: skip


def _spineps_environment(_: Path, weights: Path) -> dict[str, str]:
    return {"SPINEPS_SEGMENTOR_MODELS": str(weights), "SPINEPS_NO_CITATION_REMINDER": "1"}


PROGRAMS = (
    Program(
        name="totalsegmentator",
        words="TotalSegmentator",
        command="TotalSegmentator",
        convention="totalsegmentator",
        terms="TotalSegmentator 2: code and the weights of its task 'total' under the Apache "
        "License 2.0, no medical device. It counts its runs at its makers' unless told otherwise; "
        "here it is told otherwise.",
        to_install="install TotalSegmentator 2 yourself and run it once on any CT, with "
        "-rs vertebrae_C5, so that it fetches them.",
        weights=("Dataset292_", "Dataset298_"),
        weights_in=_totalsegmentator_weights,
        arguments=_totalsegmentator_arguments,
        environment=_totalsegmentator_environment,
        results=("vertebrae.nii.gz",),
    ),
    Program(
        name="spineps",
        words="SPINEPS",
        command="spineps",
        convention="verse",
        terms="SPINEPS 2: code under the Apache License 2.0, weights from where it is published, "
        "no medical device. No statistics are known of.",
        to_install="install SPINEPS 2.1 or later yourself and run it once on any CT, with "
        "--model-semantic ct, so that it fetches them; or say where they are with "
        "SPINEPS_SEGMENTOR_MODELS.",
        weights=("CT_semantic", "CT_instance", "CT_labeling"),
        weights_in=_spineps_weights,
        arguments=_spineps_arguments,
        environment=_spineps_environment,
        results=("*/*_seg-vert_msk.nii.gz", "*/*_seg-spine_msk.nii.gz"),
    ),
)


def program_named(name: str) -> Program:
    """Return a program by its name.

    Raises
    ------
    FusionError
        No such program.
    """
    for one in PROGRAMS:
        if one.name == name.strip().lower():
            return one
    known = ", ".join(one.name for one in PROGRAMS)
    raise FusionError(f"--with is one of {known}; found {name!r}.")


def without_network() -> dict[str, str]:
    """Return the environment of the user, with the ways to the network that it names closed."""
    closed: dict[str, str] = {}
    for name in ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy"):
        closed |= {name: _NOWHERE, name.upper(): _NOWHERE}
    kept = {k: v for k, v in environment_of_user().items() if k.lower() != "no_proxy"}
    return {**kept, **closed, "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
