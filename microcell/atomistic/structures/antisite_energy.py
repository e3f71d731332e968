"""What anti-site defects cost, with any ASE calculator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from ase.optimize import FIRE

from ...errors import AtomisticError
from ...files import atomic_write
from ...parameters.card import Origin, PropertyCard
from ...style import new_figure, styled
from ..estimate import Estimate
from .antisite import antisite_pairs, swap

NAME = "Antisite energy [eV]"
"""Name of the card."""

Progress = Callable[[int, int], None]
"""Called with what is done and how much there is."""


@dataclass(frozen=True)
class AntisiteEnergies:
    """What anti-sites cost, pair by pair.

    Attributes
    ----------
    pairs : numpy.ndarray
        Atom numbers of lithium and metal (pairs, 2).
    distances : numpy.ndarray
        Their distances in the perfect crystal [angstrom] (pairs,).
    unrelaxed, relaxed : numpy.ndarray
        Energies of the exchange with ions fixed, and relaxed [eV] (pairs,).
    statistics : dict
        Steps of the relaxations, largest force left [eV/angstrom], atoms, calculator.
    """

    pairs: np.ndarray
    distances: np.ndarray
    unrelaxed: np.ndarray
    relaxed: np.ndarray
    statistics: dict[str, Any]

    @property
    def estimate(self) -> Estimate:
        """Mean over the pairs with its standard error [eV]: needs two pairs or more."""
        return Estimate.of(self.relaxed)

    def frame(self) -> pd.DataFrame:
        """Return one line per pair: atoms, distance, energies."""
        return pd.DataFrame(
            {
                "lithium": self.pairs[:, 0],
                "metal": self.pairs[:, 1],
                "distance [A]": self.distances,
                "unrelaxed [eV]": self.unrelaxed,
                "relaxed [eV]": self.relaxed,
            }
        )

    def card(self, *, references: tuple[str, ...] = (), note: str = "") -> PropertyCard:
        """Return the mean as a property card "Antisite energy [eV]"."""
        found = self.estimate
        if float(np.ptp(self.relaxed)) < 1e-6:
            note = f"{note} The pairs are equivalent by symmetry, so there is no statistical error.".lstrip()
        return PropertyCard.scalar(
            NAME,
            found.mean,
            found.standard_error,
            origin=Origin.of("antisite", self.statistics, references=references, note=note),
        )

    def figure(self, path: Path) -> Path:
        """Draw the energies over the distance of the pairs, as PNG."""
        with styled():
            figure = new_figure(5.0, 3.4)
            axes = figure.add_subplot()
            axes.plot(self.distances, self.unrelaxed, "o", mfc="none", label="ions fixed")
            axes.plot(self.distances, self.relaxed, "o", label="relaxed")
            if len(self.relaxed) > 1:
                mean, error, _ = self.estimate
                axes.axhspan(mean - error, mean + error, alpha=0.2)
                axes.axhline(
                    mean, label=f"mean {mean:.2f} ± {error:.1g} eV" if error > 1e-6 else f"{mean:.2f} eV"
                )
            axes.set(xlabel="Distance of the two ions [Å]", ylabel="Energy of the exchange [eV]")
            axes.set_xlim(self.distances.min() - 0.5, self.distances.max() + 0.5)
            axes.legend()
            atomic_write(path, lambda temporary: figure.savefig(temporary, format="png"))
        return path


def antisite_energy(
    atoms: Atoms,
    calculator: Any,
    metal: str = "Ni",
    *,
    pairs: int | np.ndarray = 4,
    charge: float | None = None,
    separation: float = 0.0,
    fmax: float = 0.02,
    steps: int = 500,
    seed: int = 0,
    progress: Progress | None = None,
) -> AntisiteEnergies:
    """Relax a structure with and without anti-sites and return the differences in energy.

    Parameters
    ----------
    atoms : ase.Atoms
        Perfect structure; relaxed first, at fixed cell.
    calculator : ase calculator
        Any that gives energy and forces.
    metal : str
        Symbol of the metal that goes to the lithium site.
    pairs : int or numpy.ndarray
        How many pairs to draw (at least two for an error bar), or the pairs themselves (pairs, 2).
    charge, separation : float, optional
        Which pairs, as for `antisite_pairs`.
    fmax : float
        Relaxations end when no force is above this [eV/angstrom].
    steps : int
        At most so many steps each.
    seed : int
        Of the draw of pairs.
    progress : callable, optional
        Called after each relaxation.

    Returns
    -------
    AntisiteEnergies
        Energies of an exchange, relaxed and not [eV].

    Raises
    ------
    AtomisticError
        If there is no such pair or a relaxation does not converge.

    Notes
    -----
    The defect pair of Kroger-Vink notation Li_Ni' + Ni_Li. at the distance that the pair has; Lee & Park
    2012 (J. Phys. Chem. C 116, 6484) found 0.84 eV for NMC111.
    """
    chosen = pairs if isinstance(pairs, np.ndarray) else _draw(atoms, metal, charge, separation, pairs, seed)
    show = progress or (lambda done, total: None)
    perfect = atoms.copy()
    energy = relax(perfect, calculator, fmax, steps)
    show(1, len(chosen) + 1)
    unrelaxed, relaxed, taken = [], [], []
    for number, (i, j) in enumerate(chosen):
        defect = swap(perfect, int(i), int(j))
        defect.calc = calculator
        unrelaxed.append(defect.get_potential_energy() - energy)
        relaxed.append(relax(defect, calculator, fmax, steps) - energy)
        taken.append(int(defect.info["relaxation_steps"]))
        show(number + 2, len(chosen) + 1)
    distances = [atoms.get_distance(int(i), int(j), mic=True) for i, j in chosen]
    statistics = {
        "atoms": len(atoms),
        "formula": atoms.get_chemical_formula(),
        "structure": dict(atoms.info),
        "metal": metal,
        "calculator": type(calculator).__name__,
        "fmax": fmax,
        "relaxation_steps": taken,
        "pair_energies": relaxed,
        "pair_distances": distances,
    }
    return AntisiteEnergies(
        np.asarray(chosen), np.array(distances), np.array(unrelaxed), np.array(relaxed), statistics
    )


def _draw(
    atoms: Atoms, metal: str, charge: float | None, separation: float, count: int, seed: int
) -> np.ndarray:
    """Draw pairs of different lithium and metal ions, the nearest partner of each metal drawn."""
    candidates = antisite_pairs(atoms, metal, charge=charge, separation=separation)
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(np.unique(candidates[:, 1]))[: max(int(count), 1)]
    return np.array([candidates[np.flatnonzero(candidates[:, 1] == j)[0]] for j in drawn])


def relax(atoms: Atoms, calculator: Any, fmax: float, steps: int) -> float:
    """Relax the ions at fixed cell and return the energy [eV]; steps taken go into ``atoms.info``.

    Raises
    ------
    AtomisticError
        If the forces do not become small.
    """
    atoms.calc = calculator
    optimizer = FIRE(atoms, logfile=None)
    converged = optimizer.run(fmax=fmax, steps=steps)
    energy = float(atoms.get_potential_energy())
    largest = float(np.sqrt((atoms.get_forces() ** 2).sum(axis=1)).max())
    if not converged or not np.isfinite(energy):
        raise AtomisticError(
            "The relaxation did not converge",
            key="fmax",
            value=f"largest force {largest:.3g} eV/angstrom after {steps} steps",
            allowed=f"{fmax:g} eV/angstrom",
            fix="allow more steps or a larger force; a potential that cannot hold the structure never ends",
        )
    atoms.info["relaxation_steps"] = optimizer.nsteps
    return energy
