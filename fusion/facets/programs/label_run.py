"""One run of a segmentation program: found, given a neck, watched, and its label maps kept."""

from __future__ import annotations

import shutil
from pathlib import Path

from fusion.errors import FusionError
from fusion.facets.automatic.neck import Neck
from fusion.facets.programs.neck_file import write_neck
from fusion.facets.programs.program import NECK_FILE, Program, without_network
from fusion.facets.programs.supervised import Limits, run_watched
from fusion.progress import Progress, ProgressCallback
from fusion.temporary import PrivateFolder

#: Largest file that is taken for a label map of a neck, bytes.
_LARGEST_BYTES = 2**30


def find_program(program: Program, *, at: Path | None = None) -> Path:
    """Return where a program stands.

    Parameters
    ----------
    program : Program
        Which one.
    at : Path, optional
        Its file; looked for on ``PATH`` by default.

    Raises
    ------
    FusionError
        It is not there.
    """
    found = shutil.which(program.command if at is None else str(at))
    if found is None:
        where = "not on PATH" if at is None else f"not at {at.name}"
        raise FusionError(
            f"{program.words} ({program.command}) is {where}. facetfusion installs nothing: "
            f"{program.to_install} {program.terms}"
        )
    return Path(found).absolute()


def make_labels(
    program: Program,
    neck: Neck,
    folder: Path,
    *,
    at: Path | None = None,
    only_processor: bool = False,
    limits: Limits | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[Path, ...]:
    """Let a program label the vertebrae of a neck.

    Parameters
    ----------
    program : Program
        Which one.
    neck : Neck
        From :func:`fusion.facets.automatic.neck.find_neck`.
    folder : Path
        Where its label maps are kept, under names that begin with the program's; made if absent.
    at : Path, optional
        The program's file; looked for on ``PATH`` by default.
    only_processor : bool
        Whether it is told to use no graphics processor.
    limits : Limits, optional
        What it may use.
    progress : Progress, optional
        Told how far it is; what it raises stops the program.

    Returns
    -------
    tuple of Path
        Its label maps, unchecked: :func:`fusion.facets.labelled.spine.read_labels` checks them as
        any other.

    Raises
    ------
    FusionError
        The program or its weights are missing, it fails or goes beyond a limit, it leaves no label
        map, or one that was kept earlier would be lost.
    """
    report = Progress(progress)
    standing = find_program(program, at=at)
    weights = program.check_weights(standing)
    private = PrivateFolder()
    work = private.path / "work"
    work.mkdir()
    report(0.0, "Cutting out the neck")
    write_neck(neck, work / NECK_FILE)
    run_watched(
        [str(standing), *program.arguments(work, only_processor)],
        words=program.words,
        folder=work,
        environment={**without_network(), **program.environment(private.path, weights)},
        limits=limits or Limits(),
        progress=report.part(0.02, 0.98),
    )
    results = [_result(program, work, pattern) for pattern in program.results]
    folder.mkdir(parents=True, exist_ok=True)
    kept = [folder / _kept_name(program, one) for one in results]
    for one, there in zip(results, kept, strict=True):
        if there.exists():
            raise FusionError(
                f"{there.name} is in that folder already and is kept. Give another folder (--to)."
            )
        shutil.copyfile(one, there)
    report(1.0, f"{program.words} is done")
    return tuple(kept)


def _result(program: Program, work: Path, pattern: str) -> Path:
    found = [one for one in sorted(work.glob(pattern)) if one.is_file() and not one.is_symlink()]
    if len(found) != 1 or not 0 < found[0].stat().st_size <= _LARGEST_BYTES:
        raise FusionError(
            f"{program.words} ended without an error and left {len(found) or 'no'} label map of "
            "the kind that is known of it. It may be a version that names its files otherwise: run "
            "it yourself, and give its label map with facetfusion facets --labels FILE."
        )
    return found[0]


def _kept_name(program: Program, result: Path) -> str:
    kind = "seg-spine" if "seg-spine" in result.name else "vertebrae"
    return f"{program.name}-{kind}.nii.gz"
