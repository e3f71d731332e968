"""The options that say how an image is to be read, shared by the commands that read one."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import CaseError, MicrocellError, VolumeError

if TYPE_CHECKING:
    from ..image import Volume

REQUIRED = ("voxel_size", "axes", "through_axis", "separator_side", "phases")
"""What has to be said of every image: nothing of it is guessed."""

Image = Annotated[
    Path,
    typer.Argument(
        metavar="VOLUME",
        help="Segmented image: TIFF stack, folder of TIFF slices, HDF5, NumPy or raw file; or a case file "
        "(.toml), whose section [volume] then says how to read it.",
        show_default=False,
    ),
]


def option(panel: str, name: str, help_text: str, metavar: str) -> Any:
    """Make an option without a default of its own, shown in a panel of the help."""
    return typer.Option(name, help=help_text, metavar=metavar, rich_help_panel=panel, show_default=False)


_option = partial(option, "How to read the image")


VoxelSize = Annotated[
    str | None,
    _option(
        "--voxel-size",
        'Edge of a voxel with its unit, "398 nm", or three in the order of --axes, "400 nm, 398 nm, 398 nm"; '
        '"file" accepts what the file states.',
        "LENGTH",
    ),
]
Axes = Annotated[
    str | None,
    _option("--axes", "Letters of the array axes in the order of the file: ZYX for most TIFFs.", "ZYX"),
]
ThroughAxis = Annotated[
    str | None, _option("--through-axis", "The axis from separator to collector.", "Z|Y|X")
]
SeparatorSide = Annotated[
    str | None,
    _option("--separator-side", "End of that axis at which the separator lies; low is index 0.", "low|high"),
]
Phases = Annotated[
    str | None,
    _option(
        "--phases", "Which label means what. A phase may be named more than once.", "pore=0,active=1,cbd=2"
    ),
]
Crop = Annotated[
    str | None,
    _option("--crop", "Part to use, in voxels, in the order of --axes; ':' is a whole axis.", "0:64,0:64,:"),
]
Flip = Annotated[str | None, _option("--flip", "In-plane axes to mirror.", "Y")]
Dataset = Annotated[str | None, _option("--dataset", "Array in an HDF5 or npz file.", "NAME")]
Shape = Annotated[str | None, _option("--shape", "Shape of a raw file.", "251,301,200")]
Dtype = Annotated[
    str | None, _option("--dtype", "Type of a raw file: uint8, or >u2 for big-endian 16 bit.", "TYPE")
]


def read_volume(path: Path, **options: str | None) -> Volume:
    """Read the image that the options describe, or the one of a case file.

    Parameters
    ----------
    path : Path
        Image or case file.
    **options : str or None
        The options by the names of `microcell.Volume.read`, as they were typed.

    Raises
    ------
    MicrocellError
        If the image cannot be read; keys are named as options of the command line.
    """
    if path.suffix == ".toml":
        return _read_from_case(path, options)
    from ..image import Volume

    try:
        return Volume.read(path, **{name: _parse(name, text) for name, text in options.items()})
    except VolumeError as error:
        raise as_options(_with_all_missing(error, options), options) from error


def _with_all_missing(error: VolumeError, options: dict[str, str | None]) -> VolumeError:
    """Tell all that is missing at once instead of one after the other."""
    missing = [name for name in REQUIRED if options[name] is None]
    if error.key not in missing or len(missing) == 1:
        return error
    others = ", ".join(_flag(name) for name in missing if name != error.key)
    return VolumeError(
        f"{error.problem} (missing as well: {others})",
        file=error.file,
        key=error.key,
        allowed=error.allowed,
        fix=error.fix,
    )


def _read_from_case(path: Path, options: dict[str, str | None]) -> Volume:
    given = [_flag(name) for name, text in options.items() if text is not None]
    if given:
        raise CaseError(
            "a case file says itself how its image is read",
            file=path,
            key=given[0],
            fix="change the section [volume] of the file, or name the image instead of the case file",
        )
    from ..case import Case

    return Case.read(path).read_volume()


def _parse(name: str, text: str | None) -> Any:
    parsers: dict[str, Callable[[str], Any]] = {
        "voxel_size": _lengths,
        "phases": _labels,
        "crop": _ranges,
        "shape": lambda value: [_whole(part, "shape", value) for part in value.split(",")],
    }
    return parsers[name](text) if text is not None and name in parsers else text


def _lengths(text: str) -> str | list[str]:
    parts = [part.strip() for part in text.split(",")]
    return parts[0] if len(parts) == 1 else parts


def _labels(text: str) -> dict[str, list[int]]:
    """Read pore=0,active=1,cbd=2."""
    labels: dict[str, list[int]] = {}
    for part in text.split(","):
        name, equals, number = (item.strip() for item in part.partition("="))
        if not equals:
            raise VolumeError(
                "the phase map is name=label, separated by commas",
                key="phases",
                value=text,
                fix="write for example --phases pore=0,active=1,cbd=2",
            )
        labels.setdefault(name, []).append(_whole(number, "phases", text))
    return labels


def _ranges(text: str) -> list[list[int] | None]:
    """Read 0:64,0:64,: with ":" for a whole axis."""
    ranges: list[list[int] | None] = []
    for part in text.split(","):
        ends = [item.strip() for item in part.split(":")]
        ranges.append(None if ends == ["", ""] else [_whole(end, "crop", text) for end in ends])
    return ranges


def _whole(text: str, key: str, given: str) -> int:
    try:
        return int(text)
    except ValueError:
        examples = {"phases": "pore=0,active=1,cbd=2", "crop": "0:64,0:64,:", "shape": "251,301,200"}
        raise VolumeError(
            f"{text!r} is not a whole number",
            key=key,
            value=given,
            fix=f"write for example {_flag(key)} {examples[key]}",
        ) from None


def as_options(error: MicrocellError, options: dict[str, Any]) -> MicrocellError:
    """Return an error about keyword arguments in the words of the command line.

    Parameters
    ----------
    error : MicrocellError
        Speaks of ``voxel_size``.
    options : dict
        The names that are options: the message will speak of ``--voxel-size``.
    """
    from ..case.problems import relocated

    if error.key not in options:
        return error
    fix = re.sub(rf"\b({'|'.join(options)})=('[^']*'|\[.*\]|\{{.*?\}})", _spell, error.fix or "")
    return relocated(error, key=_flag(error.key), fix=fix or None)


def _spell(match: re.Match[str]) -> str:
    """Spell a keyword with its value as an option."""
    name, value = match.group(1), match.group(2)
    pairs = re.findall(r"'(\w+)': (\d+)", value)
    if pairs:
        value = ",".join(f"{key}={number}" for key, number in pairs)
    elif name == "crop":
        value = "0:64,0:64,:"
    elif value.startswith("["):
        value = '"' + value.strip("[]").replace("'", "") + '"'
    return f"{_flag(name)} {value}"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
