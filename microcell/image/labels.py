"""From the numbers in a label image to phase codes, with every disagreement reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import VolumeError, did_you_mean
from .phases import IMAGE_PHASES

MOST_LABELS = 16
"""An image with more different values than this has not been segmented into phases."""


def check_phase_map(phases: Any) -> dict[str, list[int]]:
    """Return the label numbers per phase name.

    Raises
    ------
    VolumeError
        If the map is missing or empty, a name is unknown, a label is no whole number, or one is used twice.
    """
    if not isinstance(phases, Mapping) or not phases:
        raise VolumeError(
            "the phase map is not given" if phases is None else "the phase map is not a non-empty mapping",
            key="phases",
            value=phases,
            fix="say which label means what: phases={'pore': 0, 'active': 1, 'cbd': 2}",
        )
    mapped = {_phase_name(name): _label_list(name, labels) for name, labels in phases.items()}
    counts = Counter(label for labels in mapped.values() for label in labels)
    twice = [label for label, count in counts.items() if count > 1]
    if twice:
        raise VolumeError(
            f"label {twice[0]} is given to two phases or twice to one", key="phases", value=dict(phases)
        )
    return mapped


def _phase_name(name: Any) -> str:
    if name not in IMAGE_PHASES:
        raise VolumeError(
            "unknown phase",
            key="phases",
            value=name,
            allowed=", ".join(IMAGE_PHASES),
            fix=did_you_mean(str(name), IMAGE_PHASES),
        )
    return str(name)


def _label_list(name: str, labels: Any) -> list[int]:
    items = (
        list(labels)
        if isinstance(labels, Sequence | np.ndarray) and not isinstance(labels, str)
        else [labels]
    )
    whole = [item for item in items if isinstance(item, int | np.integer) and not isinstance(item, bool)]
    if len(whole) != len(items) or not items:
        raise VolumeError(
            f"the label of phase {name!r} is not a whole number or a list of them", key="phases", value=labels
        )
    return [int(item) for item in whole]


def count_labels(array: np.ndarray, source: str) -> dict[int, int]:
    """Count the voxels of every label, slice by slice.

    Raises
    ------
    VolumeError
        If the image holds NaN, infinities or fractions, or has too many values to be segmented.
    """
    _check_type(array, source)
    counts: Counter[float] = Counter()
    for plane in array:
        values, sizes = np.unique(plane, return_counts=True)
        counts.update(dict(zip(values.tolist(), sizes.tolist(), strict=True)))
        if len(counts) > MOST_LABELS:
            raise _too_many(array, source)
    return {int(value): size for value, size in sorted(counts.items())}


def _check_type(array: np.ndarray, source: str) -> None:
    if array.dtype.kind not in "buif":
        raise VolumeError("the image does not hold numbers", file=source, value=f"type {array.dtype}")
    if array.dtype.kind != "f":
        return
    bad = sum(int(np.count_nonzero(~np.isfinite(plane))) for plane in array)
    if bad:
        raise VolumeError(
            f"{bad} voxels are NaN or infinite", file=source, fix="replace them by a label, or crop them away"
        )
    if any(np.any(plane != np.rint(plane)) for plane in array):
        raise VolumeError(
            "the image holds fractions, so it is not a label image",
            file=source,
            value=f"type {array.dtype}",
            fix="segment it first (labels_from_grey does that for grey images of cathodes)",
        )


def _too_many(array: np.ndarray, source: str) -> VolumeError:
    return VolumeError(
        f"more than {MOST_LABELS} different values: this looks like a grey image, not a segmented one",
        file=source,
        value=f"type {array.dtype}, values {array.min()} to {array.max()}",
        fix="segment it into phases first; labels_from_grey(image) is one documented way",
    )


def map_labels(array: np.ndarray, phases: dict[str, list[int]], source: str) -> np.ndarray:
    """Return the phase codes, uint8, of a label image.

    Raises
    ------
    VolumeError
        If the image holds labels that the map does not name, or the map names labels that are not there.
    """
    counts = count_labels(array, source)
    known = {label for labels in phases.values() for label in labels}
    _check_complete(counts, known, source)
    codes = np.empty(array.shape, dtype=np.uint8)
    for name, labels in phases.items():
        codes[np.isin(array, labels)] = IMAGE_PHASES[name]
    return codes


def _check_complete(counts: dict[int, int], known: set[int], source: str) -> None:
    present = ", ".join(f"{label} ({count} voxels)" for label, count in counts.items())
    unknown = {label: count for label, count in counts.items() if label not in known}
    if unknown:
        listing = ", ".join(f"{label} ({count} voxels)" for label, count in unknown.items())
        raise VolumeError(
            f"the image holds labels that the phase map does not name: {listing}",
            file=source,
            key="phases",
            allowed=f"every label of the image: {present}",
            fix="add them to a phase (a phase may have a list of labels), or crop them away",
        )
    absent = sorted(known - set(counts))
    if absent:
        raise VolumeError(
            f"the phase map names labels that the image does not hold: {', '.join(map(str, absent))}",
            file=source,
            key="phases",
            allowed=f"labels of the (cropped) image: {present}",
            fix="remove them from the map, or check that this is the right image",
        )
