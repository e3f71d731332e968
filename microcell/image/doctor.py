"""The image doctor: can this volume carry a simulation, how far can it be trusted, and what will it cost?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..errors import VolumeError
from ..parameters.constants import F
from .connectivity import reaches
from .inspection import Inspection
from .networks import ELECTRONIC, IONIC, network_facts, usable_active
from .particles import EDGE, Particles
from .phases import IMAGE_PHASES, Phase
from .segment import segment
from .surface import interface_area
from .volume import Volume

# Measured by benchmarks/main_run.py (results/main_run.json); replace all four when the solver changes.
BYTES_PER_VOXEL = 1750.0
"""Growth of the peak process memory with the voxels of the image; about 1000 of it are the time step."""
BASE_BYTES = 1.95e9
"""Peak process memory apart from that, nearly all of it while XLA compiles."""
SECONDS_PER_VOXEL_PER_CYCLE = 0.8e-3
"""Wall time of a 1C charge with hold and a 1C discharge over the voxels of the image, two CPU cores."""
START_SECONDS = 30.0
"""Set-up and compilation before the first step of a new geometry."""

C_MAX = 50636.0
"""Maximum lithium concentration of NMC811 [mol.m-3]: the default where no parameter set is given."""
STOICHIOMETRY_WINDOW = 0.725
"""Share of it that is cycled, about 200 mAh/g: the default where no parameter set is given."""

VOXELS_PER_DIAMETER = 10.0
CONNECTED_SHARE = 0.95
ACTIVE_RANGE = (0.25, 0.80)
PARTICLES_THROUGH = 3.0


def inspect(
    volume: Volume,
    *,
    particles: Particles | None = None,
    c_max: float = C_MAX,
    stoichiometry_window: float = STOICHIOMETRY_WINDOW,
) -> Inspection:
    """Inspect a volume before a run.

    Parameters
    ----------
    volume : Volume
        The image.
    particles : Particles, optional
        Its segmentation; made with the default options where it is not given.
    c_max : float
        Maximum lithium concentration of the active material [mol.m-3].
    stoichiometry_window : float
        Share of it that is cycled, for capacity and 1C current.

    Returns
    -------
    Inspection
        Fractions and their slice profile, percolation of both networks, islands, one-voxel bridges,
        resolution, specific surface counted and corrected, capacity, 1C current, predicted memory and time;
        warnings, errors and an exit code. ``print`` shows it as a table.

    Raises
    ------
    VolumeError
        If ``c_max`` or the window is out of range, or the particles belong to another volume.
    """
    _check(volume, particles, c_max, stoichiometry_window)
    masks = {name: volume.mask(phase) for name, phase in IMAGE_PHASES.items()}
    if particles is None and masks["active"].any():
        particles = segment(volume)
    facts: dict[str, Any] = {
        "volume": _volume_facts(volume),
        "fractions": {name: float(mask.mean()) for name, mask in masks.items()},
        "profile": {name: mask.mean(axis=(1, 2)).tolist() for name, mask in masks.items()},
        "phases": {
            name: asdict(network_facts(mask, "high" if name == "active" else "low"))
            for name, mask in masks.items()
            if mask.any()
        },
        "networks": {
            "ionic": asdict(network_facts(volume.mask(*IONIC), "low")),
            "electronic": asdict(network_facts(volume.mask(*ELECTRONIC), "high")),
        },
        "usable_active_share": float(usable_active(volume).sum() / max(1, int(masks["active"].sum()))),
        "particles": _particle_facts(volume, particles),
        "specific_surface_per_m": _surface_facts(volume),
        "capacity": _capacity_facts(volume, c_max * stoichiometry_window),
        "cost": {
            "memory_bytes": BASE_BYTES + BYTES_PER_VOXEL * volume.labels.size,
            "seconds_per_cycle": START_SECONDS + SECONDS_PER_VOXEL_PER_CYCLE * volume.labels.size,
        },
    }
    errors = find_errors(facts)
    return Inspection(facts, [] if errors else find_warnings(facts), errors)


def _check(volume: Volume, particles: Particles | None, c_max: float, window: float) -> None:
    if not 0 < c_max < 1e6:
        raise VolumeError("out of range", key="c_max", value=c_max, allowed="0 to 1e6 mol.m-3")
    if not 0 < window <= 1:
        raise VolumeError(
            "out of range", key="stoichiometry_window", value=window, allowed="above 0, at most 1"
        )
    if particles is not None and particles.labels.shape != volume.shape:
        raise VolumeError(
            "the particles belong to another volume",
            key="particles",
            value=f"shape {particles.labels.shape}",
            allowed=f"shape {volume.shape}",
        )


def _volume_facts(volume: Volume) -> dict[str, Any]:
    return {
        "source": volume.source,
        "shape": list(volume.shape),
        "voxels": int(volume.labels.size),
        "voxel_size_m": list(volume.voxel_size),
        "extent_m": list(volume.size),
    }


def _particle_facts(volume: Volume, particles: Particles | None) -> dict[str, Any]:
    """Resolution counts along the coarsest axis, where the voxels are fewest."""
    if particles is None:
        return {}
    diameter = particles.median_diameter()
    return {
        "count": particles.count,
        "cut_by_edge": int(particles.table[EDGE].sum()),
        "median_diameter_m": diameter,
        "voxels_per_diameter": diameter / max(volume.voxel_size),
    }


def _surface_facts(volume: Volume) -> dict[str, float]:
    """Area between active material and everything else per volume of the image [1/m]."""
    active = volume.mask(Phase.ACTIVE)
    total = volume.voxel_volume * active.size
    return {
        model: interface_area(active, ~active, volume.voxel_size, model=model) / total
        for model in ("faces", "normals")
    }


def _capacity_facts(volume: Volume, cycled: float) -> dict[str, float]:
    """Nominal capacity: F times the volume of the wired active material times the cycled concentration."""
    wired = reaches(volume.mask(*ELECTRONIC), end="high") & volume.mask(Phase.ACTIVE)
    coulomb = F * float(wired.sum()) * volume.voxel_volume * cycled
    ampere = coulomb / 3600.0
    return {
        "Ah_per_m2": ampere / volume.cross_section,
        "one_C_A_per_m2": ampere / volume.cross_section,
        "one_C_A": ampere,
    }


def find_errors(facts: dict[str, Any]) -> list[str]:
    """Return what makes a simulation of the volume impossible."""
    errors = []
    if facts["fractions"]["active"] == 0:
        errors.append("there is no active material; check the phase map")
    if facts["networks"]["ionic"]["voxels"] == 0:
        errors.append("there is no electrolyte (pore or cbd); check the phase map")
    if errors:
        return errors
    check = "check through_axis and separator_side"
    if facts["networks"]["ionic"]["connected"] == 0:
        errors.append(f"no pore or cbd voxel touches the separator plane; {check}")
    if facts["networks"]["electronic"]["connected"] == 0:
        errors.append(f"no active or cbd voxel touches the collector plane; {check}")
    if not errors and facts["usable_active_share"] == 0:
        errors.append("no active material is connected to both the collector and the electrolyte")
    return errors


def find_warnings(facts: dict[str, Any]) -> list[str]:
    """Return what limits how far results of the volume can be trusted."""
    rules = [*_network_warnings(facts), *_resolution_warnings(facts), *_phase_warnings(facts)]
    return [message for applies, message in rules if applies]


def _network_warnings(facts: dict[str, Any]) -> list[tuple[bool, str]]:
    ionic, electronic = facts["networks"]["ionic"], facts["networks"]["electronic"]
    usable = facts["usable_active_share"]
    return [
        (
            ionic["connected"] < CONNECTED_SHARE,
            f"only {ionic['connected']:.1%} of pore + cbd is connected to the separator; "
            "the rest becomes inert",
        ),
        (ionic["spanning"] == 0, "the pore + cbd network does not reach through the image along z"),
        (
            electronic["connected"] < CONNECTED_SHARE,
            f"only {electronic['connected']:.1%} of active + cbd is connected to the collector; the rest "
            "becomes inert. Is the conductive additive missing from the image?",
        ),
        (electronic["spanning"] == 0, "the active + cbd network does not reach through the image along z"),
        (
            usable < CONNECTED_SHARE,
            f"only {usable:.1%} of the active material can be charged and discharged",
        ),
    ]


def _resolution_warnings(facts: dict[str, Any]) -> list[tuple[bool, str]]:
    resolution = facts["particles"]["voxels_per_diameter"]
    through = facts["volume"]["extent_m"][0] / facts["particles"]["median_diameter_m"]
    return [
        (
            resolution < VOXELS_PER_DIAMETER,
            f"the median particle is {resolution:.1f} voxels across, below {VOXELS_PER_DIAMETER:g}: "
            "concentration profiles inside particles are not resolved; use a finer image",
        ),
        (
            through < PARTICLES_THROUGH,
            f"the image is {through:.1f} particles thick: gradients through the electrode are "
            "those of a thin one",
        ),
    ]


def _phase_warnings(facts: dict[str, Any]) -> list[tuple[bool, str]]:
    active, profiles = facts["fractions"]["active"], facts["profile"]
    low, high = ACTIVE_RANGE
    single = [
        place
        for place, index in (("separator", 0), ("collector", -1))
        if any(profile[index] == 1.0 for profile in profiles.values())
    ]
    return [
        (
            not low <= active <= high,
            f"an active fraction of {active:.3f} is unusual for a cathode ({low} to {high}); "
            "check the phase map",
        ),
        (
            bool(single),
            f"the slice at the {' and the '.join(single)} has a single phase: crop away what is not cathode",
        ),
    ]
