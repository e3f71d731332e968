"""The sections of a case file: which keys exist, their types and their defaults.

What a value means is checked where it is used (reading an image, parsing a protocol): the messages there know
the image and the parameters. Here only keys and types are checked.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Length = str | float
"""A text with a unit, or a number in metres."""


class Section(BaseModel):
    """A section that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _crop_range(value: Any) -> Any:
    """TOML has no null: "all" stands for the whole length of an axis."""
    return None if value == "all" else value


CropRange = Annotated[list[int] | None, BeforeValidator(_crop_range)]


class VolumeSection(Section):
    """``[volume]``: the image; the keys are those of `microcell.Volume.read`."""

    path: str
    voxel_size: Length | list[Length] | None = None
    axes: str | None = None
    through_axis: str | None = None
    separator_side: str | None = None
    phases: dict[str, int | list[int]] | None = None
    crop: list[CropRange] | None = None
    flip: str | None = None
    dataset: str | None = None
    shape: list[int] | None = None
    dtype: str | None = None
    order: Literal["C", "F"] = "C"


class SegmentationSection(Section):
    """``[segmentation]``: how particles are told apart; the keys are those of `microcell.segment`."""

    markers: str = "h-maxima"
    median_size: int = 3
    h: float = 0.1
    h_relative: float = 0.02
    fill_holes: int = 8
    min_distance: int = 3
    min_voxels: int = 1


class CellSection(Section):
    """``[cell]``: parameters and geometry of the half cell; ``[cell.set]`` changes parameters by name."""

    parameters: str = "nmc811"
    separator_thickness: Length | None = None
    area_model: Literal["normals", "faces"] = "normals"
    particle_contact: Literal["continuous", "resistive", "insulated"] = "continuous"
    islands: Literal["inert", "keep"] = "inert"
    separator_cells: int | None = Field(default=None, ge=1, le=1000)
    overrides: dict[str, Any] = Field(default_factory=dict, alias="set")


class ProtocolSection(Section):
    """``[protocol]``: what is done to the cell; the values are those of `microcell.Experiment`."""

    initial: Any
    steps: list[Any]
    repeat: int = 1
    period: str | float | None = None


class OutputSection(Section):
    """``[output]``: which voxel fields are stored, and how often."""

    fields: list[str] | None = None
    every: str | float | None = None


class DesignSection(Section):
    """A homogenized electrode; the keys are those of `microcell.p2d.Design`, and all may be left out."""

    electrode_thickness: Length | None = None
    active_fraction: float | None = None
    porosity: float | None = None
    tortuosity: float | None = None
    radii: Length | list[Length] | None = None
    weights: list[float] | None = None
    electronic_conductivity: str | float | None = None
    area: str | float | None = None
    surface_factor: float | None = None


class NegativeSection(DesignSection):
    """``[p2d.negative]``: the porous negative electrode of a full cell, see `microcell.p2d.Negative`."""

    parameters: str
    at_full: Annotated[list[float], Field(min_length=2, max_length=2)]
    overrides: dict[str, Any] = Field(default_factory=dict, alias="set")


class P2DSection(DesignSection):
    """``[p2d]``: the reduced model of `microcell p2d`.

    What is left out of the electrode comes from the image with ``--from-volume``.
    """

    model: Literal["DFN", "SPMe", "SPM"] = "DFN"
    film: bool | None = None
    sizes: int = Field(default=3, ge=1, le=100)
    radius_rule: Literal["diffusion", "volume", "surface"] = "diffusion"
    separator: int = Field(default=20, ge=1, le=1000)
    electrode: int = Field(default=20, ge=2, le=1000)
    radial: int = Field(default=20, ge=2, le=1000)
    tolerance: float = Field(default=1e-4, gt=0, le=0.1)
    negative: NegativeSection | None = None
    degradation: dict[str, Any] = Field(default_factory=dict)


class CaseContent(Section):
    """All sections of a case file; ``[volume]`` is needed by all that look at the image."""

    volume: VolumeSection | None = None
    segmentation: SegmentationSection = SegmentationSection()
    cell: CellSection = CellSection()
    protocol: ProtocolSection
    output: OutputSection = OutputSection()
    p2d: P2DSection = P2DSection()


EXAMPLES = {
    "volume": '[volume] with path = "cathode.tif", voxel_size, axes, through_axis, separator_side and phases',
    "volume.path": 'path = "cathode.tif"',
    "protocol": '[protocol] with initial = "3.6 V" and steps = ["Charge at 1C until 4.3 V"]',
    "protocol.initial": 'initial = "3.6 V"',
    "protocol.steps": 'steps = ["Charge at 1C until 4.3 V", "Hold at 4.3 V until C/20"]',
    "p2d.negative.parameters": 'parameters = "graphite.toml"',
    "p2d.negative.at_full": "at_full = [0.9, 0.27]: stoichiometries, negative and positive, of the full cell",
}
"""How to write what has no default."""
