"""Which array axis is which: checks of axes, crop, flip and separator side, and the turn into z, y, x.

Everything a user gives per axis (crop, voxel sizes) follows the order of ``axes``, that is of the array
in the file, before any reorientation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import VolumeError
from .lengths import parse_length

SIDES = ("low", "high")


@dataclass(frozen=True)
class Orientation:
    """How an array is turned so that axis 0 runs through the electrode, separator side at index 0.

    Attributes
    ----------
    axes : str
        Letter of each array axis, for example "ZYX".
    through_axis : str
        The letter that runs through the electrode.
    separator_side : {"low", "high"}
        The end of that axis at which the separator lies.
    flip : str
        Letters of in-plane axes that are mirrored.
    """

    axes: str
    through_axis: str
    separator_side: str
    flip: str = ""

    @property
    def order(self) -> str:
        """The letters in the order after the turn; a cyclic one, so that the turn alone does not mirror."""
        ring = "ZYX"
        start = ring.index(self.through_axis)
        return ring[start:] + ring[:start]

    def turn(self, array: np.ndarray) -> np.ndarray:
        """Return the array, shape (z, y, x), as a view."""
        turned = array.transpose([self.axes.index(letter) for letter in self.order])
        mirrored = self.flip + (self.through_axis if self.separator_side == "high" else "")
        return turned[tuple(slice(None, None, -1 if letter in mirrored else 1) for letter in self.order)]

    def turn_tuple(self, values: Sequence[float]) -> tuple[float, float, float]:
        """Reorder one value per array axis in the same way."""
        first, second, third = (float(values[self.axes.index(letter)]) for letter in self.order)
        return first, second, third


def check_orientation(axes: Any, through_axis: Any, separator_side: Any, flip: Any) -> Orientation:
    """Check the four keywords and return the orientation.

    Raises
    ------
    VolumeError
        If one is missing, misspelt, or contradicts another.
    """
    axes = _check_axes(axes)
    if through_axis is None or str(through_axis).upper() not in tuple("ZYX"):
        raise VolumeError(
            "the through axis is not given" if through_axis is None else "there is no such axis",
            key="through_axis",
            value=through_axis,
            allowed="one of the letters of axes",
            fix="say which axis runs from the separator to the collector: through_axis='Z'",
        )
    if separator_side not in SIDES:
        raise VolumeError(
            "the separator side is not given" if separator_side is None else "there is no such side",
            key="separator_side",
            value=separator_side,
            allowed="'low' or 'high'",
            fix="say at which end of the through axis the separator lies: separator_side='low' is index 0",
        )
    through = str(through_axis).upper()
    return Orientation(axes, through, separator_side, _check_flip(flip, through))


def _check_axes(axes: Any) -> str:
    text = "" if axes is None else str(axes).upper()
    if sorted(text) != ["X", "Y", "Z"]:
        duplicates = sorted({letter for letter in text if text.count(letter) > 1})
        problem = (
            "the axes are not given" if axes is None else "the axes are not the three letters Z, Y and X"
        )
        raise VolumeError(
            f"axis {duplicates[0]} is named twice" if duplicates else problem,
            key="axes",
            value=axes,
            allowed="Z, Y and X once each, in the order of the array",
            fix="a TIFF stack with one page per slice is axes='ZYX'",
        )
    return text


def _check_flip(flip: Any, through: str) -> str:
    letters = "".join(flip or "").upper()
    if not set(letters) <= set("ZYX"):
        raise VolumeError(
            "there is no such axis", key="flip", value=flip, allowed="letters of axes, such as 'Y'"
        )
    if through in letters:
        raise VolumeError(
            "the through axis cannot be flipped: separator_side sets its direction",
            key="flip",
            value=flip,
            fix="use separator_side='high' where the separator lies at the last index",
        )
    return letters


def check_shape(shape: tuple[int, ...], source: str) -> None:
    """Refuse anything but a non-empty array with three axes."""
    if len(shape) != 3:
        raise VolumeError(
            f"the image has {len(shape)} axes, a volume has three",
            file=source,
            value=f"shape {shape}",
            fix="give the folder of slices instead of one slice"
            if len(shape) == 2
            else "save one 3D image: a single channel and time, without axes of length 1",
        )
    if min(shape) == 0:
        raise VolumeError("the image has no voxels", file=source, value=f"shape {shape}")


def check_crop(crop: Any, shape: tuple[int, ...], axes: str) -> tuple[slice, slice, slice]:
    """Turn ``[[start, stop], ...]``, one pair (or None) per array axis, into slices.

    Raises
    ------
    VolumeError
        If a range is out of bounds, empty or reversed, or there are not three.
    """
    if crop is None:
        crop = [None, None, None]
    if isinstance(crop, str) or not isinstance(crop, Sequence | np.ndarray) or len(crop) != 3:
        raise _bad_crop("a crop has one [start, stop] per axis", crop, axes, shape)
    first, second, third = (_range(pair, n, axes, shape) for pair, n in zip(crop, shape, strict=True))
    return first, second, third


def _range(pair: Any, length: int, axes: str, shape: tuple[int, ...]) -> slice:
    if pair is None:
        return slice(0, length)
    try:
        start, stop = (int(value) for value in pair)
        exact = [start, stop] == list(pair)
    except (TypeError, ValueError):
        exact = False
    if not exact:
        raise _bad_crop("a crop range is a pair of whole numbers [start, stop], or None", pair, axes, shape)
    if start >= stop:
        raise _bad_crop("a crop range is empty or reversed", [start, stop], axes, shape)
    if start < 0 or stop > length:
        raise _bad_crop("a crop range lies outside the image", [start, stop], axes, shape)
    return slice(start, stop)


def _bad_crop(problem: str, value: Any, axes: str, shape: tuple[int, ...]) -> VolumeError:
    allowed = ", ".join(f"{letter} 0 to {n}" for letter, n in zip(axes, shape, strict=True))
    return VolumeError(
        problem,
        key="crop",
        value=value,
        allowed=f"0 <= start < stop, in file order {axes}: {allowed}",
        fix="for example crop=[[0, 64], [0, 64], None]",
    )


def check_voxel_size(value: Any, axes: str, hint: str, stated: Mapping[str, float] | None) -> list[float]:
    """Return the voxel edges [m] in the order of the array axes.

    Parameters
    ----------
    value : str, float or sequence of three
        What the user gave; "file" accepts what the file states, if it states all three without contradiction.
    axes : str
        Letters of the array axes.
    hint : str
        What the file says, for the message.
    stated : mapping or None
        The edges [m] by letter where the file is unambiguous.

    Raises
    ------
    VolumeError
        If it is missing, no length, implausible, or "file" and the file does not say.
    """
    if value is None or value == "file":
        return _from_file(value, axes, hint, stated)
    if isinstance(value, str | int | float | np.number):
        return [parse_length(value)] * 3
    if not isinstance(value, Sequence | np.ndarray) or len(value) != 3:
        raise VolumeError(
            "a voxel size is one length, or three",
            key="voxel_size",
            value=value,
            fix=f"give three in the order of axes, {axes}: voxel_size=['400 nm', '398 nm', '398 nm']",
        )
    return [parse_length(edge) for edge in value]


def _from_file(value: Any, axes: str, hint: str, stated: Mapping[str, float] | None) -> list[float]:
    if value == "file" and stated is not None:
        return [parse_length(stated[letter]) for letter in axes]
    problem = (
        "the voxel size is not given"
        if value is None
        else "the file does not state one voxel size for all axes"
    )
    suggestion = "voxel_size='398 nm'"
    if stated is not None:
        edges = [f"{stated[letter] * 1e9:.6g} nm" for letter in axes]
        suggestion = f"voxel_size={edges[0]!r}" if len(set(edges)) == 1 else f"voxel_size={edges}"
    raise VolumeError(
        problem,
        key="voxel_size",
        allowed="a length, or three in the order of axes",
        fix=f"the file says {hint}; if that is right, pass {suggestion}"
        if hint
        else f"the file says nothing about it; take it from the microscope and pass {suggestion}",
    )
