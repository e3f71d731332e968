"""``microcell inspect``: the image doctor."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from .volume_options import (
    Axes,
    Crop,
    Dataset,
    Dtype,
    Flip,
    Image,
    Phases,
    SeparatorSide,
    Shape,
    ThroughAxis,
    VoxelSize,
    read_volume,
)


def inspect(
    volume: Image,
    voxel_size: VoxelSize = None,
    axes: Axes = None,
    through_axis: ThroughAxis = None,
    separator_side: SeparatorSide = None,
    phases: Phases = None,
    crop: Crop = None,
    flip: Flip = None,
    dataset: Dataset = None,
    shape: Shape = None,
    dtype: Dtype = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the measured values as JSON, in SI units.")
    ] = False,
) -> int:
    """Examine an image before a run: can it carry a simulation, how far can it be trusted, what will it cost?

    Shows phase fractions, percolation of the ionic and electronic networks, islands, bridges one voxel wide,
    voxels per particle diameter, specific surface, capacity, 1C current, and the predicted memory and time.
    Exit code 0: healthy. 1: usable, with warnings. 2: unusable.

    Example: microcell inspect cathode.tif --voxel-size "398 nm" --axes ZYX --through-axis Z
    --separator-side low --phases pore=0,active=1,cbd=2
    """
    image = read_volume(
        volume,
        voxel_size=voxel_size,
        axes=axes,
        through_axis=through_axis,
        separator_side=separator_side,
        phases=phases,
        crop=crop,
        flip=flip,
        dataset=dataset,
        shape=shape,
        dtype=dtype,
    )
    from ..image import inspect as examine

    inspection = examine(image)
    typer.echo(
        json.dumps(inspection.to_dict(), indent=1) if as_json else f"{image.describe()}\n\n{inspection}"
    )
    return inspection.exit_code
