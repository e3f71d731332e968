"""Fits of Coulomb-Buckingham potentials: charges, shells and pairs against energies, forces and lattices.

`fit` varies any numbers of a potential by name (`FreeParameters`) against observations (`Frame`, `Crystal`,
`EnergyDifference`, the latter also for hops and anti-sites: `hop_states`, `antisite_states`) by least squares
with exact derivatives, `scan_charge_scale` repeats that over the scale of all charges, and `FitFile` reads
both from a TOML file.
"""

from __future__ import annotations

from ...optional import load

load("ase", "atomistic")

from .coordinates import Relaxed, Structure, UnrelaxedError  # noqa: E402
from .crystal import Crystal  # noqa: E402
from .defects import antisite_states, hop_states  # noqa: E402
from .difference import EnergyDifference  # noqa: E402
from .fit import fit  # noqa: E402
from .free import Free, FreeParameters, all_names  # noqa: E402
from .observations import Frame, Observation, frames_of  # noqa: E402
from .output import cards, describe, figure, report, write_potential  # noqa: E402
from .problem import FitFile  # noqa: E402
from .result import FitResult  # noqa: E402
from .scan import ScaleScan, scan_charge_scale  # noqa: E402
from .sections import Problem  # noqa: E402

__all__ = [
    "Crystal",
    "EnergyDifference",
    "FitFile",
    "FitResult",
    "Frame",
    "Free",
    "FreeParameters",
    "Observation",
    "Problem",
    "Relaxed",
    "ScaleScan",
    "Structure",
    "UnrelaxedError",
    "all_names",
    "antisite_states",
    "cards",
    "describe",
    "figure",
    "fit",
    "frames_of",
    "hop_states",
    "report",
    "scan_charge_scale",
    "write_potential",
]
