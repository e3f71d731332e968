"""Migration barriers along a, b and c from the bond-valence site energy of a structure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from scipy.ndimage import map_coordinates

from ...errors import AtomisticError
from ...parameters.card import Origin, PropertyCard
from .energy import Landscape, make_host, map_energy
from .parameters import data
from .percolation import CORNERS, FACES, Threshold, find_path, find_threshold
from .refine import refine

AXES = ("a", "b", "c")
COARSER = 1.5
"""Factor of the spacing of a second grid that gives the error where no stationary point is found."""

LEAST = 1e-3
"""Smallest uncertainty that is stated [eV]: cutoff of the sums and rounding of the parameters."""

CLOSED = 5.0
"""Barriers above this [eV] say that there is no way: the host would break before."""

REFERENCES = (
    "Adams & Prasada Rao, Phys. Status Solidi A 208, 1746 (2011), doi 10.1002/pssa.201001116",
    "Chen & Adams, IUCrJ 4, 614 (2017), doi 10.1107/S2052252517010211",
    "Chen, Wong & Adams, Acta Cryst. B 75, 18 (2019), doi 10.1107/S2052520618015718",
)


@dataclass(frozen=True)
class AxisBarrier:
    """The easiest way along one axis.

    Attributes
    ----------
    axis : {"a", "b", "c"}
        Direction in which the path leaves its cell.
    barrier : float
        Highest minus lowest energy on the path [eV], at stationary points of the landscape.
    uncertainty : float
        Numerical error [eV]: the difference of two ways to find the barrier. The error of the model itself, a
        few tenths of an eV, is not in it.
    path : ndarray, shape (points, 3)
        Fractional coordinates from the lowest point to its image.
    distance, energy : ndarray, shape (points,)
        Length along the path [Angstrom], and energy above the lowest point [eV].
    """

    axis: str
    barrier: float
    uncertainty: float
    path: np.ndarray
    distance: np.ndarray
    energy: np.ndarray

    @property
    def closed(self) -> bool:
        """Whether the barrier is beyond anything that a thermal ion passes."""
        return self.barrier > CLOSED


@dataclass(frozen=True)
class BondValence:
    """Landscape and barriers of a structure.

    Attributes
    ----------
    landscape : Landscape
        Energies on the grid.
    barriers : tuple of 3 AxisBarrier
        Along a, b and c.
    """

    landscape: Landscape
    barriers: tuple[AxisBarrier, AxisBarrier, AxisBarrier]

    def card(self, axis: str) -> PropertyCard:
        """Return the barrier along "a", "b" or "c" as a property card."""
        if axis not in AXES:
            raise AtomisticError("There is no such axis", key="axis", value=axis, allowed="a, b, c")
        found = self.barriers[AXES.index(axis)]
        host = self.landscape.host
        note = "of a lone ion in a rigid host; the uncertainty is that of the grid only"
        origin = Origin.of(
            "bond-valence site energy",
            {
                "structure": host.atoms.get_chemical_formula(),
                "cell": host.atoms.cell.cellpar(),
                "mobile ion": host.mobile.name,
                "oxidation states": host.charges,
                "morse share": host.morse_share,
                "screening": data()["model"]["screening"],
                "grid": list(self.landscape.energy.shape),
            },
            references=REFERENCES,
            note=f"no path: {note}" if found.closed else note,
        )
        name = f"{host.mobile.element} migration barrier along {axis} [eV]"
        return PropertyCard.scalar(name, found.barrier, found.uncertainty, origin=origin)

    def figure(self, path: str | Path) -> Path:
        """Draw the profiles along the paths and three views of the landscape."""
        from .figure import draw

        return draw(self, Path(path))


def bond_valence(
    atoms: Atoms,
    mobile: str = "Li",
    charges: Mapping[str, float] | None = None,
    *,
    spacing: float = 0.2,
    morse_share: float | None = None,
) -> BondValence:
    """Map the site energy of a mobile ion, and find barrier and path along each axis.

    Parameters
    ----------
    atoms : ase.Atoms
        Ordered structure with its mobile ions; a primitive or conventional cell is enough.
    mobile : str
        Element that moves: "Li", "Na".
    charges : mapping of str to float, optional
        Oxidation states of elements with more than one, see `assign_charges`.
    spacing : float
        Grid spacing [Angstrom].
    morse_share : float, optional
        Share of the attraction that counts, see `make_host`.

    Raises
    ------
    AtomisticError
        If the structure cannot be used, or the spacing is out of range.

    Examples
    --------
    >>> from microcell.atomistic.bond_valence import bond_valence, example
    >>> olivine = bond_valence(example("LiFePO4"), spacing=0.3)
    >>> min(olivine.barriers, key=lambda found: found.barrier).axis
    'b'
    """
    host = make_host(atoms, mobile, charges, morse_share)
    grid = map_energy(host, spacing)
    one, two, three = (_along(grid, axis) for axis in range(3))
    return BondValence(grid, (one, two, three))


def _along(grid: Landscape, axis: int) -> AxisBarrier:
    """Find barrier, error and path along one axis."""
    corners, faces = (find_threshold(grid.energy, axis, neighbours) for neighbours in (CORNERS, FACES))
    barrier, error = _best(grid, corners, faces)
    path = find_path(grid.energy, corners, grid.spacing)
    scaled = path / np.array(grid.energy.shape)
    steps = np.diff(scaled @ grid.host.atoms.cell.array, axis=0)
    distance = np.concatenate([[0.0], np.cumsum(np.linalg.norm(steps, axis=1))])
    energy = map_coordinates(grid.energy, path.T, order=0, mode="grid-wrap") - corners.bottom
    return AxisBarrier(AXES[axis], barrier, max(error, LEAST), scaled, distance, energy)


def _best(grid: Landscape, corners: Threshold, faces: Threshold) -> tuple[float, float]:
    """Return barrier and error: from the stationary points to which two bottlenecks of the grid lead.

    The two neighbourhoods have their bottlenecks at different grid points on the same pass. Where only one
    leads to a stationary point, the error is the distance to the grid's value; where none does, the grid's
    values are all there is.
    """
    smooth = [found.barrier for found in (refine(grid, corners), refine(grid, faces)) if found is not None]
    if len(smooth) == 2:
        return min(smooth), abs(smooth[0] - smooth[1])
    if smooth:
        return smooth[0], abs(smooth[0] - corners.barrier)
    coarse = find_threshold(map_energy(grid.host, COARSER * grid.spacing.max()).energy, corners.axis, CORNERS)
    return corners.barrier, max(abs(other.barrier - corners.barrier) for other in (faces, coarse))
