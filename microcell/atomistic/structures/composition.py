"""Shares of the metals, from a name or from numbers, and how many atoms of each a supercell holds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import AtomisticError
from .lattices import read_data

_NMC = re.compile(r"NMC(\d)(\d)(\d)")
_SIMPLE = re.compile(r"Li([A-Z][a-z]?)O2")


def metals() -> tuple[str, ...]:
    """Return the metals that can stand on the metal site."""
    data = read_data("oxidation.toml")
    return (*data["states"], *(name for name, q in data["fixed"].items() if name != "Li" and _positive(q)))


def _positive(value: object) -> bool:
    return isinstance(value, int) and value > 0


@dataclass(frozen=True)
class Composition:
    """Shares of the metals on the metal sites; they sum to one.

    Attributes
    ----------
    fractions : tuple of (str, float)
        Symbol and share, in the order given.
    name : str
        As the user wrote it, or made of the shares.
    """

    fractions: tuple[tuple[str, float], ...]
    name: str

    @classmethod
    def of(cls, given: str | Mapping[str, float] | Composition) -> Composition:
        """Make a composition of a name or of shares.

        Parameters
        ----------
        given : str or mapping
            "NMC811", "NMC111", "LiCoO2", or ``{"Ni": 0.8, "Mn": 0.1, "Co": 0.1}``.

        Raises
        ------
        AtomisticError
            If a name or an element is unknown, a share is negative, or they do not sum to one.

        Examples
        --------
        >>> Composition.of("NMC811").as_dict()
        {'Ni': 0.8, 'Mn': 0.1, 'Co': 0.1}
        """
        if isinstance(given, Composition):
            return given
        if isinstance(given, str):
            return cls._of_shares(_shares_of_name(given), given)
        shares = {str(symbol): float(share) for symbol, share in given.items()}
        return cls._of_shares(shares, " ".join(f"{m}{x:g}" for m, x in shares.items()))

    @classmethod
    def _of_shares(cls, shares: dict[str, float], name: str) -> Composition:
        unknown = [symbol for symbol in shares if symbol not in metals()]
        if unknown:
            raise AtomisticError(
                f"'{unknown[0]}' cannot stand on the metal site",
                key="composition",
                value=shares,
                allowed=", ".join(metals()),
                fix="its oxidation states are not in the data file oxidation.toml",
            )
        if any(not share >= 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
            raise AtomisticError(
                "The shares of the metals do not sum to one",
                key="composition",
                value=shares,
                allowed="shares from 0 to 1 with sum 1",
                fix=f"the sum is {sum(shares.values()):g}",
            )
        return cls(tuple((m, x) for m, x in shares.items() if x > 0), name)

    def as_dict(self) -> dict[str, float]:
        """Return the shares by symbol."""
        return dict(self.fractions)

    def counts(self, sites: int) -> dict[str, int]:
        """Share out a number of sites, each metal within one atom of its share.

        Parameters
        ----------
        sites : int
            Number of metal sites.

        Raises
        ------
        AtomisticError
            If a metal would not get a single site: the supercell is too small.
        """
        exact = {m: x * sites for m, x in self.fractions}
        counts = {m: math.floor(n + 1e-9) for m, n in exact.items()}
        by_rest = sorted(exact, key=lambda m: counts[m] - exact[m])
        for symbol in by_rest[: sites - sum(counts.values())]:
            counts[symbol] += 1
        empty = [m for m, n in counts.items() if n == 0]
        if empty:
            need = max(math.ceil(1 / x) for _, x in self.fractions)
            raise AtomisticError(
                f"The supercell is too small to hold {empty[0]} of {self.name}",
                key="size",
                value=f"{sites} metal sites",
                allowed=f"{need} metal sites or more",
                fix="repeat the cell more often; each repeat of a layered cell brings three metal sites",
            )
        return counts


def _shares_of_name(name: str) -> dict[str, float]:
    """Read "NMC811" or "LiNiO2"."""
    if found := _NMC.fullmatch(name):
        digits = dict(zip(("Ni", "Mn", "Co"), map(int, found.groups()), strict=True))
        total = sum(digits.values())
        if total in (3, 10):
            return {m: n / total for m, n in digits.items()}
    if found := _SIMPLE.fullmatch(name):
        return {found.group(1): 1.0}
    raise AtomisticError(
        "The name of the composition is not known",
        key="composition",
        value=name,
        allowed='"NMC811", "NMC622", "NMC532", "NMC111", "LiNiO2", "LiCoO2"',
        fix='or give shares such as {"Ni": 0.8, "Mn": 0.1, "Co": 0.1}',
    )
