"""Reading pixels: a planned volume into one array, exactly as stored.

Native pixels are read straight into the volume (about twice as fast as through pydicom,
docs/sources.md#pixel-reading). Compressed ones go one frame at a time to a decoder in a process of
its own, and only after the frame's own statement of its size was compared with the header.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import get_decoder
from pydicom.uid import UID, ExplicitVRBigEndian, RLELossless

from fusion.dicom.files.header import quiet_pydicom
from fusion.dicom.files.instance import PARSE_ERRORS, Instance, damage_told, text
from fusion.dicom.pixels.codestream import (
    Codestream,
    bare,
    is_complete,
    read_codestream,
    rle_segments,
    without_tail,
)
from fusion.dicom.pixels.isolated import begin, decode_apart, libraries
from fusion.dicom.pixels.layout import (
    NATIVE,
    PixelLayout,
    is_longer,
    layout_of,
    open_pixels,
)
from fusion.dicom.pixels.padding import Padding, padding_of
from fusion.dicom.quantity.values import value_findings
from fusion.dicom.series import VolumePlan
from fusion.errors import DicomError, GeometryError, not_given
from fusion.findings import Finding, worst_first
from fusion.findings.volumes import BITS_BEYOND_STORED, PIXEL_PADDING
from fusion.geometry import Source, Volume
from fusion.progress import ProgressCallback

#: CT number of voxels that were never scanned (outside the reconstruction circle).
PADDING_HU = -1024.0

Pixels = npt.NDArray[Any]


def read_plan(
    plan: VolumePlan,
    *,
    study_instance_uid: str,
    series_instance_uid: str,
    progress: ProgressCallback | None = None,
) -> Volume:
    """Read the pixels of a planned volume.

    Parameters
    ----------
    plan : VolumePlan
        From :func:`fusion.dicom.catalog.scan`.
    study_instance_uid, series_instance_uid : str
        Of the study and series that the plan belongs to, for the record.
    progress : Progress, optional
        Called for every frame.

    Returns
    -------
    Volume
        Values as stored, in the files' integer type (the common one where they differ), with the
        plan's slope and intercept. In a CT, padding is set to the stored value of −1024 HU.

    Raises
    ------
    GeometryError
        The plan was refused, or has no geometry.
    DicomError
        A file cannot be read or decoded; the message names it.
    """
    if plan.refusal is not None or plan.grid is None:
        raise GeometryError(plan.refusal or "The position of this volume is not known.")
    if len(plan.frames) != plan.shape[0] or plan.shape[0] == 0:
        raise GeometryError(f"Found {len(plan.frames)} images for {plan.shape[0]} slices.")
    slices: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for k, frame in enumerate(plan.frames):
        slices[id(frame.instance)].append((frame.index, k))
    instances = {id(frame.instance): frame.instance for frame in plan.frames}
    layouts = {key: layout_of(instance) for key, instance in instances.items()}
    for key, layout in layouts.items():
        _check_fit(layout, plan, [index for index, _ in slices[key]], instances[key].label)

    paddings: dict[int, Padding] = {}
    findings: list[Finding] = []
    if plan.unit == "HU":
        for key, instance in instances.items():
            rescale = [(float(plan.slope[k]), float(plan.intercept[k])) for _, k in slices[key]]
            padding, finding = padding_of(instance, layouts[key], rescale=rescale)
            if padding is not None:
                paddings[key] = padding
            if finding is not None:
                findings.append(finding)
    dtypes = [layout.dtype for layout in layouts.values()]
    air = np.zeros(plan.shape[0], dtype=np.int64)
    if paddings:
        if not np.all(plan.slope):
            raise DicomError("Its Rescale Slope is 0: no CT numbers.", label=plan.description)
        air = np.rint((PADDING_HU - plan.intercept) / plan.slope).astype(np.int64)
        dtypes += [np.min_scalar_type(air.min()), np.min_scalar_type(air.max())]
    try:
        stored: Pixels = np.empty(plan.shape, dtype=np.result_type(*dtypes))
    except MemoryError as exc:
        raise DicomError(
            "There is not enough memory for this volume.", label=plan.description
        ) from exc

    masked = done = beyond = 0
    for key, instance in instances.items():
        wanted = sorted(slices[key])
        layout = layouts[key]
        targets = [stored[k] for _, k in wanted]
        # Files of the volume's own type are read in place, without a copy.
        buffers = targets if layout.dtype == stored.dtype else None
        frames = _raw_frames(instance, layout, [index for index, _ in wanted], buffers=buffers)
        may_be_beyond = not _has_overlay_bits(instance)
        for raw, target, (_, k) in zip(frames, targets, wanted, strict=True):
            if may_be_beyond:
                beyond += _beyond_stored(raw, layout, paddings.get(key))
            masked += _place(raw, target, layout, padding=paddings.get(key), air=int(air[k]))
            done += 1
            if progress is not None:
                progress(done / len(plan.frames), f"Reading image {done} of {len(plan.frames)}")
    if masked:
        findings.append(PIXEL_PADDING(voxels=masked, air_hu=PADDING_HU))
    if beyond:
        bits = tuple(dict.fromkeys(str(layout.bits_stored) for layout in layouts.values()))
        findings.append(BITS_BEYOND_STORED(pixels=beyond, bits=" or ".join(bits)))
    source = Source(
        study_instance_uid=study_instance_uid,
        series_instance_uid=series_instance_uid,
        volume_id=plan.volume_id,
        sop_instance_uids=tuple(
            dict.fromkeys(frame.instance.sop_instance_uid for frame in plan.frames)
        ),
        modality=text(plan.frames[0].instance.dataset, "Modality"),
        description=plan.description,
        label=plan.kind.label,
    )
    volume = Volume(
        grid=plan.grid,
        stored=stored,
        slope=plan.slope,
        intercept=plan.intercept,
        unit=plan.unit,
        source=source,
        suvbw_per_unit=plan.suvbw_per_unit,
    )
    findings += value_findings(volume, plan.kind)
    return replace(volume, findings=worst_first((*plan.findings, *findings)))


def read_frame(instance: Instance, index: int = 0) -> Pixels:
    """Read one frame as stored, spare bits cleared.

    Parameters
    ----------
    instance : Instance
        The object.
    index : int
        Frame number, counted from 0.

    Returns
    -------
    (rows, columns) ndarray
        In the file's own integer type.

    Raises
    ------
    DicomError
        The object cannot be read or decoded, or has no such frame.
    """
    layout = layout_of(instance)
    if not 0 <= index < layout.frames:
        raise DicomError(f"It has no frame {index + 1}.", label=instance.label)
    (raw,) = _raw_frames(instance, layout, [index])
    _clear_spare_bits(raw, layout)
    return raw


def stored_frames(
    instance: Instance, *, rescale: Sequence[tuple[float, float]] = ()
) -> tuple[PixelLayout, bool, Iterator[Pixels]]:
    """Read every frame as it is to be stored anew: the bits of a pixel and no others.

    Parameters
    ----------
    instance : Instance
        The object.
    rescale : sequence of (float, float)
        Slope and intercept to HU of its frames, for a CT.

    Returns
    -------
    layout : PixelLayout
        Of the file; the pixels returned stand in its lowest bits.
    padded : bool
        Whether padding that a pixel cannot hold was replaced by air.
    frames : iterator of (rows, columns) ndarray
        In order.

    Raises
    ------
    DicomError
        The object cannot be read or decoded.
    """
    layout = layout_of(instance)
    padding = padding_of(instance, layout, rescale=rescale)[0] if rescale else None
    if padding is not None and not padding.uses_spare_bits:
        padding = None
    air = 0
    if padding is not None and rescale[0][0]:
        lowest = -(1 << layout.bits_stored - 1) if layout.is_signed else 0
        wanted = round((PADDING_HU - rescale[0][1]) / rescale[0][0])
        air = min(max(wanted, lowest), lowest + (1 << layout.bits_stored) - 1)

    def frames() -> Iterator[Pixels]:
        for raw in _raw_frames(instance, layout, range(layout.frames)):
            _place(raw, raw, layout, padding=padding, air=air)
            yield raw

    return layout, padding is not None, frames()


def check_pixels(instance: Instance) -> bool:
    """Check, without decoding, that an object's pixels are all there and can be decoded.

    Returns
    -------
    bool
        Whether something follows the pixels, which is not read.

    Raises
    ------
    DicomError
        See :func:`fusion.dicom.pixels.layout.layout_of` and
        :func:`fusion.dicom.pixels.layout.open_pixels`.
    """
    try:
        layout = layout_of(instance)
        begin(instance.transfer_syntax_uid)
        with open_pixels(instance, layout) as (_, _, length):
            return is_longer(length, layout)
    except PARSE_ERRORS as exc:
        raise _unreadable(instance, exc) from exc


def _check_fit(layout: PixelLayout, plan: VolumePlan, indices: Sequence[int], label: str) -> None:
    if (layout.rows, layout.columns) != plan.shape[1:]:
        raise DicomError(
            f"It has {layout.rows} × {layout.columns} pixels; the volume needs "
            f"{plan.shape[1]} × {plan.shape[2]}.",
            label=label,
        )
    if not 0 <= min(indices) <= max(indices) < layout.frames:
        raise DicomError(
            f"It holds {layout.frames} frame(s); the volume needs number {max(indices) + 1}.",
            label=label,
        )


def _place(
    raw: Pixels, target: Pixels, layout: PixelLayout, *, padding: Padding | None, air: int
) -> int:
    """Store one frame in its slice and return how many of its pixels are padding."""
    mask = padding.mask(raw) if padding is not None and padding.uses_spare_bits else None
    _clear_spare_bits(raw, layout)
    if padding is not None and mask is None:
        mask = padding.mask(raw)
    if raw is not target:
        target[...] = raw
    if mask is None:
        return 0
    target[mask] = air
    return int(np.count_nonzero(mask))


def _has_overlay_bits(instance: Instance) -> bool:
    """Whether the header says that overlays stand in bits beside those of a pixel (retired)."""
    dataset = instance.dataset
    return any(
        dataset.get((group, 0x0102), None) is not None and dataset[group, 0x0102].value
        for group in range(0x6000, 0x6020, 2)
    )


def _beyond_stored(pixels: Pixels, layout: PixelLayout, padding: Padding | None) -> int:
    """Count pixels with bits beside those of a value, which are not read; padding may stand there.

    Those below a value that is aligned to the left count as well.
    """
    if layout.bits_stored == layout.bits_allocated or not pixels.size:
        return 0
    above = layout.bits_allocated - 1 - layout.high_bit
    below = layout.high_bit + 1 - layout.bits_stored
    lowest = -(1 << layout.high_bit) if layout.is_signed else 0
    highest = lowest + (1 << layout.high_bit + 1) - 1
    if not below and lowest <= int(pixels.min()) and int(pixels.max()) <= highest:
        return 0
    kept = (pixels << above) >> above
    kept = (kept >> below) << below
    differs = kept != pixels
    if padding is not None and padding.uses_spare_bits:
        differs &= ~padding.mask(pixels)
    return int(np.count_nonzero(differs))


def _clear_spare_bits(pixels: Pixels, layout: PixelLayout) -> None:
    # PS3.5 section 8.1.1: bits outside Bits Stored may hold anything (old files keep overlays
    # there). Shifting up and down again clears them and extends the sign.
    if layout.bits_stored < layout.bits_allocated:
        pixels <<= layout.bits_allocated - 1 - layout.high_bit
        pixels >>= layout.bits_allocated - layout.bits_stored


def _raw_frames(
    instance: Instance,
    layout: PixelLayout,
    indices: Sequence[int],
    *,
    buffers: Sequence[Pixels] | None = None,
) -> Iterator[Pixels]:
    """Yield frames of one object in ascending order, spare bits and all.

    ``buffers`` (one an index, of the layout's type) are filled and yielded where the pixels can be
    read in place; otherwise new arrays are yielded.
    """
    syntax = instance.transfer_syntax_uid
    try:
        with quiet_pydicom(), open_pixels(instance, layout) as (file, vr, _):
            if syntax == ExplicitVRBigEndian:
                yield from _big_endian_frames(file, vr, layout, indices)
            elif syntax in NATIVE:
                yield from _native_frames(file, instance, layout, indices, buffers)
            else:
                yield from _decoded_frames(file, instance, layout, indices)
    except PARSE_ERRORS as exc:
        raise _unreadable(instance, exc) from exc


def _native_frames(
    file: BinaryIO,
    instance: Instance,
    layout: PixelLayout,
    indices: Sequence[int],
    buffers: Sequence[Pixels] | None,
) -> Iterator[Pixels]:
    start = file.tell()
    for n, index in enumerate(indices):
        frame = np.empty((layout.rows, layout.columns), layout.dtype) if not buffers else buffers[n]
        file.seek(start + index * layout.frame_bytes)
        view = memoryview(frame).cast("B")  # type: ignore[arg-type]
        if file.readinto(view) != layout.frame_bytes:  # type: ignore[attr-defined]
            raise DicomError("The file became shorter while it was read.", label=instance.label)
        if sys.byteorder == "big":
            frame.byteswap(inplace=True)
        yield frame


def _big_endian_frames(
    file: BinaryIO, vr: str, layout: PixelLayout, indices: Sequence[int]
) -> Iterator[Pixels]:
    decoder = get_decoder(ExplicitVRBigEndian)
    known = vr if vr in ("OB", "OW") else "OW"
    options = {**_options(layout), "number_of_frames": layout.frames, "pixel_vr": known}
    start = file.tell()
    for index in indices:
        file.seek(start)
        # pydicom takes a falsy list of indices for "all frames"; one index a call is unambiguous.
        with damage_told():
            ((array, _),) = decoder.iter_array(file, indices=[index], raw=True, **options)
        yield array.astype(layout.dtype)


def _decoded_frames(
    file: BinaryIO, instance: Instance, layout: PixelLayout, indices: Sequence[int]
) -> Iterator[Pixels]:
    wanted = iter(indices)
    index = next(wanted, None)
    for number, frame in enumerate(_compressed_frames(file, layout.frames)):
        while index == number:
            yield _decoded(frame, instance, layout)
            index = next(wanted, None)
        if index is None:
            return
    raise DicomError(f"Its frame {(index or 0) + 1} is missing.", label=instance.label)


def _compressed_frames(file: BinaryIO, count: int) -> Iterator[bytes]:
    frames = generate_frames(file, number_of_frames=count)
    while True:
        with damage_told():
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


def _decoded(frame: bytes, instance: Instance, layout: PixelLayout) -> Pixels:
    syntax = instance.transfer_syntax_uid
    if syntax == RLELossless:
        _check_rle(frame, layout, label=instance.label)
        return _run_lengths(frame, instance, layout)
    frame = without_tail(bare(frame))
    stream = _checked_codestream(frame, instance, layout)
    for library in libraries(syntax, stream, layout):
        pixels = decode_apart(library, frame, syntax=syntax, stream=stream, layout=layout)
        if pixels is not None:
            return pixels
    raise _not_decoded(instance)


def _run_lengths(frame: bytes, instance: Instance, layout: PixelLayout) -> Pixels:
    packed = encapsulate([frame], has_bot=False)
    try:
        with damage_told():
            array, _ = get_decoder(RLELossless).as_array(
                packed, raw=True, decoding_plugin="pydicom", **_options(layout)
            )
    except PARSE_ERRORS as exc:
        raise _not_decoded(instance) from exc
    if array.shape != (layout.rows, layout.columns):
        raise DicomError("A frame decodes to another size than stated.", label=instance.label)
    return array.astype(layout.dtype)


def _not_decoded(instance: Instance) -> DicomError:
    return DicomError(
        f"Its compressed pixels ({UID(instance.transfer_syntax_uid).name}) cannot be decoded: they "
        "are damaged, or use an option that is not supported. Export the series again uncompressed "
        "(Explicit VR Little Endian).",
        label=instance.label,
    )


def _check_rle(frame: bytes, layout: PixelLayout, *, label: str) -> None:
    segments = layout.bits_allocated // 8
    # Two bytes a value is the worst that run-length coding can do; more would only decode to far
    # more than a frame.
    longest = 64 + segments * (2 * layout.rows * layout.columns + 2)
    if rle_segments(frame) != segments or len(frame) > longest:
        raise DicomError("Its RLE frame does not fit its header; damaged.", label=label)


def _checked_codestream(frame: bytes, instance: Instance, layout: PixelLayout) -> Codestream:
    label = instance.label
    stream = read_codestream(frame)
    if stream is None:
        raise DicomError(
            "Its compressed frame states no size, or one that no image has; damaged.", label=label
        )
    if (stream.rows, stream.columns, stream.components) != (layout.rows, layout.columns, 1):
        raise DicomError(
            f"Its compressed frame states {stream.rows} × {stream.columns} pixels of "
            f"{stream.components} component(s), its header {layout.rows} × {layout.columns} of 1. "
            "Refused.",
            label=label,
        )
    if stream.bits > layout.bits_allocated:
        raise DicomError(
            f"Its compressed frame has {stream.bits} bits, its header {layout.bits_allocated}.",
            label=label,
        )
    if not is_complete(frame):
        raise DicomError("Its compressed frame is cut short. Copy or export it again.", label=label)
    return stream


def _options(layout: PixelLayout) -> dict[str, Any]:
    """Return pydicom's decoding options (its guide "Decoder options")."""
    return {
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": 1,
        "photometric_interpretation": layout.photometric_interpretation,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "pixel_representation": int(layout.is_signed),
        "pixel_keyword": "PixelData",
        "number_of_frames": 1,
        "correct_unused_bits": False,
    }


def _unreadable(instance: Instance, exc: BaseException) -> DicomError:
    if isinstance(exc, MemoryError):
        reason = "There is not enough memory to read it."
    else:
        reason = not_given(exc) or "Its pixels cannot be read; the file is damaged."
    return DicomError(reason, label=instance.label)
