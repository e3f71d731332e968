"""Virtual crystals: mean force constants, lattice and masses of end members."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from scipy.optimize import nnls

from microcell.atomistic.structures import LayeredLattice
from microcell.errors import AtomisticError

from .lifetime import check_fractions, mass_variance, standard_mass
from .phonons import Phonons, from_force_constants
from .polar import Polar
from .volumes import VolumeSeries

METALS = ("Ni", "Mn", "Co")


@dataclass(frozen=True)
class EndMember:
    """A crystal LiMO2 between which compositions are mixed.

    Attributes
    ----------
    fractions : mapping
        Share of every metal on its metal site.
    series : VolumeSeries
        Its phonons at three volumes; cells, supercells and order of the atoms as in the other members.
    """

    fractions: Mapping[str, float]
    series: VolumeSeries

    def __post_init__(self) -> None:
        """Refuse shares that do not sum to one."""
        check_fractions(self.fractions)


def layered_primitive(lattice: LayeredLattice, metal: str, mass: float | None = None) -> Atoms:
    """Return the primitive rhombohedral cell of a layered oxide: Li, M, O, O, with c along z.

    Parameters
    ----------
    lattice : LayeredLattice
        Hexagonal lattice constants.
    metal : str
        Symbol of the metal.
    mass : float, optional
        Mass of the metal site [u]; that of the element where left out.
    """
    x, y, z = 0.5 * lattice.a, lattice.a / (2.0 * np.sqrt(3.0)), lattice.c / 3.0
    height = lattice.z
    atoms = Atoms(
        ["Li", metal, "O", "O"],
        cell=[(x, -y, z), (0.0, 2.0 * y, z), (-x, -y, z)],
        scaled_positions=[(0.5,) * 3, (0.0,) * 3, (height,) * 3, (1.0 - height,) * 3],
        pbc=True,
    )
    if mass is not None:
        masses = atoms.get_masses()
        masses[1] = mass
        atoms.set_masses(masses)
    return atoms


@dataclass(frozen=True)
class VirtualCrystal:
    """Mixtures of end members; force constants, cells and positions are averaged linearly.

    The virtual-crystal approximation, as for alloys by Abeles 1963 (10.1103/PhysRev.131.1906). Differences of
    masses come back as scattering (`variances`); differences of force constants and sizes do not.

    Attributes
    ----------
    members : tuple of EndMember
        At most as many as there are metals, so that a composition has one way to be mixed.
    """

    members: tuple[EndMember, ...]

    def __post_init__(self) -> None:
        """Refuse members that cannot be averaged."""
        shapes = {(m.series.rest.repeats, len(m.series.rest.masses), m.series.strain) for m in self.members}
        if len(shapes) != 1:
            raise AtomisticError(
                "End members of a virtual crystal differ in their cells",
                key="members",
                value=f"{len(self.members)} members of {len(shapes)} kinds",
                allowed="the same supercell, atoms and strain for all",
            )
        if np.linalg.matrix_rank(_table([m.fractions for m in self.members])) < len(self.members):
            raise AtomisticError(
                "The compositions of the end members are not independent",
                key="members",
                value=[dict(m.fractions) for m in self.members],
                fix="leave out those that others can be mixed to",
            )

    @property
    def metals(self) -> tuple[str, ...]:
        """Symbols of all metals in the members."""
        return _metals([member.fractions for member in self.members])

    def shares(self, fractions: Mapping[str, float]) -> np.ndarray:
        """Return the share of every member in a composition.

        Raises
        ------
        AtomisticError
            If the shares of the metals do not sum to one, or the members do not span the composition.
        """
        check_fractions(fractions)
        shares = mixing_shares([member.fractions for member in self.members], fractions)
        if shares is None:
            raise AtomisticError(
                "The composition is no mixture of the end members",
                key="composition",
                value=dict(fractions),
                allowed="; ".join(str(dict(m.fractions)) for m in self.members),
            )
        return shares

    def series(self, fractions: Mapping[str, float]) -> VolumeSeries:
        """Return the mean crystal of a composition at three volumes."""
        shares = self.shares(fractions)
        mass = sum(share * standard_mass(metal) for metal, share in fractions.items())

        def mixed(volume: Callable[[VolumeSeries], Phonons]) -> Phonons:
            return mix([volume(m.series) for m in self.members], shares, {self._site(): mass})

        bulk = float(shares @ [m.series.bulk_modulus for m in self.members])
        return VolumeSeries(
            mixed(lambda s: s.rest),
            mixed(lambda s: s.larger),
            mixed(lambda s: s.smaller),
            self.members[0].series.strain,
            bulk,
        )

    def variances(self, fractions: Mapping[str, float]) -> tuple[float, ...]:
        """Return the mass variance of every atom of the cell: that of the metals on their site, else none."""
        variances = np.zeros(len(self.members[0].series.rest.masses))
        variances[self._site()] = mass_variance(fractions)
        return tuple(variances.tolist())

    def _site(self) -> int:
        """Return the number of the metal atom in the cell."""
        symbols = self.members[0].series.rest.atoms.get_chemical_symbols()
        return next(number for number, symbol in enumerate(symbols) if symbol in self.metals)


def mixing_shares(
    members: Sequence[Mapping[str, float]], fractions: Mapping[str, float]
) -> np.ndarray | None:
    """Return the share of every member that mixes to a composition, None where it is no mixture.

    Parameters
    ----------
    members : sequence of mapping
        Share of every metal in each member.
    fractions : mapping
        Share of every metal wanted.
    """
    metals = _metals([*members, fractions])
    shares, residual = nnls(_table(members, metals), np.array([fractions.get(m, 0.0) for m in metals]))
    return None if residual > 1e-6 else np.asarray(shares / shares.sum())


def _metals(members: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(metal for member in members for metal in member))


def _table(members: Sequence[Mapping[str, float]], metals: Sequence[str] | None = None) -> np.ndarray:
    """Return the shares of the metals, shape (metals, members)."""
    rows = _metals(members) if metals is None else metals
    return np.array([[member.get(metal, 0.0) for member in members] for metal in rows])


def mix(members: Sequence[Phonons], shares: np.ndarray, masses: Mapping[int, float]) -> Phonons:
    """Average force constants, cells, positions and charges of crystals with the same cell.

    Parameters
    ----------
    members : sequence of Phonons
        Crystals with the same supercell and order of atoms.
    shares : ndarray
        Share of each.
    masses : mapping of int to float
        Masses [u] of atoms, by number, in place of those of the first member.
    """
    chief = members[int(np.argmax(shares))].atoms
    weights = chief.get_masses()
    for number, mass in masses.items():
        weights[number] = mass
    cell = sum(share * m.atoms.cell[:] for share, m in zip(shares, members, strict=True))
    places = np.array([m.lattice.primitive.scaled_positions for m in members])
    if np.ptp(places, axis=0).max() > 0.5:
        raise AtomisticError(
            "End members hold an atom in different images of the cell, so that force constants do not match",
            key="members",
            fix="move the atom by a lattice vector in one of them",
        )
    constants = sum(
        share * np.asarray(m.lattice.force_constants) for share, m in zip(shares, members, strict=True)
    )
    atoms = Atoms(
        chief.get_chemical_symbols(),
        cell=cell,
        scaled_positions=np.tensordot(shares, places, 1),
        masses=weights,
        pbc=True,
    )
    return from_force_constants(
        atoms, constants, repeats=members[0].repeats, polar=_mean_polar([m.polar for m in members], shares)
    )


def _mean_polar(polars: Sequence[Polar | None], shares: np.ndarray) -> Polar | None:
    """Average the non-analytical terms; all members have one or none has."""
    known = [polar for polar in polars if polar is not None]
    if not known:
        return None
    if len(known) < len(polars):
        raise AtomisticError("Some end members have a non-analytical term and some have none", key="polar")
    born = np.einsum("m,mnij->nij", shares, np.array([polar.born for polar in known]))
    return Polar(born, np.einsum("m,mij->ij", shares, np.array([polar.dielectric for polar in known])))
