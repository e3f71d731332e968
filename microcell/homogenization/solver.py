"""The solvers of a conductor: the fast one first, the general one behind it, and axes side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from microcell_kernels.multigrid import Hierarchy

from ..cores import available_cores
from .conduction import Conduction, conduct, find_hierarchy, weights
from .network import Network
from .result import Code
from .uniform import conduct_uniformly


class Solved(NamedTuple):
    """The solution along an axis, and the codes of the voxels that carry it."""

    axis: int
    codes: np.ndarray
    conduction: Conduction


@dataclass
class Solver:
    """Solves for the potential in a conductor; to be used with float64 switched on.

    Attributes
    ----------
    network : Network
        The conductor.
    voxel_size : tuple of float
        Edges of a voxel along z, y, x [m].
    tolerance, max_iterations
        See :func:`.effective.effective`.
    """

    network: Network
    voxel_size: tuple[float, float, float]
    tolerance: float
    max_iterations: int

    def solve(self, axes: Sequence[int]) -> Iterator[Solved]:
        """Solve along axes, in their order; after the first, which compiles, those that are left together.

        One axis does not keep several cores of a CPU busy. Every axis that is solved at the same time takes
        30 bytes per voxel.
        """
        if not self.network.uniform:
            yield from (self._surely(axis, self.network.spanning(axis), 0) for axis in axes)
            return
        for axis in axes[:1]:
            yield self._finished(self._quickly(axis))
        others = axes[1:]
        if not others:
            return
        on_cpu = next(iter(jnp.zeros(()).devices())).platform == "cpu"
        workers = min(available_cores(), len(others)) if on_cpu else 1
        device = jax.config.jax_default_device  # type: ignore[attr-defined]

        def on_thread(axis: int) -> Solved:
            # settings of a thread; any other than those of the first axis would trace the program again
            with jax.enable_x64(True), jax.default_device(device):
                return self._quickly(axis)

        with ThreadPoolExecutor(workers) as pool:
            yield from map(self._finished, pool.map(on_thread, others))

    def _quickly(self, axis: int) -> Solved:
        """Solve by what is made for one conductivity."""
        codes = self.network.spanning(axis)
        weight = weights(self.voxel_size, axis)
        limits = {"tolerance": self.tolerance, "max_iterations": self.max_iterations}
        return Solved(axis, codes, conduct_uniformly(codes > 0, weight, axis, **limits))  # type: ignore[arg-type]

    def _finished(self, solved: Solved) -> Solved:
        """Start again with the general solver where the quick one has not converged."""
        used = solved.conduction.iterations
        if solved.conduction.code == Code.CONVERGED or used >= self.max_iterations:
            return solved
        return self._surely(solved.axis, solved.codes, used)

    def _surely(self, axis: int, codes: np.ndarray, used: int) -> Solved:
        """Solve by the hierarchy that knows what is connected, with the iterations that are not used up."""
        found = conduct(
            self.hierarchy,
            codes,
            self.network.table,
            weights(self.voxel_size, axis),
            axis,
            tolerance=self.tolerance,
            max_iterations=self.max_iterations - used,
        )
        return Solved(axis, codes, found._replace(iterations=found.iterations + used))

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """Multigrid levels of all axes, whichever are asked for: compiled programs fit the next time."""
        return find_hierarchy(self.network.spanning(0, 1, 2), self.network.table, weights(self.voxel_size, 0))
