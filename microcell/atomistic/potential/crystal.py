"""What a potential says about a crystal: lattice, energy and elastic constants, as property cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from microcell.errors import AtomisticError
from microcell.parameters.card import Origin, PropertyCard

from .calculator import CoulombBuckingham
from .elastic import ElasticConstants, elastic_constants
from .model import Potential
from .relax import Relaxed, relax

_FINER = 2.0
"""How much farther the real sums reach in the second run, which gives the numerical error [A]."""


@dataclass(frozen=True)
class CrystalProperties:
    """A relaxed crystal with its stiffness, and the same with finer sums.

    Attributes
    ----------
    relaxed, finer : Relaxed
        The crystal with the cut-off asked for, and with one 2 A longer and a tenth of the Ewald error.
    elastic, finer_elastic : ElasticConstants
        Their elastic constants.
    formula_units : int
        In the cell.
    """

    relaxed: Relaxed
    finer: Relaxed
    elastic: ElasticConstants
    finer_elastic: ElasticConstants
    formula_units: int

    @property
    def lattice(self) -> np.ndarray:
        """Lengths [A] and angles [degree] of the cell, (6,)."""
        return np.asarray(self.relaxed.atoms.cell.cellpar())

    @property
    def lattice_error(self) -> np.ndarray:
        """Numerical error of `lattice`: what finer sums change."""
        return np.abs(np.asarray(self.finer.atoms.cell.cellpar()) - self.lattice)

    @property
    def energy(self) -> float:
        """Lattice energy per formula unit, with respect to separate ions [eV]."""
        return self.relaxed.energy / self.formula_units

    @property
    def energy_error(self) -> float:
        """Numerical error of `energy` [eV]."""
        return abs(self.finer.energy - self.relaxed.energy) / self.formula_units

    @property
    def stiffness_error(self) -> np.ndarray:
        """Error of the stiffness, of the fit and of the sums (6, 6) [GPa]."""
        change = self.finer_elastic.stiffness - self.elastic.stiffness
        return np.hypot(self.elastic.uncertainty, change)

    @property
    def is_cubic(self) -> bool:
        """Whether the cell is a cube along the axes of space."""
        cell = self.relaxed.atoms.cell.array
        return bool(np.allclose(cell, cell[0, 0] * np.eye(3), atol=1e-3 * abs(cell[0, 0])))


def crystal_properties(
    atoms: Atoms,
    potential: Potential,
    *,
    species: Mapping[str, str] | None = None,
    cutoff: float | None = None,
    ewald_accuracy: float = 1e-6,
    strain: float = 2e-3,
    force: float = 1e-4,
    progress: Callable[[int, int, str], None] | None = None,
) -> CrystalProperties:
    """Relax a crystal and compute its elastic constants, twice: the second time with finer sums.

    Parameters
    ----------
    atoms : ase.Atoms
        Crystal near its minimum.
    potential : Potential
        The potential.
    species, cutoff, ewald_accuracy
        As for `CoulombBuckingham`.
    strain : float
        Largest strain for the elastic constants.
    force : float
        Largest force at the end of a relaxation [eV.A-1].
    progress : callable, optional
        Called with the number of strains done, their total, and what is being done.

    Raises
    ------
    AtomisticError
        If the structure does not suit the potential, does not come to rest, or is unstable.
    """
    reach = potential.cutoff if cutoff is None else cutoff
    results = []
    for name, far, accuracy in (
        ("elastic constants", reach, ewald_accuracy),
        ("elastic constants with finer sums", reach + _FINER, 0.1 * ewald_accuracy),
    ):
        calculator = CoulombBuckingham(potential, cutoff=far, ewald_accuracy=accuracy, species=species)
        relaxed = relax(atoms, calculator, force=force)
        report = None if progress is None else _report(progress, name)
        elastic = elastic_constants(relaxed.atoms, calculator, strain=strain, force=force, progress=report)
        results.append((relaxed, elastic))
    (relaxed, elastic), (finer, finer_elastic) = results
    if not elastic.stable:
        raise AtomisticError(
            f"{atoms.get_chemical_formula()} is mechanically unstable with the potential '{potential.name}'",
            key="smallest eigenvalue of the stiffness",
            value=f"{np.linalg.eigvalsh(elastic.stiffness)[0]:.3g} GPa",
            allowed="positive",
            fix="another potential, or a structure of lower symmetry or a larger cell",
        )
    units = int(np.gcd.reduce(list(atoms.symbols.formula.count().values())))
    return CrystalProperties(relaxed, finer, elastic, finer_elastic, units)


def _report(progress: Callable[[int, int, str], None], name: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(done, total, name)


def crystal_cards(
    properties: CrystalProperties, potential: Potential, inputs: Mapping[str, Any] | None = None
) -> dict[str, PropertyCard]:
    """Return lattice parameters, lattice energy and elastic constants as cards, by short name.

    The error bars are numerical: cut-off, Ewald sums, fits. How far the potential is from nature they do not
    say; its standing stands in the origin.
    """
    formula = properties.relaxed.atoms.symbols.formula.reduce()[0]
    origin = Origin.of(
        "Coulomb-Buckingham lattice statics",
        {
            "formula": str(formula),
            "potential": potential.name,
            "standing of the potential": potential.standing,
        }
        | dict(inputs or {}),
        references=[potential.source],
        note=f"Static lattice, 0 K. The error is numerical, not that of the potential. {potential.note}",
    )
    cards = {}
    lattice, error = properties.lattice, properties.lattice_error
    for i, axis in enumerate("a" if properties.is_cubic else "abc"):
        cards[f"lattice_{axis}"] = PropertyCard.scalar(
            f"{formula} lattice parameter {axis} [angstrom]", lattice[i], error[i], origin=origin
        )
    cards["lattice_energy"] = PropertyCard.scalar(
        f"{formula} lattice energy per formula unit [eV]",
        properties.energy,
        properties.energy_error,
        origin=origin,
    )
    C, spread = properties.elastic.stiffness, properties.stiffness_error
    for i, j in ((0, 0), (0, 1), (3, 3)) if properties.is_cubic else _LESS_SYMMETRIC:
        cards[f"C{i + 1}{j + 1}"] = PropertyCard.scalar(
            f"{formula} elastic constant C{i + 1}{j + 1} [GPa]", C[i, j], spread[i, j], origin=origin
        )
    for name, attribute in (("bulk modulus", "bulk_modulus"), ("shear modulus", "shear_modulus")):
        value, finer = (getattr(e, attribute) for e in (properties.elastic, properties.finer_elastic))
        cards[attribute] = PropertyCard.scalar(
            f"{formula} {name} [GPa]", value, abs(finer - value), origin=origin
        )
    return cards


_LESS_SYMMETRIC = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2), (0, 3), (3, 3), (4, 4), (5, 5))
