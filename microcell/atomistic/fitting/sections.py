"""The sections of the TOML file of a fit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Pair = tuple[float, Positive]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = ""
    standing: Literal["", "sourced", "calibrated", "assumed", "computed"] = ""
    note: str = ""
    species: dict[str, str] | None = None


class FreeSection(_Section):
    """A free number: see `Free`."""

    name: str
    start: float | None = None
    low: float | None = None
    high: float | None = None
    same_as: tuple[str, ...] = ()
    expected: float | None = None
    spread: float | None = None


class FramesSection(_Section):
    """A trajectory that ASE reads, with energies, forces or stresses; sigma of stresses in GPa."""

    file: str
    images: str = ":"
    sigma_energy: Positive = 0.05
    sigma_forces: Positive = 0.1
    sigma_stress: Positive = 1.0
    group: str = "energy"


class CrystalSection(_Section):
    """A crystal: a name of the lattice data or a file, and measured values with standard deviations."""

    structure: str
    label: str = ""
    ordering: Literal["random", "ordered"] = "ordered"
    size: tuple[int, int, int] = (1, 1, 1)
    primitive: bool = False
    repeats: tuple[int, int, int] = (1, 1, 1)
    measured: dict[str, Pair]
    fitted: bool = True


class _EnergySection(_Section):
    """A measured energy of a few structures, with its standard deviation [eV]."""

    label: str = ""
    measured: float
    sigma: Positive
    fitted: bool = True


class DifferenceSection(_EnergySection):
    """Two structure files and the measured difference of their relaxed energies [eV]."""

    first: str
    second: str
    label: str = "barrier"
    hold: tuple[int, int] | None = None
    background: bool = False


class BarrierSection(_EnergySection):
    """A hop of lithium in a layered oxide at its measured lattice: see `hop_states`; energies in eV."""

    structure: str
    hop: Literal["dumbbell", "tetrahedral"]
    size: tuple[int, int, int] = (3, 3, 1)


class AntisiteSection(_EnergySection):
    """Lithium and a metal exchanged in a layered oxide at its measured lattice; energies in eV."""

    structure: str
    metal: str = "Ni"
    charge: float | None = None
    separation: float = 0.0
    ordering: Literal["random", "ordered"] = "ordered"
    size: tuple[int, int, int] = (3, 3, 1)


class ScanSection(_Section):
    """Scales of the charges for a scan, with and without shells."""

    scales: tuple[Positive, ...]
    models: tuple[Literal["shells", "rigid"], ...] = ("rigid", "shells")


class Problem(_Section):
    """A fit.

    Attributes
    ----------
    name, title : str
        Of the potential to be made.
    potential : str
        Built-in set or TOML file (relative to this one) with the numbers to start from.
    charge_scale : float
        Factor on all charges where "scale" is not free.
    free, frames, crystal, energy_difference, barrier, antisite : lists
        Free numbers and data.
    absolute_sigma, starts, evaluations
        As for `fit`.
    scan : ScanSection, optional
        A scan over the scale of the charges.
    """

    schema_version: Literal["microcell-fit/1"]
    name: str
    title: str = ""
    potential: str
    charge_scale: Positive = 1.0
    absolute_sigma: bool = False
    starts: Annotated[int, Field(ge=1)] = 1
    evaluations: Annotated[int, Field(ge=1)] = 200
    tolerance: Positive = 1e-8
    free: tuple[FreeSection, ...]
    frames: tuple[FramesSection, ...] = ()
    crystal: tuple[CrystalSection, ...] = ()
    energy_difference: tuple[DifferenceSection, ...] = ()
    barrier: tuple[BarrierSection, ...] = ()
    antisite: tuple[AntisiteSection, ...] = ()
    scan: ScanSection | None = None
