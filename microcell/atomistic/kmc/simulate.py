"""Kinetic Monte Carlo of many replicas, run until the collective displacement is known to a tolerance."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from microcell.errors import AtomisticError
from microcell.parameters.constants import K_B_EV

from .bonds import Bonds
from .equilibrium import Equilibrium, Filling
from .kernel import LAGS, Conditions, Rules, State, run_block
from .model import Model, check_temperature
from .run import Run, Settings
from .setup import conditions_of, lowest_barrier, rules_of, state_of

Progress = Callable[[int, int, str], None]
"""Called with the part done, the whole, and what is being done."""

_FIRST_HOPS = 4.0
"""Hops per walker in the first block; blocks grow until the diffusivity depends on their length no more."""

_GROWTH = 4
_FIRST_SAMPLES = 512
"""Displacements, one per replica and block, before errors are looked at."""
_BURN_IN = 64
"""Attempts per walker in the first round of the burn-in; later rounds are longer until lithium has moved."""

_PATIENCE = 1_000
"""Attempts per walker without a single open way after which there is none."""

_EXCESS = 1.0 + 1e-4
"""Largest rate over its bound: above one by more than rounding in float32."""


def simulate(
    model: Model,
    x: float,
    temperature: float,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run replicas of a lattice model at a fixed amount of lithium.

    Every block starts from other configurations in equilibrium. Blocks are repeated until the error of the
    collective displacement is within the tolerance, and made four times longer until that changes nothing.

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
    lattice = model.lattice
    shape = (settings.size,) * lattice.dimensions
    filling = Filling.of(lattice.site_count(shape), model.blocked, x)
    thermal = K_B_EV * temperature
    equilibrium = Equilibrium(
        lattice, shape, model.energies, filling, thermal, settings.replicas, settings.seed
    )
    bonds = Bonds.of(lattice, shape, model.energies.shells)
    gates = model.hop_barriers.gates(bonds)
    with jax.enable_x64(True):
        rules = rules_of(bonds, model.energies, gates)
        floor = lowest_barrier(gates, bonds, model.energies, thermal)
        conditions = conditions_of(filling, gates, floor, thermal, lattice.coordination)
        sampler = _Sampler(model, filling, temperature, settings, progress, equilibrium, rules, conditions)
        return sampler.run(state_of(equilibrium.start(), filling, settings))


@dataclass
class _Sampler:
    """One run: burn-in, then blocks until the tolerance is met."""

    model: Model
    filling: Filling
    temperature: float
    settings: Settings
    progress: Progress | None
    equilibrium: Equilibrium
    rules: Rules
    conditions: Conditions
    spent: float = 0.0

    def run(self, state: State) -> Run:
        """Return the run that meets the tolerance, with blocks so long that a quarter would do."""
        state, eighth = self._burn_in(state)
        shorter: Run | None = None
        while True:
            state, run = self._sample(state, eighth)
            if run is None:
                continue  # a hop faster than the bound was met: the bound is raised, all blocks done again
            tolerance = self.settings.tolerance
            straight = run.is_straight(tolerance)
            steady = straight and shorter is not None and run.agrees_with(shorter, tolerance)
            if steady or not run.transports:
                return run
            shorter = run if straight else None
            eighth *= _GROWTH

    def _burn_in(self, state: State) -> tuple[State, int]:
        """Find the largest rate; return the length of the first block, an eighth of it."""
        walkers = int(self.conditions.walkers)
        eighth = _BURN_IN * walkers // 8
        while True:
            state, _ = self._block(state, eighth)
            largest, hops = float(state.largest.max()), float(state.hops.mean())
            if largest == 0.0 and eighth > _PATIENCE * walkers:
                raise AtomisticError(
                    f"No hop is possible: every way out of {8 * eighth} attempts per replica is closed",
                    key="barriers",
                    fix="open the barrier that is infinite, or block fewer sites",
                )
            if largest > 0.0 and abs(np.log(largest)) > 0.5:
                self._lower_floor(largest)  # nothing wrong was done with a bound that was too high
            elif hops >= walkers:
                return state, max(1, round(eighth * _FIRST_HOPS * walkers / hops))
            else:
                eighth *= _GROWTH
            self._check_budget(8 * eighth * self.settings.replicas, "no steady motion has set in")

    def _lower_floor(self, largest: float) -> None:
        """Take the largest rate met as the bound."""
        floor = self.conditions.floor - self.conditions.thermal * jnp.log(jnp.float32(largest))
        self.conditions = self.conditions._replace(floor=floor)

    def _block(self, state: State, eighth: int) -> tuple[State, np.ndarray]:
        """Run one block; return squared displacements of centre and tracers (2, replicas, 4)."""
        self.spent += 8.0 * eighth * self.settings.replicas
        state, block = run_block(
            state,
            self.rules,
            self.conditions,
            jnp.int64(eighth),
            count=self.filling.sites,
            z=self.model.lattice.coordination,
        )
        return state, np.asarray(jnp.stack([block.centre.T, block.tracer.T]))

    def _renewed(self, state: State) -> State:
        """Return other configurations, so that replicas which are stuck do not spoil all blocks."""
        contents = np.asarray(state.occupation).reshape(self.settings.replicas, -1)
        fresh = state_of(self.equilibrium.renewed(contents), self.filling, self.settings)
        return fresh._replace(streams=state.streams)

    def _sample(self, state: State, eighth: int) -> tuple[State, Run | None]:
        """Repeat blocks of one length until the tolerance is met; no run if the bound was exceeded."""
        total, blocks, hops, wall = np.zeros((2, self.settings.replicas, len(LAGS))), 0, 0, 0.0
        wanted = -(-_FIRST_SAMPLES // self.settings.replicas)
        while True:
            state = self._renewed(state)
            start = time.perf_counter()
            state, squared = self._block(state, eighth)
            hops += int(state.hops.sum())
            wall += time.perf_counter() - start
            if float(state.largest.max()) > _EXCESS:
                self._lower_floor(float(state.largest.max()))
                return state, None
            total, blocks = total + squared, blocks + 1
            if self.progress is not None:
                self.progress(blocks, max(wanted, blocks), f"x = {self.filling.x:.3f}")
            if blocks < wanted:
                continue
            run = self._result(total / blocks, eighth, blocks, hops, wall)
            ratio = run.error_over_tolerance(self.settings.tolerance)
            if ratio <= 1.0 or (ratio < 3.0 and not run.is_straight(self.settings.tolerance)):
                return state, run
            wanted = int(np.ceil(blocks * min(max(ratio**2, 1.1), 4.0)))
            self._check_budget(
                (wanted - blocks) * 8.0 * eighth * self.settings.replicas,
                f"the relative error is {ratio * self.settings.tolerance:.2g} after {hops:.3g} hops",
            )

    def _result(self, mean: np.ndarray, eighth: int, blocks: int, hops: int, wall: float) -> Run:
        rate = self.model.attempt_frequency * np.exp(
            -float(self.conditions.floor) / float(self.conditions.thermal)
        )
        return Run(
            model=self.model,
            filling=self.filling,
            temperature=self.temperature,
            largest_rate=float(rate),
            attempts=8 * eighth,
            centre=mean[0],
            tracer=mean[1],
            blocks=blocks,
            hops=hops,
            tracers=self.settings.tracers,
            wall_time=wall,
        )

    def _check_budget(self, more: float, state: str) -> None:
        """Give up where the next step would cost more attempts than allowed."""
        if self.spent + more > self.settings.most_attempts:
            raise AtomisticError(
                f"At x = {self.filling.x:.4g} the diffusivity is not known well enough: {state}",
                key="most_attempts",
                value=f"{self.settings.most_attempts:.3g}; made {self.spent:.3g}, needed {more:.3g} more",
                fix="allow more attempts or a larger tolerance; raise the temperature if hops are too rare",
            )
