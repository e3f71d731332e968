"""Kinetic Monte Carlo of many replicas, run until the collective displacement is known to a tolerance."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from microcell.errors import AtomisticError
from microcell.parameters.constants import K_B_EV

from .group import Group, Sample, threaded
from .kernel import CHUNK
from .model import Model, check_temperature
from .run import Run, Settings
from .setup import Supercell

Progress = Callable[[int, int, str], None]
"""Called with the part done, the whole, and what is being done."""

_FIRST_HOPS = 4.0
"""Hops per walker in the first block; blocks grow until the diffusivity depends on their length no more."""

_LEAST_CHUNKS = 50
"""In an eighth of the first block: its length is then what was asked for within a percent."""

_GROWTH = 4
_FIRST_SAMPLES = 512
"""Displacements, one per replica and block, before errors are looked at."""


def simulate(
    model: Model,
    x: float,
    temperature: float,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run replicas of a lattice model at a fixed amount of lithium.

    Every block starts from other configurations in equilibrium, and among other metals. Blocks are repeated
    until the error of the collective displacement is within the tolerance, and made four times longer until
    that changes nothing.

    Parameters
    ----------
    model : Model
        Lattice, interactions, barriers.
    x : float
        Lithium per site that lithium can have, between 0 and 1; rounded to what the supercell can show.
    temperature : float
        [K].
    settings : Settings, optional
        How to sample.
    progress : callable, optional
        Called with blocks done, blocks expected, and a text.

    Raises
    ------
    AtomisticError
        If x or the temperature is out of range, no hop is possible, or the tolerance is not met.
    """
    settings = settings or Settings()
    check_temperature(temperature)
    cell = Supercell.of(model, settings.size, x, K_B_EV * temperature)
    return _Sampler(cell, temperature, settings, progress).run()


@dataclass
class _Sampler:
    """One run: blocks until the tolerance is met."""

    cell: Supercell
    temperature: float
    settings: Settings
    progress: Progress | None
    groups: list[Group] = field(init=False)
    spent: float = 0.0

    def __post_init__(self) -> None:
        settings = self.settings
        lanes, seeds = settings.replicas // settings.groups, range(settings.groups)
        self.groups = [Group(self.cell, lanes, settings.tracers, (settings.seed, seed)) for seed in seeds]

    def run(self) -> Run:
        """Return the run that meets the tolerance, with blocks so long that a quarter would do."""
        length = self._first_length()
        run: Run | None = None
        while True:
            run = self._sample(length, run)
            if run.is_steady(self.settings.tolerance) or not run.transports:
                return run
            length *= _GROWTH

    def _first_length(self) -> float:
        """Return the length of the first block, times the attempt frequency."""
        rate = float(np.mean(threaded(Group.hop_rate, self.groups)))
        if rate == 0.0:
            raise AtomisticError(
                f"No hop is possible: all ways are closed in {self.settings.replicas} configurations",
                key="barriers",
                fix="open the barrier that is infinite, or block fewer sites",
            )
        walkers = min(self.cell.filling.lithium, self.cell.filling.vacancies)
        total = float(np.mean([group.attempt_rate for group in self.groups]))
        return max(_FIRST_HOPS * walkers / rate, 8 * CHUNK * _LEAST_CHUNKS / total)

    def _block(self, length: float) -> list[Sample]:
        """Run one block of every group, from other configurations."""

        def renewed(group: Group) -> Sample:
            group.renew()
            return group.block(length)

        samples = threaded(renewed, self.groups)
        self.spent += sum(sample.attempts for sample in samples)
        return samples

    def _sample(self, length: float, shorter: Run | None) -> Run:
        """Repeat blocks of one length until the tolerance is met."""
        samples: list[list[Sample]] = []
        wanted, start = -(-_FIRST_SAMPLES // self.settings.replicas), time.perf_counter()
        while True:
            before = self.spent
            samples.append(self._block(length))
            blocks = len(samples)
            if self.progress is not None:
                self.progress(blocks, max(wanted, blocks), f"x = {self.cell.filling.x:.3f}")
            if blocks < wanted:
                continue
            run = self._result(samples, length, shorter, time.perf_counter() - start)
            ratio = run.error_over_tolerance(self.settings.tolerance)
            if ratio <= 1.0 or (ratio < 3.0 and not run.is_straight(self.settings.tolerance)):
                return run
            wanted = int(np.ceil(blocks * min(max(ratio**2, 1.1), 4.0)))
            self._check_budget((wanted - blocks) * (self.spent - before), run, ratio)

    def _result(self, samples: list[list[Sample]], length: float, shorter: Run | None, wall: float) -> Run:
        """Put blocks of all groups together."""
        mean = np.mean([[sample.squared for sample in block] for block in samples], axis=0)
        return Run(
            model=self.cell.model,
            filling=self.cell.filling,
            temperature=self.temperature,
            block_time=length / self.cell.model.attempt_frequency,
            centre=mean[:, 0],
            tracer=mean[:, 1],
            conductance=np.mean([[sample.conductance for sample in block] for block in samples], axis=0),
            conductance_error=self.cell.disorder.error,
            shorter=shorter and replace(shorter, shorter=None),
            replicas=self.settings.replicas,
            blocks=len(samples),
            hops=sum(sample.hops for block in samples for sample in block),
            attempts=sum(sample.attempts for block in samples for sample in block),
            tracers=self.settings.tracers,
            wall_time=wall,
        )

    def _check_budget(self, more: float, run: Run, ratio: float) -> None:
        """Give up where the next step would cost more attempts than allowed."""
        if self.spent + more > self.settings.most_attempts:
            raise AtomisticError(
                f"At x = {self.cell.filling.x:.4g} the diffusivity is not known well enough: the relative "
                f"error is {ratio * self.settings.tolerance:.2g} after {run.hops:.3g} hops",
                key="most_attempts",
                value=f"{self.settings.most_attempts:.3g}; made {self.spent:.3g}, needed {more:.3g} more",
                fix="allow more attempts or a larger tolerance; raise the temperature if hops are too rare",
            )
