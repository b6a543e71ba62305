"""Write cases as plain arrays for the peers, and time ours on the same cases in a new process.

``python -m benchmarks.registration.export --out FOLDER --numbers 24``, then ``peers.py`` in its
environment; ``--time CASE.npz ...`` registers them in this process (see ``timing.py``).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

BEGIN = time.perf_counter()
import numpy as np  # noqa: E402

from fusion.geometry import Grid, Source, Volume, canonical_view  # noqa: E402
from fusion.registration import register  # noqa: E402

IMPORTED = time.perf_counter() - BEGIN


def write(folder: Path, numbers: int, cache: Path) -> None:
    from benchmarks.registration.cases import cases

    folder.mkdir(parents=True, exist_ok=True)
    for source in ("phantom", "artisynth"):
        for case in cases(source, range(numbers), cache=cache):
            ct, ct_grid = canonical_view(case.ct.stored, case.ct.grid)
            spect, spect_grid = canonical_view(case.spect.stored, case.spect.grid)
            np.savez(
                folder / f"{case.name}.npz",
                ct=np.ascontiguousarray(ct),
                ct_affine=ct_grid.affine,
                spect=np.ascontiguousarray(spect),
                spect_affine=spect_grid.affine,
                joints_ct=case.joints_ct,
                joints_spect=case.joints_spect,
                bend=case.bend_deg,
            )


def time_ours(paths: list[Path], out: Path) -> None:
    with out.open("a") as lines:
        for path in paths:
            with np.load(path) as case:
                data = {key: case[key] for key in case.files}
            ct, spect = (
                Volume(
                    Grid(data[name].shape, data[f"{name}_affine"], "1.2.3"),
                    data[name],
                    1.0,
                    0.0,
                    unit,
                    Source("1", "2", "1", ("3",), modality, ""),
                )
                for name, unit, modality in (("ct", "HU", "CT"), ("spect", "counts", "NM"))
            )
            start = time.perf_counter()
            result = register(ct, spect)
            seconds = time.perf_counter() - start
            proposal = result.search.proposal
            if proposal is None:
                continue
            native = proposal.inverse().apply(data["joints_ct"])
            errors = np.linalg.norm(native - data["joints_spect"], axis=1)
            row = {
                "name": path.stem,
                "tool": "ours",
                "import_s": round(IMPORTED, 3),
                "prepare_s": 0.0,
                "run_s": round(seconds, 3),
                "errors_mm": np.round(errors, 4).tolist(),
                "status": result.status.value if result.status else None,
            }
            lines.write(json.dumps(row) + "\n")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path)
    options.add_argument("--numbers", type=int, default=24)
    options.add_argument("--cache", type=Path, default=Path("/tmp/facetfusion-registration"))
    options.add_argument("--time", type=Path, nargs="+")
    options.add_argument("--rows", type=Path)
    chosen = options.parse_args(sys.argv[1:])
    if chosen.out:
        chosen.cache.mkdir(parents=True, exist_ok=True)
        write(chosen.out, chosen.numbers, chosen.cache)
    if chosen.time:
        time_ours(chosen.time, chosen.rows)


if __name__ == "__main__":
    main()
