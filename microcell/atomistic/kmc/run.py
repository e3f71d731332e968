"""What a kinetic Monte Carlo run is asked for, and what it gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microcell.atomistic.estimate import Estimate, require_samples
from microcell.errors import AtomisticError

from .filling import Filling
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
        Supercells side by side, a multiple of ``groups``. With less than 256 in a group a step costs as much
        as with more.
    tolerance : float
        Relative standard error of the jump diffusivity, and relative change of the tracer diffusivity when
        blocks are made four times longer.
    most_attempts : float
        Attempts of all replicas together after which to give up.
    tracers : bool
        Whether to follow every lithium, for the tracer diffusivity.
    seed : int
        Of the random numbers.
    groups : int
        Independent groups of replicas, 8 or more: error bars come from their scatter. They run on all cores.
    """

    size: int = 12
    replicas: int = 4096
    tolerance: float = 0.03
    most_attempts: float = 4e11
    tracers: bool = True
    seed: int = 0
    groups: int = 16

    def __post_init__(self) -> None:
        require_samples(self.groups, "groups", 8)
        require_samples(self.replicas, "replicas", 8)
        if self.replicas % self.groups:
            raise AtomisticError(
                "The replicas cannot be split into groups of one size",
                key="replicas",
                value=self.replicas,
                allowed=f"a multiple of {self.groups}",
            )
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
    block_time : float
        Simulated time per block [s].
    centre, tracer : (groups, 4) arrays
        Mean over blocks and replicas of the squared displacement of all lithium together, and of the sum of
        the squared displacements of each, after the parts of a block in `kernel.LAGS` [nearest-neighbour
        distances squared].
    conductance : (groups,) array
        Mean over blocks of the diffusivity of a single lithium among the metals of each group, over its mean
        over all arrangements of metals; ones without metals. See `microcell.atomistic.kmc.network`.
    conductance_error : float
        Relative standard error of that mean over arrangements.
    shorter : Run or None
        The same with blocks that are a quarter as long.
    replicas, blocks : int
        Supercells of all groups; blocks of each.
    hops, attempts : int
        Of all replicas in all blocks: accepted, and tried.
    tracers : bool
        Whether lithium was followed one by one.
    wall_time : float
        Of the blocks [s].
    """

    model: Model
    filling: Filling
    temperature: float
    block_time: float
    centre: np.ndarray
    tracer: np.ndarray
    conductance: np.ndarray
    conductance_error: float
    shorter: Run | None
    replicas: int
    blocks: int
    hops: int
    attempts: int
    tracers: bool
    wall_time: float

    @property
    def x(self) -> float:
        """Lithium content."""
        return self.filling.x

    @property
    def hops_per_second(self) -> float:
        """Accepted hops per second of wall time."""
        return self.hops / self.wall_time

    def growth(self, squared: np.ndarray, early: bool = False) -> Estimate:
        """Return how fast squared displacements grow [nearest-neighbour distances squared per second].

        The slope over time is free of what happens at short times, unlike the ratio. Among metals it is
        divided by the conductance of the arrangements that were met, which takes out most of their scatter
        (a control variate).

        Parameters
        ----------
        squared : (groups, 4) array
            `centre` or `tracer`.
        early : bool
            Between an eighth and a quarter of the block, in place of a quarter and the whole.
        """
        first, last = (0, 1) if early else (1, 3)
        span = (LAGS[last] - LAGS[first]) / 8.0 * self.block_time
        columns = np.column_stack([(squared[:, last] - squared[:, first]) / span, self.conductance])
        found = jackknifed(columns, lambda mean: mean[0] / mean[1])
        error = np.hypot(found.standard_error, self.conductance_error * found.mean)
        return Estimate(found.mean, float(error), found.samples)

    def drift(self) -> float:
        """Return how much the growth of the centre would still change in longer blocks, relatively.

        Taken as ``D(t) = D + a/t`` through blocks of this and of a quarter of this length: a third of the
        difference. Zero for a run without shorter blocks.
        """
        return 0.0 if self.shorter is None else self._change(self.centre, self.shorter.centre)[0] / 3.0

    def is_steady(self, tolerance: float) -> bool:
        """Whether displacements grow straight, and diffusivities are those of blocks a quarter as long.

        That of the centre within two standard errors of the difference, or so that what longer blocks would
        change is within the ``tolerance``; it is part of the error bar. That of tracers, whose errors are far
        smaller and which settles more slowly, within two standard errors or the ``tolerance``.
        """
        shorter = self.shorter
        if shorter is None or not self.is_straight(tolerance):
            return False
        change, noise = self._change(self.centre, shorter.centre)
        if abs(change) > max(noise, 3.0 * tolerance):
            return False
        change, noise = self._change(self.tracer, shorter.tracer) if self.tracers else (0.0, 0.0)
        return abs(change) <= max(noise, tolerance)

    def _change(self, now: np.ndarray, before: np.ndarray) -> tuple[float, float]:
        """Return the relative change of the growth from shorter blocks, and two standard errors of it."""
        if self.shorter is None:
            return 0.0, 0.0
        mine, its = self.growth(now), self.shorter.growth(before)
        error = np.hypot(mine.standard_error, its.standard_error)
        return (mine.mean - its.mean) / mine.mean, float(2.0 * error / mine.mean)

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
