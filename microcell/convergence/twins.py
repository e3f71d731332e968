"""Twins of a case: the same on larger voxels, with looser time steps, and on parts of the image."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import CaseError, GeometryError, MicrocellError, did_you_mean
from ..image import Particles, Volume
from ..image.lengths import format_length
from ..solve.control import StepControl
from .coarsen import SMALLEST, coarsen, coarsen_particles

CASE, VOXEL, STEP, CROP = "case", "voxel", "step", "crop"
STUDIES = (VOXEL, STEP, CROP)

FACTORS = (2.0, 3.0, 4.0)
"""Voxel edges of the twins over that of the case, where nothing else is asked for and the image allows it."""

TOLERANCES = (4.0, 16.0)
"""What the tolerance of the local error in time is multiplied with."""

DIVISIONS = (2, 3)
"""Into how many parts y and x are divided for crops."""


@dataclass(frozen=True)
class Twin:
    """One run of a study.

    Attributes
    ----------
    name : str
        Also that of its run directory.
    study : {"case", "voxel", "step", "crop"}
        What differs from the case; the case itself belongs to all studies.
    what : str
        The difference in words.
    volume, particles : Volume, Particles
        Its image.
    control : StepControl
        Its tolerances in time.
    info : dict
        Numbers on how it was made, ready for JSON.
    """

    name: str
    study: str
    what: str
    volume: Volume = field(repr=False)
    particles: Particles = field(repr=False)
    control: StepControl = field(default_factory=StepControl)
    info: dict[str, Any] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """Return what tells this twin from any other, ready for JSON."""
        content = hashlib.sha256(self.volume.labels.tobytes() + self.particles.labels.tobytes())
        return {
            "name": self.name,
            "study": self.study,
            "what": self.what,
            "shape": list(self.volume.shape),
            "voxel_size_m": list(self.volume.voxel_size),
            "edge_m": float(np.sqrt(self.volume.cross_section)),
            "fractions": self.volume.fractions(),
            "median_diameter_m": self.particles.median_diameter(),
            "time_step_error": self.control.error,
            "largest_time_step_s": self.control.largest,
            "image_sha256": content.hexdigest(),
            **self.info,
        }


@dataclass(frozen=True)
class Plan:
    """What a study will run, cheap twins first and the case last.

    Attributes
    ----------
    twins : tuple of Twin
        The runs.
    left_out : tuple of str
        Which twins the image does not allow, and why; only of those that nobody asked for.
    """

    twins: tuple[Twin, ...]
    left_out: tuple[str, ...] = ()


def make_plan(
    volume: Volume,
    particles: Particles,
    *,
    what: Sequence[str] = STUDIES,
    factors: Sequence[float] | None = None,
    crops: int = 4,
) -> Plan:
    """Make the twins of an image.

    Parameters
    ----------
    volume, particles : Volume, Particles
        The image of the case.
    what : sequence of str
        Which studies, of "voxel", "step" and "crop".
    factors : sequence of float, optional
        Voxel edges of the twins over that of the case; 2, 3 and 4 as far as the image allows where left out.
    crops : int
        Disjoint crops of each size, at most.

    Raises
    ------
    CaseError, GeometryError
        If a study is unknown, a factor that was asked for cannot be, or the image is too small for a study.
    """
    _check(what, factors, crops)
    twins: list[Twin] = []
    left_out: list[str] = []
    if CROP in what:
        twins += _crops(volume, particles, crops, left_out)
    if VOXEL in what:
        twins += _coarse(volume, particles, factors, left_out)
    if STEP in what:
        twins += [_loose(volume, particles, factor) for factor in reversed(TOLERANCES)]
    own = Twin("case", CASE, "the case as it is", volume, particles)
    return Plan((*twins, own), tuple(left_out))


def _check(what: Sequence[str], factors: Sequence[float] | None, crops: int) -> None:
    for name in what or ("",):
        if name not in STUDIES:
            fix = did_you_mean(name, STUDIES)
            raise CaseError(
                "there is no such study", key="what", value=name, allowed=", ".join(STUDIES), fix=fix
            )
    for factor in factors if factors is not None else (2.0,):
        if not 1.3 <= factor <= 100.0:
            raise CaseError(
                "a factor does not make voxels larger by a useful amount",
                key="factors",
                value=f"{factor:g}",
                allowed="1.3 to 100; Celik et al. 2008 (doi 10.1115/1.2960953) advise 1.3 or more",
                fix="give for example factors='2,4'",
            )
    if factors is not None and (not factors or len(set(factors)) < len(factors)):
        raise CaseError("there is no factor, or one twice", key="factors", value=list(factors))
    if crops < 2:
        raise CaseError(
            "a spread needs at least two crops of a size", key="crops", value=crops, allowed=">= 2"
        )


def _coarse(
    volume: Volume, particles: Particles, factors: Sequence[float] | None, left_out: list[str]
) -> list[Twin]:
    """Make the twins on larger voxels, coarsest first."""
    made, refused = [], []
    for factor in sorted(factors or FACTORS, reverse=True):
        try:
            made.append(_coarse_one(volume, particles, factor))
        except MicrocellError as error:
            if factors is not None:
                raise
            refused.append(error)
    if not made:
        raise refused[-1]
    left_out += [error.problem for error in refused]
    return made


def _coarse_one(volume: Volume, particles: Particles, factor: float) -> Twin:
    coarse = coarsen(volume, factor)
    small = coarsen_particles(particles, coarse.volume)
    sizes = " x ".join(format_length(edge) for edge in coarse.volume.voxel_size)
    info = {"factor": factor, "voxels_decided_by_neighbours": coarse.ties}
    return Twin(f"voxel-x{factor:g}", VOXEL, f"voxels of {sizes}", coarse.volume, small, info=info)


def _loose(volume: Volume, particles: Particles, factor: float) -> Twin:
    """Loosen the tolerance of the concentrations, and the bounds of the step as the tolerance lets it grow.

    The local error of BDF2 goes with the third power of the step.
    """
    usual, longer = StepControl(), factor ** (1.0 / 3.0)
    control = StepControl(
        error=factor * usual.error, first=longer * usual.first, largest=longer * usual.largest
    )
    name, what = f"step-x{factor:g}", f"{factor:g} times the local error per time step"
    return Twin(name, STEP, what, volume, particles, control, {"factor": factor})


def _crops(volume: Volume, particles: Particles, count: int, left_out: list[str]) -> list[Twin]:
    """Make crops in the plane of the electrode, smallest first."""
    made = []
    for parts in sorted(DIVISIONS, reverse=True):
        _, ny, nx = volume.shape
        if min(ny, nx) // parts < SMALLEST:
            left_out.append(f"the image is too small for crops of 1/{parts} of its width: {ny} x {nx} voxels")
            continue
        made += [_crop(volume, particles, parts, *place) for place in _places(parts, count)]
    if not made:
        raise GeometryError(
            "the image is too small for crops",
            key="what",
            value=f"{volume.shape[1]} x {volume.shape[2]} voxels in the plane",
            allowed=f"at least {SMALLEST * min(DIVISIONS)} voxels along y and x",
            fix="leave the crops out: what='voxel,step'",
        )
    return made


def _places(parts: int, count: int) -> list[tuple[int, int]]:
    """Choose tiles of a parts x parts division, spread evenly over it."""
    chosen = np.unique(np.linspace(0, parts * parts - 1, min(count, parts * parts)).round().astype(int))
    return [divmod(int(number), parts) for number in chosen]


def _crop(volume: Volume, particles: Particles, parts: int, row: int, column: int) -> Twin:
    ny, nx = (n // parts for n in volume.shape[1:])
    window = np.s_[:, row * ny : (row + 1) * ny, column * nx : (column + 1) * nx]
    name = f"crop-{parts}-{row + 1}{column + 1}"
    labels = particles.labels[window]
    if not labels.any():
        raise GeometryError(
            f"{name} ({ny} x {nx} voxels) holds no active material",
            key="what",
            fix="leave the crops out: what='voxel,step'",
        )
    small = Volume(np.ascontiguousarray(volume.labels[window]), volume.voxel_size, volume.source, volume.info)
    pieces = Particles.from_labels(np.ascontiguousarray(labels), volume.voxel_size, particles.options)
    where = f"y {row * ny}:{(row + 1) * ny}, x {column * nx}:{(column + 1) * nx}"
    return Twin(name, CROP, where, small, pieces, info={"parts": parts})
