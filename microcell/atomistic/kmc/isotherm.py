"""Chemical potential and thermodynamic factor over lithium content, from grand-canonical samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from microcell.errors import AtomisticError
from microcell.parameters.constants import K_B_EV

from .energies import Interactions
from .sampling import jackknife


@dataclass(frozen=True, eq=False)
class Curve:
    """A property at lithium contents, with standard errors.

    Attributes
    ----------
    x, value, error : (n,) arrays
    """

    x: np.ndarray
    value: np.ndarray
    error: np.ndarray


@dataclass(frozen=True, eq=False)
class Isotherm:
    """Sampled contents at given chemical potentials.

    The mean field of the interactions is not part of the samples: it shifts the chemical potential by its
    exact value, as an interaction of infinite range does.

    Attributes
    ----------
    interactions : Interactions
        Of the model.
    temperature : float
        [K].
    potentials : (n,) array
        Chemical potentials of the lattice part [eV].
    totals, squares : (replicas, n) arrays
        Mean number of lithium in the supercell, and of its square.
    sites : int
        Sites of the supercell that lithium can have.
    disordered : bool
        Whether every replica has its own immobile metals: fluctuations are then those within a replica.
    """

    interactions: Interactions
    temperature: float
    potentials: np.ndarray
    totals: np.ndarray
    squares: np.ndarray
    sites: int
    disordered: bool = False

    @property
    def thermal(self) -> float:
        """Thermal energy kT [eV]."""
        return K_B_EV * self.temperature

    def content(self) -> tuple[np.ndarray, np.ndarray]:
        """Return lithium contents x and their standard errors (n,)."""
        return jackknife(self.totals / self.sites, lambda mean: mean)

    def excess(self) -> Curve:
        """Return the lattice chemical potential over that of free lithium, ``mu - e - kT ln(x/(1-x))`` [eV].

        Its error is that of x at the given mu, carried over with the slope dmu/dx.
        """
        x, error = self._kept()
        mu = self.potentials[self._inside()] - self.interactions.site
        slope = self.thermal * self.fluctuation_factor().value / x
        return Curve(x, mu - self.thermal * np.log(x / (1.0 - x)), slope * error)

    def chemical_potential(self, x: np.ndarray) -> Curve:
        """Return mu(x) [eV] with the mean field, against the energy that the site energies refer to.

        Raises
        ------
        AtomisticError
            If x is outside of what was sampled.
        """
        x, excess = self._checked(x), self.excess()
        ideal = self.interactions.site + self.thermal * np.log(x / (1.0 - x))
        value = (
            ideal + PchipInterpolator(excess.x, excess.value)(x) + self.interactions.mean_field_potential(x)
        )
        return Curve(x, value, np.interp(x, excess.x, excess.error))

    def thermodynamic_factor(self, x: np.ndarray) -> Curve:
        """Return Theta(x) = (1/kT) dmu/dln x with the mean field, from the fluctuations of the content.

        Raises
        ------
        AtomisticError
            If x is outside of what was sampled.
        """
        x, sampled = self._checked(x), self.fluctuation_factor()
        free = 1.0 - sampled.x  # Theta (1 - x) is one without interactions, and smooth with them
        lattice = PchipInterpolator(sampled.x, sampled.value * free)(x) / (1.0 - x)
        error = np.interp(x, sampled.x, sampled.error * free) / (1.0 - x)
        return Curve(x, lattice + x * self.interactions.mean_field_slope(x) / self.thermal, error)

    def fluctuation_factor(self) -> Curve:
        """Return Theta of the lattice part from number fluctuations, ``<N> / (<N^2> - <N>^2)``."""
        x, inside = self._kept()[0], self._inside()
        totals, squares = self.totals[:, inside], self.squares[:, inside]
        if self.disordered:
            stacked = np.stack([totals, squares - totals**2], axis=1)
            value, error = jackknife(stacked, lambda mean: mean[0] / mean[1])
        else:
            stacked = np.stack([totals, squares], axis=1)
            value, error = jackknife(stacked, lambda mean: mean[0] / (mean[1] - mean[0] ** 2))
        return Curve(x, value, error)

    def derivative_factor(self) -> Curve:
        """Return Theta of the lattice part from the slope of mu(x), a parabola through three neighbours."""
        inside = self._inside()
        mu = self.potentials[inside] - self.interactions.site

        def slope(contents: np.ndarray) -> np.ndarray:
            excess = mu - self.thermal * np.log(contents / (1.0 - contents))
            return 1.0 / (1.0 - contents) + contents * np.gradient(excess, contents) / self.thermal

        x = self._kept()[0]
        value, error = jackknife(self.totals[:, inside] / self.sites, slope)
        return Curve(x[1:-1], value[1:-1], error[1:-1])

    def _inside(self) -> np.ndarray:
        """Whether the lattice is neither almost empty nor almost full: both would have no fluctuations."""
        mean = self.totals.mean(0)
        return (mean > 0.5) & (mean < self.sites - 0.5)

    def _kept(self) -> tuple[np.ndarray, np.ndarray]:
        """Return x and its error where the lattice is neither empty nor full."""
        inside = self._inside()
        x, error = self.content()
        return x[inside], error[inside]

    def _checked(self, x: np.ndarray) -> np.ndarray:
        x = np.atleast_1d(np.asarray(x, dtype=np.float64))
        known = self._kept()[0][[0, -1]]
        if self.interactions.mean_field:
            low, high = self.interactions.mean_field_window
            known = np.clip(known, low, high)
        if (x < known[0]).any() or (x > known[-1]).any():
            raise AtomisticError(
                "The lithium content is outside of what was sampled",
                key="x",
                value=f"{x.min():.4g} to {x.max():.4g}",
                allowed=f"{known[0]:.4g} to {known[-1]:.4g}",
                fix="stay inside; a wider range of chemical potentials, a larger supercell and a mean field "
                "that is known further reach further",
            )
        return x
