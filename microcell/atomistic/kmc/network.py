"""Diffusion without interactions, exactly: lithium that only keeps others from its site, on fixed bonds.

Where the rate of a hop depends on immobile metals alone, and is the same forth and back, the mean occupations
of lithium obey the linear equations of a single walker (symmetric exclusion: Spitzer 1970, doi
10.1016/0001-8708(70)90034-4). The jump diffusivity is then that of the walker times ``(1 - x) N/(N - 1)``,
and that of the walker the conductance of a network of resistors, which is solved here. No sampling of hops is
needed, however far the rates are apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import cg

from microcell.atomistic.estimate import Estimate, require_samples
from microcell.errors import AtomisticError
from microcell.parameters.constants import K_B_EV

from .barriers import VACANT
from .bonds import Bonds
from .filling import Filling
from .model import Model, check_temperature
from .rates import classes

_RESIDUAL = 1e-8
"""Of the linear equations; the conductance is stationary at their solution, and its error far smaller."""

_ARRANGEMENTS = 400
"""Random metals over which the mean conductance is taken: relative errors of 1 to 3 %."""

_LARGEST_ERROR = 0.1
"""Relative error of that mean beyond which it is not used: the network hardly percolates."""


def walker_diffusivity(sites: np.ndarray, jumps: np.ndarray, rates: np.ndarray, free: int) -> np.ndarray:
    """Return the diffusivity of one walker on a periodic network along every axis (d,).

    ``D = min over p of sum_bonds rate (jump + p_far - p_near)^2 / N``, the conductance of resistors between
    sites (Kirkpatrick 1973, doi 10.1103/RevModPhys.45.574), averaged over where the walker starts.

    Parameters
    ----------
    sites : (B, 2) array of int
        Near and far end of every bond, each bond once.
    jumps : (B, d) array
        From near to far end.
    rates : (B,) array
        Hop rates, the same in both directions; zero for closed bonds.
    free : int
        Sites N that the walker may start from.

    Raises
    ------
    AtomisticError
        If the linear equations are not solved.
    """
    open_ = rates > 0.0
    (near, far), jumps, rates = sites[open_].T, jumps[open_], rates[open_]
    count = int(sites.max()) + 1
    bond = np.arange(len(near))
    ones = np.ones(len(near))
    rows, columns = np.concatenate([bond, bond]), np.concatenate([near, far])
    difference = coo_array((np.concatenate([-ones, ones]), (rows, columns)), (len(near), count)).tocsr()
    matrix = (difference.T @ difference.multiply(rates[:, None]).tocsr()).tocsr()
    diagonal = matrix.diagonal()
    inverse = np.divide(1.0, diagonal, out=np.ones_like(diagonal), where=diagonal > 0.0)
    scale = coo_array((inverse, (np.arange(count), np.arange(count)))).tocsr()
    found = []
    for jump in jumps.T:
        right = -(difference.T @ (rates * jump))
        shift, failed = cg(matrix, right, rtol=_RESIDUAL, maxiter=100 * count, M=scale)
        if failed:
            raise AtomisticError(
                f"The network of {len(near)} hops is not solved: conjugate gradients do not reach a relative "
                f"residual of {_RESIDUAL:g}",
                fix="raise the temperature, so that rates are less far apart",
            )
        found.append((rates * (jump + difference @ shift) ** 2).sum() / free)
    return np.array(found)


class Network:
    """A single lithium among random metals in a supercell.

    Parameters
    ----------
    model : Model
        A model whose barriers depend on metals alone.
    size : int
        Cells along every vector.
    thermal : float
        kT [eV].
    """

    def __init__(self, model: Model, size: int, thermal: float) -> None:
        lattice, shape = model.lattice, (size,) * model.lattice.dimensions
        self.filling = Filling.of(lattice.site_count(shape), model.blocked, 0.5)
        bonds = Bonds.of(lattice, shape)
        gates = model.hop_barriers.gates(bonds)
        self._sites, self._kind = bonds.undirected()
        self._jumps = lattice.displacements().reshape(-1, lattice.dimensions)[self._kind]
        self._weights, self._rates = gates.weights, np.exp(-gates.energies / thermal).sum(1)

    def diffusivity(self, metals: np.ndarray) -> float:
        """Return the diffusivity among metals (N,), mean over axes.

        In nearest-neighbour distances squared times the attempt frequency.
        """
        ends = self._sites[:, :2]
        rates = self._rates[classes(self._weights, self._kind, metals[self._sites[:, 2:]])]
        rates = np.where(metals[ends].any(1), 0.0, rates)
        return float(walker_diffusivity(ends, self._jumps, rates, self.filling.free).mean())

    def sample(self, samples: int, seed: int) -> Estimate:
        """Return the mean diffusivity over random metals."""
        rng = np.random.default_rng(seed)
        return Estimate.of([self.diffusivity(self.filling.metals(rng)) for _ in range(samples)])


@dataclass(frozen=True, eq=False)
class Disorder:
    """How conductive arrangements of metals are beside each other.

    Attributes
    ----------
    network : Network or None
        None without metals, where barriers depend on lithium, and where hardly any arrangement conducts.
    mean : Estimate
        Over random metals.
    """

    network: Network | None
    mean: Estimate

    @classmethod
    def of(cls, model: Model, size: int, thermal: float) -> Disorder:
        """Sample the mean; the same model, size and thermal energy [eV] are sampled once."""
        return _disorder(model, size, thermal)

    def relative(self, metals: np.ndarray) -> float:
        """Return the conductance among metals (N,) over its mean."""
        return 1.0 if self.network is None else self.network.diffusivity(metals) / self.mean.mean

    @property
    def error(self) -> float:
        """Relative standard error of the mean."""
        return self.mean.standard_error / self.mean.mean


@cache
def _disorder(model: Model, size: int, thermal: float) -> Disorder:
    nothing = Disorder(None, Estimate(1.0, 0.0, 1))
    if not (model.blocked and _static(model)):
        return nothing
    network = Network(model, size, thermal)
    mean = network.sample(_ARRANGEMENTS, _ARRANGEMENTS)
    return Disorder(network, mean) if mean.standard_error < _LARGEST_ERROR * mean.mean else nothing


def _static(model: Model) -> bool:
    """Whether barriers depend on metals alone."""
    smallest = Bonds.of(model.lattice, (4,) * model.lattice.dimensions)
    return model.hop_barriers.gates(smallest).counted != VACANT


def free_diffusivity(
    model: Model, temperature: float, *, size: int = 12, samples: int = 64, seed: int = 0
) -> Estimate:
    """Return the diffusivity [m2.s-1] of a single lithium, the mean over random metals and all axes.

    Without interactions it is the chemical diffusivity at every content, and ``D_J / (1 - x)`` but for the
    ``N/(N - 1)`` of a closed supercell.

    Parameters
    ----------
    model : Model
        A model without interactions, whose barriers depend on metals alone.
    temperature : float
        [K].
    size, samples : int
        Cells along every vector; random arrangements of the metals.
    seed : int
        Of the random numbers.

    Raises
    ------
    AtomisticError
        If lithium interacts, or its barriers depend on other lithium.
    """
    check_temperature(temperature)
    require_samples(samples, "samples")
    if any(model.energies.pairs) or model.energies.triangle or not _static(model):
        raise AtomisticError(
            "The diffusivity with interactions is no property of the network alone",
            key="interactions",
            fix="sample hops: simulate",
        )
    found = Network(model, size, K_B_EV * temperature).sample(samples, seed)
    unit = model.attempt_frequency * model.spacing**2
    return Estimate(unit * found.mean, unit * found.standard_error, found.samples)
