"""Barriers by the climbing-image nudged elastic band of ASE, with any calculator."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from ase import Atoms
from ase.geometry import find_mic
from ase.mep import NEB
from ase.optimize import FIRE
from ase.utils.forcecurve import fit_images

from ...errors import AtomisticError
from .barrier import Barrier
from .hops import Hop

SAME_STATE = 0.2
"""End states whose atoms all lie within this [Angstrom] are one state."""

ROUGH = 4.0
"""The band is first relaxed to this times the force, before its highest image climbs."""

Progress = Callable[[int, float], Any]


def find_barrier(
    hop: Hop | tuple[Atoms, Atoms],
    calculator: Any,
    *,
    images: int = 5,
    force_limit: float = 0.05,
    steps: int = 400,
    relax: bool = True,
    nudge: float = 0.2,
    progress: Progress | None = None,
) -> Barrier:
    """Relax the end states and the band between them; its highest image climbs to the saddle.

    Parameters
    ----------
    hop : Hop or (Atoms, Atoms)
        End states with the atoms in the same order, with a waypoint in a `Hop`. The cell stays as it is.
    calculator : ase calculator
        One, shared by all images.
    images : int
        Images between the end states; odd numbers put one on a saddle in the middle.
    force_limit : float
        Largest force on an atom, in the end states and across the band [eV/Angstrom].
    steps : int
        Limit of steps, for each end state and for the band.
    relax : bool
        Whether to relax the end states.
    nudge : float
        How far the ion that moves starts off its straight way, in a random direction [Angstrom]: without, a
        band between symmetric states stays on a line of symmetry, which may be a ridge and not a valley. A
        hop with a waypoint has left that line already.
    progress : callable, optional
        Called at every step of the band with the step and the largest force; a climbing image does not count,
        and where it is the only image the force is NaN.

    Returns
    -------
    Barrier
        Check ``converged``, or call ``require()``.

    Raises
    ------
    AtomisticError
        If the end states are not of the same atoms, are the same state, or do not relax.
    """
    hop = hop if isinstance(hop, Hop) else Hop("hop", hop[0], hop[1], _farthest(*hop), None)
    _check(hop, images, force_limit)
    ends = [state.copy() for state in (hop.initial, hop.final)]
    if relax:
        for end, which in zip(ends, ("initial", "final"), strict=True):
            _relax(end, calculator, force_limit, steps, which)
    _check_apart(ends[0], ends[1])
    band = _interpolate(ends[0], ends[1], hop, images, nudge)
    for image in band:
        image.calc = calculator
    return _climb(hop.name, band, force_limit, steps, progress)


def _check(hop: Hop, images: int, force_limit: float) -> None:
    if not np.array_equal(hop.initial.numbers, hop.final.numbers):
        raise AtomisticError(
            "The end states hold different atoms, or in another order",
            value=f"{hop.initial.get_chemical_formula()} and {hop.final.get_chemical_formula()}",
            fix="give the same atoms in the same order",
        )
    if not all(np.isfinite(state.positions).all() for state in (hop.initial, hop.final)):
        raise AtomisticError("A position of the end states is not finite")
    for key, value, good, allowed in (
        ("images", images, images >= 1, "1 or more"),
        ("force_limit", force_limit, 0 < force_limit < 1, "0 to 1 eV/Angstrom"),
    ):
        if not good:
            raise AtomisticError("A setting is out of range", key=key, value=value, allowed=allowed)
    _check_apart(hop.initial, hop.final)


def _moves(one: Atoms, two: Atoms) -> np.ndarray:
    return np.asarray(find_mic(two.positions - one.positions, one.cell, one.pbc)[0])


def _farthest(one: Atoms, two: Atoms) -> int:
    if len(one) != len(two):
        raise AtomisticError("The end states hold different atoms", value=f"{len(one)} and {len(two)} atoms")
    return int(np.linalg.norm(_moves(one, two), axis=1).argmax())


def _check_apart(one: Atoms, two: Atoms) -> None:
    farthest = float(np.linalg.norm(_moves(one, two), axis=1).max())
    if not farthest > SAME_STATE:
        raise AtomisticError(
            "Both end states are the same",
            value=f"no atom moves by more than {farthest:.3f} Angstrom",
            allowed=f"more than {SAME_STATE} Angstrom",
            fix="give two states; if they fall together on relaxation, one of them is not stable",
        )


def _relax(atoms: Atoms, calculator: Any, force_limit: float, steps: int, which: str) -> None:
    atoms.calc = calculator
    if not FIRE(atoms, logfile=None).run(fmax=force_limit, steps=steps):
        left = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
        raise AtomisticError(
            f"The {which} state does not relax",
            value=f"{left:.3f} eV/Angstrom after {steps} steps",
            allowed=f"{force_limit:g} eV/Angstrom",
            fix="allow more steps, or relax the structure first",
        )
    atoms.calc = None


def _interpolate(one: Atoms, two: Atoms, hop: Hop, images: int, nudge: float) -> list[Atoms]:
    """Return a band: the moving ion goes over the waypoint, or without one a little beside the line."""
    moves = _moves(one, two)
    aside = np.random.default_rng(0).normal(size=3)
    aside = nudge * aside / np.linalg.norm(aside) if hop.waypoint is None else _detour(hop)
    band = []
    for share in np.linspace(0.0, 1.0, images + 2):
        positions = one.positions + share * moves
        positions[hop.moving] += (1.0 - abs(2.0 * share - 1.0)) * aside
        image = one.copy()
        image.set_positions(positions)  # constraints hold
        band.append(image)
    return band


def _detour(hop: Hop) -> np.ndarray:
    """Return the vector from the middle of the straight way to the waypoint."""
    middle = hop.initial.positions[hop.moving] + 0.5 * _moves(hop.initial, hop.final)[hop.moving]
    return np.asarray(hop.waypoint - middle)


def _climb(
    name: str, band: list[Atoms], force_limit: float, steps: int, progress: Progress | None
) -> Barrier:
    neb = NEB(band, climb=False, method="improvedtangent", allow_shared_calculator=True)
    force, taken, converged = float("inf"), 0, False
    for climb, limit in ((False, ROUGH * force_limit), (True, force_limit)):
        neb.climb = climb
        optimizer = FIRE(neb, logfile=None)
        if progress is not None:
            optimizer.attach(_reporter(progress, optimizer, neb, taken))
        converged = bool(optimizer.run(fmax=limit, steps=steps - taken))
        taken += optimizer.nsteps
        # not ASE's residual, which leaves the climbing image out
        force = float(np.linalg.norm(neb.get_forces(), axis=1).max())
    return _measure(name, band, neb, converged, force, force_limit, taken)


def _reporter(progress: Progress, optimizer: FIRE, neb: NEB, before: int) -> Callable[[], Any]:
    return lambda: progress(before + optimizer.nsteps, float(max(neb.residuals or [np.nan])))


def _measure(
    name: str, band: list[Atoms], neb: NEB, converged: bool, force: float, force_limit: float, steps: int
) -> Barrier:
    energy = np.array([image.get_potential_energy() for image in band])
    if not np.isfinite(energy).all():
        raise AtomisticError("The energy of an image is not finite", value=energy.tolist())
    forces = [image.get_forces() for image in band]
    lengths = [np.linalg.norm(_moves(a, b)) for a, b in pairwise(band)]
    frozen = tuple(_frozen(image, e, f) for image, e, f in zip(band, energy, forces, strict=True))
    fit = fit_images(list(frozen))
    return Barrier(
        name=name,
        distance=np.concatenate([[0.0], np.cumsum(lengths)]),
        energy=energy - energy[0],
        curve=np.array([fit.fit_path, fit.fit_energies]),
        converged=converged,
        force=force,
        force_limit=force_limit,
        steps=steps,
        images=frozen,
    )


def _frozen(image: Atoms, energy: float, forces: np.ndarray) -> Atoms:
    """Return an image that knows its energy and forces without the calculator."""
    from ase.calculators.singlepoint import SinglePointCalculator

    copy = image.copy()
    copy.calc = SinglePointCalculator(copy, energy=energy, forces=forces)
    return copy
