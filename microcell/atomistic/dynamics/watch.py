"""Notices when a structure breaks down during dynamics, so that no number is made of its ruins."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from scipy.spatial import cKDTree

from ...errors import AtomisticError

CLOSEST = 0.8
"""Distance of two atoms [Angstrom] that no oxide has: they have fallen into each other."""

LARGEST_STRAIN = 0.25
"""Change of a cell length, relative, beyond which the crystal is another one."""

HOTTEST = 5.0
"""Instantaneous temperature over that of the thermostat that no small cell reaches by fluctuation."""


class Watch:
    """Checks frames against the start.

    Parameters
    ----------
    start : ase.Atoms
        Structure at the start.
    temperature : float
        Of the thermostat [K].
    """

    def __init__(self, start: Atoms, temperature: float) -> None:
        self._lengths = start.cell.lengths()
        self._temperature = temperature

    def check(self, atoms: Atoms, time: float) -> None:
        """Check one frame at a time [ps].

        Raises
        ------
        AtomisticError
            If a position is not finite, the atoms are far too hot, two atoms overlap, or the cell has changed
            beyond recognition: layered oxides with a wrong potential collapse like this on delithiation.
        """
        if not np.isfinite(atoms.positions).all():
            raise AtomisticError("a position is not finite", fix="take a shorter time step")
        hot = atoms.get_temperature()
        if hot > HOTTEST * self._temperature:
            raise AtomisticError(
                "the atoms are far too hot",
                value=f"{hot:.0f} K at {time:.3f} ps",
                allowed=f"up to {HOTTEST:g} times the {self._temperature:g} K of the thermostat",
                fix="take a shorter time step, or relax the structure first",
            )
        self._check_cell(atoms, time)
        closest = closest_distance(atoms)
        if closest < CLOSEST:
            raise AtomisticError(
                "two atoms have fallen into each other",
                value=f"{closest:.2f} Angstrom at {time:.3f} ps",
                allowed=f"{CLOSEST} Angstrom or more",
                fix="the potential does not hold this structure; use another one",
            )

    def _check_cell(self, atoms: Atoms, time: float) -> None:
        strain = atoms.cell.lengths() / self._lengths - 1.0
        worst = int(np.abs(strain).argmax())
        if abs(strain[worst]) > LARGEST_STRAIN:
            raise AtomisticError(
                f"the cell has {'collapsed' if strain[worst] < 0 else 'blown up'} along {'abc'[worst]}",
                value=f"{100 * strain[worst]:+.0f} % after {time:.3f} ps",
                allowed=f"within {100 * LARGEST_STRAIN:.0f} %",
                fix="the potential does not hold this composition; keep the volume (nvt) or use another one",
            )


def closest_distance(atoms: Atoms) -> float:
    """Return the distance of the two nearest atoms [Angstrom]; infinite if none are within `CLOSEST`."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(atoms.cell.array), axis=0)
    scaled = atoms.get_scaled_positions() % 1.0
    steps = np.array([-1.0, 0.0, 1.0])
    shifts = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    images = (scaled + shifts).reshape(-1, 3)
    reach = CLOSEST / heights
    images = images[np.all((images > -reach) & (images < 1.0 + reach), axis=1)]
    tree = cKDTree(images @ atoms.cell.array)
    return float(tree.query(scaled @ atoms.cell.array, k=2, distance_upper_bound=CLOSEST)[0][:, 1].min())
