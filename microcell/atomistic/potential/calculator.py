"""The ASE calculator: energy, forces and stress of a Coulomb-Buckingham potential."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import jax
import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from microcell.errors import AtomisticError

from .kernel import Evaluation, forces_and_virial
from .model import Potential
from .particles import SPECIES
from .prepare import Preparation
from .shells import RUNAWAY, ShellResult, relax_shells

Shells = Literal["relaxed", "massive"]


class CoulombBuckingham(Calculator):
    """Coulomb-Buckingham potential with rigid ions or shells, for every tool of ASE.

    Results: ``energy`` and ``free_energy`` [eV], ``forces`` [eV.A-1], ``stress`` [eV.A-3] as ASE's Voigt
    vector (xx, yy, zz, yz, xz, xy), positive in tension. All in float64.

    Parameters
    ----------
    potential : Potential
        Charges, shells and pairs.
    shells : {"relaxed", "massive"}
        "relaxed": shells are minimized at every evaluation, and the forces are those on whole ions.
        "massive": shells are atoms X of a structure made by `add_shells`. No difference for rigid ions.
    ewald_accuracy : float
        Root mean square force error by the ends of the Ewald sums [eV.A-1] (Kolafa & Perram 1992).
    cutoff : float, optional
        Of the real-space sums [A]; that of the potential where left out.
    switch_width : float
        Stretch before the cut-off over which Buckingham energies go smoothly to zero [A]; 0 cuts them off,
        and the energy then jumps whenever a pair crosses the cut-off.
    skin : float
        Extra reach of the neighbour list [A].
    shell_tolerance : float
        Largest force component left on a relaxed shell [eV.A-1]; the error of the energy is of its square.
    largest_displacement : float
        Farthest that a shell may stand from its core [A].
    species : mapping of str to str, optional
        Species of elements that the potential has in several valences, as in ``{"Mn": "Mn3+"}``; the array
        ``atoms.arrays["species"]`` says it per atom.
    background : bool
        Whether a net charge is compensated by a uniform background instead of being refused.

    Examples
    --------
    >>> from ase.build import bulk
    >>> atoms = bulk("NiO", "rocksalt", a=4.18)
    >>> atoms.calc = CoulombBuckingham(Potential.builtin("lewis_catlow_1985"))
    >>> round(atoms.get_potential_energy(), 1)
    -40.6
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012, as in ASE

    def __init__(
        self,
        potential: Potential,
        *,
        shells: Shells = "relaxed",
        ewald_accuracy: float = 1e-6,
        cutoff: float | None = None,
        switch_width: float = 1.0,
        skin: float = 1.0,
        shell_tolerance: float = 1e-6,
        largest_displacement: float = 0.8,
        species: Mapping[str, str] | None = None,
        background: bool = False,
    ) -> None:
        super().__init__()
        _check_options(shells, shell_tolerance, largest_displacement)
        self.potential = potential
        self.preparation = Preparation(
            potential,
            ewald_accuracy=ewald_accuracy,
            cutoff=cutoff,
            switch_width=switch_width,
            skin=skin,
            species=species,
            background=background,
        )
        self._shells, self._tolerance, self._largest = shells, shell_tolerance, largest_displacement
        self.shell_result: ShellResult | None = None
        """How the shells of the last evaluation were relaxed; None without any."""

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Compute energy, forces and stress.

        Raises
        ------
        AtomisticError
            If ions overlap or a pair has collapsed, the cell is charged, a species or pair is missing, or the
            shells cannot be relaxed.
        """
        super().calculate(atoms, properties, system_changes)
        given = self.atoms
        if given is None:
            raise AtomisticError("There are no atoms to compute", fix="set atoms.calc, or give atoms")
        with jax.enable_x64(True):
            particles = self.preparation.particles(given)
            self._check_shells(given, len(particles.spring_pairs), len(particles.implied))
            displacements = self._relax(given) if len(particles.implied) else None
            result = self._evaluate(given, displacements)
        forces, implied = result.forces[: len(given)].copy(), particles.implied
        np.add.at(forces, implied, result.forces[len(given) :])
        energy, volume = float(result.energy), given.get_volume()
        stress = full_3x3_to_voigt_6_stress(0.5 * (result.virial + result.virial.T) / volume)
        self.results = {"energy": energy, "free_energy": energy, "forces": forces, "stress": stress}

    def check_state(self, atoms: Atoms, tol: float = 1e-15) -> list[str]:
        """Return what has changed since the last evaluation; species and shells count, too."""
        changes: list[str] = super().check_state(atoms, tol)
        if self.atoms is not None and not changes:
            old, new = self.atoms.arrays, atoms.arrays
            changes += [name for name in (SPECIES, "tags") if not _same(old.get(name), new.get(name))]
        return changes

    def _evaluate(self, atoms: Atoms, displacements: np.ndarray | None) -> Evaluation:
        """Run the kernel, and refuse what it says is no result."""
        arguments = self.preparation.arguments(atoms, displacements)
        result = Evaluation(*(np.asarray(part) for part in forces_and_virial(*arguments)))
        if not result.clearance > 0.0:
            raise _collapse(arguments[0], atoms, self.preparation)
        return result

    def _relax(self, atoms: Atoms) -> np.ndarray:
        """Return the relaxed displacements of the shells, starting from the last ones [A]."""
        particles = self.preparation.particles(atoms)
        springs, count = self.preparation.parameters.k[particles.spring_kind], len(atoms)

        def evaluate(displacements: np.ndarray) -> tuple[float, np.ndarray]:
            result = self._evaluate(atoms, displacements)
            return float(result.energy), result.forces[count:]

        last = self.shell_result
        fits = last is not None and last.converged and len(last.displacements) == len(springs)
        start = last.displacements if last is not None and fits else np.zeros((len(springs), 3))
        result = relax_shells(evaluate, start, springs, tolerance=self._tolerance)
        self.shell_result = result
        farthest = float(np.max(np.linalg.norm(result.displacements, axis=1)))
        if not result.converged or farthest > self._largest:
            raise self._shell_failure(result, farthest)
        return result.displacements

    def _shell_failure(self, result: ShellResult, farthest: float) -> AtomisticError:
        self.shell_result = None
        what = "stand too far from their cores" if result.converged else "cannot be relaxed"
        return AtomisticError(
            f"The shells {what}: the potential polarizes without limit here, or ions are too close",
            key="largest_displacement" if result.converged else "shell_tolerance",
            value=f"{farthest:.3g} A, {result.force:.3g} eV/A left after {result.evaluations} evaluations",
            allowed=f"up to {min(self._largest, RUNAWAY):g} A, {self._tolerance:g} eV/A",
            fix="check the structure and the valences; where little is left, take a smaller ewald_accuracy "
            "(forces jump by it as pairs pass the cut-off); potential.rigid() leaves the shells out",
        )

    def _check_shells(self, atoms: Atoms, shells: int, implied: int) -> None:
        """Refuse a structure that does not have its shells as this calculator is told."""
        if shells == 0 or (implied > 0) == (self._shells == "relaxed"):
            return
        raise AtomisticError(
            f"Shells are to be {self._shells}, but the structure has {'no' if implied else 'its own'} shells",
            key="shells",
            value=self._shells,
            allowed='"relaxed" for cores alone, "massive" for a structure made by add_shells',
            fix="add_shells(atoms, potential)" if implied else "remove_shells(atoms)",
        )


def _same(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    if first is None or second is None:
        return first is second
    return np.array_equal(first, second)


def _check_options(shells: str, tolerance: float, largest: float) -> None:
    if shells not in ("relaxed", "massive"):
        raise AtomisticError(
            "Shells cannot be treated so", key="shells", value=shells, allowed="relaxed, massive"
        )
    for key, value, high in (("shell_tolerance", tolerance, 0.1), ("largest_displacement", largest, RUNAWAY)):
        if not 0.0 < value <= high:
            raise AtomisticError("A setting is out of range", key=key, value=value, allowed=f"0 to {high:g}")


def _collapse(positions: np.ndarray, atoms: Atoms, preparation: Preparation) -> AtomisticError:
    """Name the closest pair of ions that lies below its floor."""
    if not np.isfinite(positions).all():
        return AtomisticError("A position is not finite", fix="use a shorter time step or smaller steps")
    neighbours = preparation.system(atoms, positions).neighbours
    images = positions[neighbours.owner] + neighbours.shift @ atoms.cell.array
    offsets = images[neighbours.index] - images[None, : len(positions)]
    distance = np.linalg.norm(offsets, axis=2)
    distance[neighbours.index == np.arange(len(positions))[None, :]] = np.inf
    floors = preparation.floors[neighbours.pair]
    place = np.unravel_index(np.argmin(distance - floors), distance.shape)
    names, kind = preparation.potential.particle_names, preparation.particles(atoms).kind
    one, other = int(place[1]), int(neighbours.other[place])
    return AtomisticError(
        f"{names[kind[one]]} (particle {one}) and {names[kind[other]]} (particle {other}) are "
        f"{distance[place]:.3f} A apart: they overlap, or have fallen over the barrier of the potential",
        key="atoms.positions",
        value=f"{distance[place]:.3f} A",
        allowed=f"more than {floors[place]:.3f} A",
        fix="start from a sensible structure; in dynamics use a shorter time step or a lower temperature",
    )
