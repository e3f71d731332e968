"""How much lithium and how many metals a supercell holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microcell.errors import AtomisticError


@dataclass(frozen=True)
class Filling:
    """How many of the N sites of a supercell hold what.

    Attributes
    ----------
    sites, blocked, lithium : int
        All sites; immobile metals; lithium.
    """

    sites: int
    blocked: int
    lithium: int

    @classmethod
    def of(cls, sites: int, blocked: float, x: float) -> Filling:
        """Return the filling next to a content x of the sites that lithium can have.

        Raises
        ------
        AtomisticError
            If x is not between 0 and 1, or the supercell cannot show it: no lithium or no vacancy is left.
        """
        if not 0.0 < x < 1.0:
            raise AtomisticError(
                "The lithium content is out of range",
                key="x",
                value=x,
                allowed="between 0 and 1, ends excluded: a full or empty lattice has no hops",
            )
        metals = round(blocked * sites)
        lithium = round(x * (sites - metals))
        if not 0 < lithium < sites - metals:
            raise AtomisticError(
                f"A supercell of {sites} sites holds no {'vacancy' if lithium else 'lithium'} at x = {x:g}",
                key="x",
                value=x,
                allowed=f"{1 / (sites - metals):.4g} to {1 - 1 / (sites - metals):.4g} for this size",
                fix="take a larger supercell",
            )
        return cls(sites, metals, lithium)

    @property
    def x(self) -> float:
        """The content that the supercell really has."""
        return self.lithium / self.free

    @property
    def free(self) -> int:
        """Number of sites that lithium can have."""
        return self.sites - self.blocked

    @property
    def vacancies(self) -> int:
        """Number of vacant sites."""
        return self.free - self.lithium

    def metals(self, rng: np.random.Generator) -> np.ndarray:
        """Return where immobile metals are, at random (N,)."""
        return rng.permuted(np.arange(self.sites) < self.blocked)

    def at_random(self, metals: np.ndarray, replicas: int, rng: np.random.Generator) -> np.ndarray:
        """Return random configurations (N, replicas) as int8, -1 where lithium is."""
        lithium = np.zeros((self.sites, replicas), dtype=np.int8)
        one = np.where(np.arange(self.free) < self.lithium, -1, 0).astype(np.int8)
        lithium[~metals] = rng.permuted(np.tile(one, (replicas, 1)), axis=1).T
        return lithium
