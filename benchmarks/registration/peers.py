"""itk-elastix, ANTsPy and picsl_greedy on cases that ``export.py`` wrote.

Runs in an environment of its own (``uv pip install itk-elastix antspyx picsl_greedy
SimpleITK==2.5.7``); imports nothing of this project. Every tool gets what
was found best for it (docs/sources.md#registration-picture): the "bone4" picture, a SPECT
simulated from the CT with SimpleITK on 4 mm, and starts from the identity.

``python peers.py elastix|ants|greedy OUT.jsonl CASE.npz ...``
"""

import json
import sys
import time
from pathlib import Path

BEGIN = time.perf_counter()
TOOL = sys.argv[1]
import numpy as np  # noqa: E402
import SimpleITK as sitk  # noqa: E402

if TOOL == "elastix":
    import itk
elif TOOL == "ants":
    import ants
else:
    from picsl_greedy import Greedy3D


def image(values, affine):
    result = sitk.GetImageFromArray(values)
    result.SetSpacing([affine[0, 2], affine[1, 1], affine[2, 0]])
    result.SetOrigin(affine[:3, 3].tolist())
    return result


def bone4(ct, affine):
    full = image(ct, affine)
    factors = [max(1, round(2 / s)) for s in full.GetSpacing()]
    shrunk = sitk.BinShrink(full, factors)
    bone = sitk.IntensityWindowing(sitk.Cast(shrunk, sitk.sitkFloat32), 150.0, 650.0, 0.0, 1.0)
    body = sitk.Cast(shrunk > -200, sitk.sitkFloat32) * 0.15
    blurred = sitk.SmoothingRecursiveGaussian(sitk.Maximum(bone, body), 10 / 2.3548)
    size = [int(n * s / 4) for n, s in zip(full.GetSize(), full.GetSpacing(), strict=True)]
    return sitk.Resample(
        blurred, size, sitk.Transform(), sitk.sitkLinear, full.GetOrigin(), [4.0] * 3
    )


def elastix(fixed, moving):
    def convert(one):
        result = itk.image_from_array(sitk.GetArrayFromImage(one))
        result.SetSpacing(one.GetSpacing())
        result.SetOrigin(one.GetOrigin())
        return result

    parameters = itk.ParameterObject.New()
    rigid = parameters.GetDefaultParameterMap("rigid", 3)
    rigid["AutomaticTransformInitialization"] = ["false"]
    parameters.AddParameterMap(rigid)
    _, found = itk.elastix_registration_method(
        convert(fixed), convert(moving), parameter_object=parameters, log_to_console=False
    )
    entry = found.GetParameterMap(0)
    values = [float(v) for v in entry["TransformParameters"]]
    euler = sitk.Euler3DTransform()
    euler.SetCenter([float(v) for v in entry["CenterOfRotationPoint"]])
    euler.SetRotation(*values[:3])
    euler.SetTranslation(values[3:])
    return about(euler)


def about(transform):
    matrix = np.eye(4)
    matrix[:3, 3] = transform.TransformPoint((0, 0, 0))
    for axis in range(3):
        point = [0.0, 0.0, 0.0]
        point[axis] = 1.0
        matrix[:3, axis] = np.array(transform.TransformPoint(point)) - matrix[:3, 3]
    return matrix


def antspy(fixed, moving):
    def convert(one):
        return ants.from_numpy(
            np.ascontiguousarray(sitk.GetArrayFromImage(one).transpose(2, 1, 0)),
            origin=one.GetOrigin(),
            spacing=one.GetSpacing(),
        )

    found = ants.registration(
        convert(fixed),
        convert(moving),
        "Rigid",
        initial_transform="Identity",
        random_seed=1,
    )
    transform = sitk.AffineTransform(3)
    read = ants.read_transform(found["fwdtransforms"][0])
    transform.SetCenter([float(v) for v in read.fixed_parameters])
    transform.SetParameters([float(v) for v in read.parameters])
    return about(transform)


def greedy(fixed, moving):
    tool = Greedy3D()
    tool.execute(
        "-i fixed moving -a -dof 6 -n 100x50x10 -m NMI -ia-identity -o found -V 0",
        fixed=fixed,
        moving=moving,
        found=None,
    )
    flip = np.diag([-1.0, -1.0, 1.0, 1.0])
    return flip @ np.array(tool["found"]) @ flip


RUN = {"elastix": elastix, "ants": antspy, "greedy": greedy}[TOOL]
IMPORTED = time.perf_counter() - BEGIN
with Path(sys.argv[2]).open("a") as out:
    for name in sys.argv[3:]:
        with np.load(name) as case:
            data = {key: case[key] for key in case.files}
        start = time.perf_counter()
        fixed = bone4(data["ct"], data["ct_affine"])
        moving = image(data["spect"].astype(np.float32), data["spect_affine"])
        prepared = time.perf_counter()
        try:
            matrix = RUN(fixed, moving)
        except RuntimeError as exc:
            print(name, exc)
            continue
        end = time.perf_counter()
        mapped = data["joints_ct"] @ matrix[:3, :3].T + matrix[:3, 3]
        errors = np.linalg.norm(mapped - data["joints_spect"], axis=1)
        row = {
            "name": Path(name).stem,
            "tool": TOOL,
            "import_s": round(IMPORTED, 3),
            "prepare_s": round(prepared - start, 3),
            "run_s": round(end - prepared, 3),
            "errors_mm": np.round(errors, 4).tolist(),
        }
        out.write(json.dumps(row) + "\n")
        out.flush()
