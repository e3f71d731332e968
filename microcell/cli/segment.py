"""``microcell segment``: particles of the active material."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    as_options,
    option,
    read_volume,
)

if TYPE_CHECKING:
    from ..image import Particles, Volume

_rule = partial(option, "How to tell particles apart")


def segment(
    volume: Image,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Label image to write: TIFF, one number per particle.")
    ] = Path("labels.tif"),
    table: Annotated[
        Path | None,
        typer.Option("--table", help="CSV to write: one row per particle, in SI units.", show_default=False),
    ] = None,
    markers: Annotated[
        str | None,
        _rule(
            "--markers",
            "Rule for what makes a particle: h-maxima (summits of the distance to the surface that rise "
            "significantly; default) or peaks (every local maximum).",
            "NAME",
        ),
    ] = None,
    median_size: Annotated[
        int | None,
        _rule("--median-size", "Edge of the median filter on the distances, odd (default 3).", "VOXELS"),
    ] = None,
    h: Annotated[
        float | None, _rule("--h", "A summit rises this much above its pass (default 0.1) ...", "VOXELS")
    ] = None,
    h_relative: Annotated[
        float | None,
        _rule("--h-relative", "... and by this share of its own height (default 0.02).", "SHARE"),
    ] = None,
    fill_holes: Annotated[
        int | None,
        _rule("--fill-holes", "Enclosed holes up to this size split no particle (default 8).", "VOXELS"),
    ] = None,
    min_distance: Annotated[
        int | None,
        _rule("--min-distance", "Distance of markers under the rule peaks (default 3).", "VOXELS"),
    ] = None,
    min_voxels: Annotated[
        int | None, _rule("--min-voxels", "Smaller particles join a neighbour (default 1).", "VOXELS")
    ] = None,
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
) -> None:
    """Tell the particles of the active material apart by a marker-based watershed.

    Writes a label image (axes z, y, x, with the separator at z = 0) and, if asked for, a table with volume,
    equivalent diameter, centroid and contacts of every particle; those cut by the image edge are marked. With
    a case file, the rules of its section [segmentation] hold where no option is given here.
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
    rules = {
        "markers": markers,
        "median_size": median_size,
        "h": h,
        "h_relative": h_relative,
        "fill_holes": fill_holes,
        "min_distance": min_distance,
        "min_voxels": min_voxels,
    }
    particles = _tell_apart(image, volume, rules)
    particles.write(output)
    if table is not None:
        particles.table.to_csv(table, index=False)
    typer.echo(f"{image.describe()}\n\n{_summary(particles)}")
    typer.echo(f"Labels      {output}" + (f"\nTable       {table}" if table is not None else ""))


def _tell_apart(image: Volume, source: Path, rules: dict[str, Any]) -> Particles:
    """Segment with the rules given, and those of the case file where the image comes from one."""
    from ..case import Case
    from ..errors import SegmentationError
    from ..image import segment as tell_apart

    stated = Case.read(source).content.segmentation.model_dump() if source.suffix == ".toml" else {}
    given = {name: value for name, value in rules.items() if value is not None}
    try:
        return tell_apart(image, **{**stated, **given})
    except SegmentationError as error:
        raise as_options(error, rules) from error


def _summary(particles: Particles) -> str:
    from ..image.lengths import format_length
    from ..image.particles import EDGE

    cut = int(particles.table[EDGE].sum())
    return (
        f"Particles   {particles.count}, of which {cut} are cut by the image edge; median diameter "
        f"{format_length(particles.median_diameter())}"
    )
