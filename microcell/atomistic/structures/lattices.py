"""Lattice constants of the data file, with their standing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import AtomisticError, did_you_mean
from ..packaged import read_packaged

DATA = Path(__file__).resolve().parent / "data"
"""Where the files are, for messages."""


def read_data(name: str) -> dict[str, Any]:
    """Return the content of a data file of this package.

    Parameters
    ----------
    name : str
        File name in ``data/``.
    """
    return read_packaged("microcell.atomistic.structures", name)


@dataclass(frozen=True)
class LayeredLattice:
    """Hexagonal lattice of a layered oxide LiMO2 (R-3m).

    Attributes
    ----------
    a, c : float
        Lattice constants [angstrom].
    z : float
        Height of oxygen (0, 0, z) as a share of c, with the metal at the origin: close to 0.26.
    name, standing, source, note : str
        Where the numbers come from; empty for a lattice of the user's own.
    """

    a: float
    c: float
    z: float
    name: str = ""
    standing: str = "assumed"
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse a lattice in which atoms sit on top of each other."""
        for key, low, high in (("a", 2.0, 4.0), ("c", 10.0, 20.0), ("z", 0.2, 0.3)):
            if not low < getattr(self, key) < high:
                raise AtomisticError(
                    "This is no lattice of a layered oxide",
                    key=key,
                    value=getattr(self, key),
                    allowed=f"between {low} and {high}",
                    fix="hexagonal axes in angstrom, metal at the origin: z is close to 0.26, not 0.24",
                )

    @property
    def metal_oxygen(self) -> float:
        """Distance from metal to oxygen [angstrom]: the layer of the metal lies at c/3."""
        return float((self.a**2 / 3 + ((1 / 3 - self.z) * self.c) ** 2) ** 0.5)

    @property
    def lithium_oxygen(self) -> float:
        """Distance from lithium to oxygen [angstrom]: the layer of lithium lies at c/6."""
        return float((self.a**2 / 3 + ((self.z - 1 / 6) * self.c) ** 2) ** 0.5)

    @classmethod
    def named(cls, name: str) -> LayeredLattice:
        """Return a lattice of the data file.

        Raises
        ------
        AtomisticError
            If there is none of this name.
        """
        entry = _entry("layered", name)
        return cls(name=name, **{key: value for key, value in entry.items() if key != "composition"})

    @classmethod
    def nearest(cls, fractions: dict[str, float]) -> LayeredLattice:
        """Return the lattice of the data file whose composition is closest, in the sum of differences.

        Parameters
        ----------
        fractions : dict
            Shares of the metals; metals that the file does not know count as a difference like any other.
        """

        def distance(name: str) -> float:
            known = read_data("lattices.toml")["layered"][name]["composition"]
            return sum(abs(known.get(m, 0.0) - fractions.get(m, 0.0)) for m in {*known, *fractions})

        return cls.named(min(read_data("lattices.toml")["layered"], key=distance))


@dataclass(frozen=True)
class RocksaltLattice:
    """Cubic lattice of a rocksalt oxide (Fm-3m): a [angstrom], and where it comes from."""

    a: float
    name: str = ""
    standing: str = "assumed"
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse a lattice in which atoms sit on top of each other."""
        if not 3.5 < self.a < 6.0:
            raise AtomisticError(
                "This is no lattice of a rocksalt oxide",
                key="a",
                value=self.a,
                allowed="between 3.5 and 6 angstrom",
            )

    @classmethod
    def named(cls, name: str) -> RocksaltLattice:
        """Return a lattice of the data file; `AtomisticError` if there is none of this name."""
        return cls(name=name, **_entry("rocksalt", name))


def _entry(kind: str, name: str) -> dict[str, Any]:
    known = read_data("lattices.toml")[kind]
    if name not in known:
        raise AtomisticError(
            f"There is no {kind} lattice of this name",
            file=DATA / "lattices.toml",
            key="lattice",
            value=name,
            allowed=", ".join(known),
            fix=did_you_mean(name, known),
        )
    return dict(known[name])
