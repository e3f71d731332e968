"""End members of the Ni-Mn-Co triangle from an ionic potential, with mean ions where a site is mixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from microcell.atomistic.packaged import read_packaged
from microcell.atomistic.potential import CoulombBuckingham, Potential
from microcell.atomistic.structures import LayeredLattice
from microcell.errors import AtomisticError

from .lifetime import check_fractions
from .polar import polar_of
from .virtual import EndMember, VirtualCrystal, layered_primitive, mixing_shares
from .volumes import relaxed, volume_series

Report = Callable[[int, int, str], None]
"""Called with the number of done and of all parts, and what is being computed."""


def corner_sets() -> tuple[Mapping[str, Any], ...]:
    """Return the sets of end members of the data file."""
    return tuple(read_packaged("microcell.atomistic.thermal", "end_members.toml")["corners"])


def triangle(
    potential: Potential,
    fractions: Mapping[str, float] | None = None,
    *,
    repeats: Sequence[int] = (4, 4, 4),
    strain: float = 0.01,
    progress: Report | None = None,
) -> VirtualCrystal:
    """Compute the end members of the Ni-Mn-Co triangle with a potential, or those that a composition needs.

    Parameters
    ----------
    potential : Potential
        With "Li+", "O2-", and the ions of one set of the data file ``end_members.toml``.
    fractions : mapping, optional
        Share of every metal of the one composition that is wanted; the whole triangle where left out.
    repeats : sequence of three int
        Primitive cells per edge of the supercell.
    strain : float
        Relative change of volume for the Grueneisen parameters.
    progress : callable, optional
        Called after every displacement.

    Raises
    ------
    AtomisticError
        If the potential lacks ions, or an end member is unstable with it.
    """
    needed = [n for n in (_needed(s, fractions) for s in corner_sets()) if n]
    chosen = next((n for n in needed if _ions(n) <= potential.species.keys()), None)
    if chosen is None:
        raise AtomisticError(
            f"The potential '{potential.name}' lacks ions of the Ni-Mn-Co triangle",
            key="potential",
            value=", ".join(potential.species),
            allowed=" or ".join(", ".join(sorted(_ions(n))) for n in needed) or "compositions of Ni, Mn, Co",
            fix="use a potential that has them, or a composition for which it has the ions",
        )
    members = []
    for number, entry in enumerate(chosen):
        part = None if progress is None else _member_progress(progress, entry, number, len(chosen))
        members.append(end_member(potential, **entry, repeats=repeats, strain=strain, progress=part))
    return VirtualCrystal(tuple(members))


def end_member(
    potential: Potential,
    fractions: Mapping[str, float],
    ions: Mapping[str, float],
    lattice: str = "LiNiO2",
    *,
    repeats: Sequence[int] = (4, 4, 4),
    strain: float = 0.01,
    progress: Callable[[int, int], None] | None = None,
) -> EndMember:
    """Compute one end member: relaxed, with phonons at three volumes and the non-analytical term.

    Parameters
    ----------
    potential : Potential
        With "Li+", "O2-" and the ions.
    fractions : mapping
        Share of every metal on the metal site.
    ions : mapping
        Share of every ion on it, such as ``{"Ni2+": 0.5, "Mn4+": 0.5}``.
    lattice : str
        Name of the layered lattice to start from.
    repeats, strain, progress
        As in `volume_series`.
    """
    start = LayeredLattice.named(lattice)
    atoms = layered_primitive(start, max(fractions, key=lambda metal: fractions[metal]))
    mean = mean_ion(potential, ions, start.metal_oxygen)
    alone = [ion for ion, share in ions.items() if share == 1.0]  # a mean ion is the only one of its element
    calculator = CoulombBuckingham(mean, species={potential.species[ion].element: ion for ion in alone})
    rest = relaxed(atoms, calculator)
    series = volume_series(
        rest,
        calculator,
        repeats=repeats,
        strain=strain,
        polar=polar_of(rest, calculator),
        progress=progress,
    )
    return EndMember(dict(fractions), series)


def mean_ion(potential: Potential, ions: Mapping[str, float], distance: float, name: str = "M") -> Potential:
    """Return a potential in which one mean ion stands for a mixture of ions.

    Its charge is the mean; its Buckingham pairs have the mean slope and curvature of those of the ions at a
    distance, so that equilibrium and force constants of nearest neighbours are those of the mean energy.

    Parameters
    ----------
    potential : Potential
        With all the ions.
    ions : mapping
        Share of every ion; they sum to one.
    distance : float
        Where slopes and curvatures are taken [A]: the distance of nearest neighbours.
    name : str
        Name of the mean species; its element is that of the most frequent ion.

    Raises
    ------
    AtomisticError
        If an ion is unknown or has a shell, or a mean cannot be written as a Buckingham pair.
    """
    check_fractions(ions)
    present = {ion: share for ion, share in ions.items() if share > 0}
    for ion in present:
        potential.check_species(ion)
    if len(present) == 1:
        return potential
    chief = max(present, key=lambda ion: present[ion])
    bare = potential.rigid(*present)
    charge = sum(share * bare.species[ion].charge for ion, share in present.items())
    mean = bare.species[chief].model_copy(update={"charge": charge, "note": f"mean of {dict(present)}"})
    element = mean.element
    others = {n: s for n, s in bare.species.items() if n not in present and s.element != element}
    pairs = [p.model_dump() for p in bare.pair if all(n in others for n in p.between)]
    for other in others:
        pairs += _mean_pair(bare, present, other, name, distance)
    content = bare.model_dump() | {
        "name": f"{potential.name}, mean of {' '.join(f'{ion} {share:g}' for ion, share in present.items())}",
        "species": {name: mean.model_dump()} | {n: s.model_dump() for n, s in others.items()},
        "pair": pairs,
    }
    return Potential.checked(content)


def _mean_pair(
    potential: Potential, ions: Mapping[str, float], other: str, name: str, distance: float
) -> list[dict[str, Any]]:
    """Return the mean Buckingham pair of ions with another species, none where no ion has one."""
    slope = curvature = dispersion = 0.0
    for pair in potential.pair:
        ion = next((ion for ion in ions if frozenset((ion, other)) == frozenset(pair.between)), None)
        if ion is not None:
            repulsion = ions[ion] * pair.A * np.exp(-distance / pair.rho)
            slope += repulsion / pair.rho
            curvature += repulsion / pair.rho**2
            dispersion += ions[ion] * pair.C
    if slope == 0.0:
        return []
    rho = slope / curvature
    return [
        {
            "between": (name, other),
            "A": float(slope * rho * np.exp(distance / rho)),
            "rho": float(rho),
            "C": dispersion,
        }
    ]


def _needed(corners: Mapping[str, Any], fractions: Mapping[str, float] | None) -> list[Mapping[str, Any]]:
    """Return the members of a set that a composition needs, all for none, none where it is not spanned."""
    members = list(corners["members"])
    if fractions is None:
        return members
    check_fractions(fractions)
    shares = mixing_shares([member["fractions"] for member in members], fractions)
    return [] if shares is None else [m for m, share in zip(members, shares, strict=True) if share > 1e-9]


def _ions(members: Sequence[Mapping[str, Any]]) -> set[str]:
    return {ion for member in members for ion in member["ions"]}


def _member_progress(
    progress: Report, entry: Mapping[str, Any], number: int, count: int
) -> Callable[[int, int], None]:
    text = f"phonons of Li{''.join(f'{m}{x:g}' for m, x in entry['fractions'].items())}O2"
    return lambda done, total: progress(number * total + done, count * total, text)
