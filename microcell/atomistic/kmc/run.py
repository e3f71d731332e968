"""What a kinetic Monte Carlo run is asked for, and what it gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microcell.atomistic.estimate import Estimate, require_samples
from microcell.errors import AtomisticError

from .equilibrium import Filling
from .kernel import LAGS
from .model import Model
from .sampling import jackknifed


@dataclass(frozen=True)
class Settings:
    """How to sample.

    Attributes
    ----------
    size : int
        Cells along every vector of the supercell.
    replicas : int
        Independent supercells side by side, 8 or more; below some hundreds a step costs as much as with more.
    tolerance : float
        Relative standard error of the jump diffusivity, and relative change of the tracer diffusivity when
        blocks are made four times longer.
    most_attempts : float
        Attempts of all replicas together after which to give up.
    tracers : bool
        Whether to follow every lithium, for the tracer diffusivity.
    seed : int
        Of the random numbers.
    """

    size: int = 12
    replicas: int = 512
    tolerance: float = 0.03
    most_attempts: float = 1e10
    tracers: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        require_samples(self.replicas, "replicas", 8)
        if not 0.0 < self.tolerance < 1.0:
            raise AtomisticError(
                "The relative error to reach is out of range",
                key="tolerance",
                value=self.tolerance,
                allowed="between 0 and 1, such as 0.03",
            )


@dataclass(frozen=True, eq=False)
class Run:
    """What a simulation at one composition and temperature gave.

    Attributes
    ----------
    model : Model
        The lattice model.
    filling : Filling
        What is on the sites.
    temperature : float
        [K].
    largest_rate : float
        Largest hop rate [s-1]: an attempt takes ``1 / (walkers z largest_rate)``.
    attempts : int
        Attempts per replica and block.
    centre, tracer : (replicas, 4) arrays
        Mean over blocks of the squared displacement of all lithium together, and of the sum of the squared
        displacements of each, after the parts of a block in `kernel.LAGS` [nearest-neighbour distances
        squared].
    blocks, hops : int
        Blocks per replica; accepted hops of all replicas in them.
    tracers : bool
        Whether lithium was followed one by one.
    wall_time : float
        Of the blocks [s].
    """

    model: Model
    filling: Filling
    temperature: float
    largest_rate: float
    attempts: int
    centre: np.ndarray
    tracer: np.ndarray
    blocks: int
    hops: int
    tracers: bool
    wall_time: float

    @property
    def x(self) -> float:
        """Lithium content."""
        return self.filling.x

    @property
    def block_time(self) -> float:
        """Simulated time per block [s]."""
        walkers = min(self.filling.lithium, self.filling.vacancies)
        return self.attempts / (walkers * self.model.lattice.coordination * self.largest_rate)

    @property
    def hops_per_second(self) -> float:
        """Accepted hops per second of wall time."""
        return self.hops / self.wall_time

    def growth(self, squared: np.ndarray, early: bool = False) -> Estimate:
        """Return how fast squared displacements grow [nearest-neighbour distances squared per second].

        The slope over time is free of what happens at short times, unlike the ratio.

        Parameters
        ----------
        squared : (replicas, 4) array
            `centre` or `tracer`.
        early : bool
            Between an eighth and a quarter of the block, in place of a quarter and the whole.
        """
        first, last = (0, 1) if early else (1, 3)
        span = (LAGS[last] - LAGS[first]) / 8.0 * self.block_time
        return jackknifed(squared, lambda mean: (mean[last] - mean[first]) / span)

    def agrees_with(self, shorter: Run, tolerance: float) -> bool:
        """Whether diffusivities are those of a run with shorter blocks.

        That of the centre within two standard errors of the difference. That of tracers, whose errors are
        far smaller and which settles more slowly, within these or the ``tolerance``.
        """
        mine, its = self.growth(self.centre), shorter.growth(shorter.centre)
        same = abs(mine.mean - its.mean) <= 2.0 * np.hypot(mine.standard_error, its.standard_error)
        if not (same and self.tracers):
            return bool(same)
        mine, its = self.growth(self.tracer), shorter.growth(shorter.tracer)
        noise = 2.0 * np.hypot(mine.standard_error, its.standard_error)
        return bool(abs(mine.mean - its.mean) <= max(noise, tolerance * mine.mean))

    @property
    def transports(self) -> bool:
        """Whether the collective displacement grows late in a block by more than three standard errors.

        False on a network that does not percolate: lithium moves to and fro, and gets nowhere.
        """
        late = self.growth(self.centre)
        return late.mean > 3.0 * late.standard_error

    def error_over_tolerance(self, tolerance: float) -> float:
        """Return the standard error of the growth over what is allowed.

        Allowed is a share of the growth; where it is not above zero by three errors, of the growth at once
        after the start, which is positive even where lithium gets nowhere.
        """
        late = self.growth(self.centre)
        at_once = self.centre[:, 0].mean() / (LAGS[0] / 8.0 * self.block_time)
        return late.standard_error / (tolerance * (late.mean if self.transports else at_once))

    def is_straight(self, tolerance: float) -> bool:
        """Whether displacements grow early in a block as they do late.

        That is, within three standard errors, or within the ``tolerance``.
        """
        late, early = self.growth(self.centre), self.growth(self.centre, early=True)
        error = np.hypot(late.standard_error, early.standard_error)
        return abs(late.mean - early.mean) <= max(3.0 * error, tolerance * late.mean)
