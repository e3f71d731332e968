"""Conduction through voxels of one conductivity: a solver that stores little more than the mask.

Red potentials follow from black ones (:mod:`.colours`), so conjugate gradients run on half of the unknowns.
The preconditioner is a symmetric Gauss-Seidel sweep around a multigrid cycle on 2x2x2 blocks, which in terms
of black voxels is two products with the coupling of the colours.

Directions are float32; potentials, true residuals and fluxes are float64.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from microcell_kernels.blocks import OVERCORRECTION, Level, cycle, hierarchy, inverse_or_zero
from microcell_kernels.krylov import BREAKDOWN, CONVERGED, MAX_ITERATIONS
from microcell_kernels.octants import Octants

from .colours import BLACK, CONDUCTING, INLET, OUTLET, RED, Measured, System, measure
from .conduction import Conduction

MOST = 150
"""Iterations after which a hierarchy that knows what is connected is worth its set-up."""

ERROR = 0.3
"""Accepted estimate of what is missing in the dissipation, relative, over the square of the tolerance."""

RESIDUAL = 0.03
"""Residual relative to the right-hand side, over the tolerance, that is small enough without an estimate."""

SINGLE = 1e-10
"""Decrease of the squared residual after which float32 has nothing more to give."""

SLOWEST = 0.95
"""Largest convergence factor that is believed when the missing part is estimated."""


def conduct_uniformly(
    mask: np.ndarray, weight: np.ndarray, axis: int, *, tolerance: float, max_iterations: int
) -> Conduction:
    """Solve for the potential in voxels of conductivity 1 until the fluxes through all planes agree.

    Parameters
    ----------
    mask : ndarray of bool, shape (nz, ny, nx)
        Conducting voxels; all of them connected to both ends.
    weight : ndarray, shape (3,)
        See :func:`.conduction.weights`.
    axis : int
        Axis of the flux.
    tolerance : float
        Accepted :attr:`Conduction.mismatch`.
    max_iterations : int
        Limit of conjugate gradients; never more than :data:`MOST`.

    Notes
    -----
    To be called with float64 switched on. Small volume fractions in thin threads may need more iterations
    than this takes; the code then says so.
    """
    codes = mask.astype(np.uint8)
    along = np.moveaxis(codes, axis, 0)
    size = 2.0 * np.sqrt(np.count_nonzero(along[0]))
    along[0] += INLET * along[0]
    along[-1] += OUTLET * (along[-1] & CONDUCTING)
    grid = Octants.of(mask.shape)
    sorted_ = tuple(jnp.asarray(colour) for colour in grid.sort(codes))
    numbers = (weight, axis, size, tolerance, min(max_iterations, MOST))
    solve = _compiled(next(iter(sorted_[0].devices())).platform)
    potentials, measured, steps, code = jax.device_get(solve(mask.shape, sorted_, *map(jnp.asarray, numbers)))
    return Conduction(
        grid.unsort(potentials),
        measured.flux[: mask.shape[axis] + 1],
        float(measured.dissipation),
        float(measured.mismatch),
        float(measured.relative),
        int(steps),
        int(code),
    )


class Preconditioner(NamedTuple):
    """What conjugate gradients need in float32: inverse diagonals, diagonal of the black voxels, levels."""

    inverse: tuple[Array, Array]
    diagonal: Array
    levels: list[Level]

    @staticmethod
    def of(system: System) -> Preconditioner:
        """Compute it from the mask."""
        grid, single = system.grid, jnp.float32

        def inverse(colour: int, octant: Array) -> Array:
            return inverse_or_zero(system.diagonal(colour, octant, single))

        red, black = (grid.fill(grid.zeros(single), partial(inverse, c)) for c in (RED, BLACK))
        return Preconditioner((red, black), inverse_or_zero(black), hierarchy(system.blocks()))

    def dot(self, grid: Octants, a: Array, b: Array) -> Array:
        """Inner product of black vectors in which the scaled operator is symmetric; plane by plane."""
        planes = (self.diagonal * a * b).reshape(-1, grid.strides[0])
        return jnp.sum(jnp.sum(planes, axis=1))


class Steps(NamedTuple):
    """State of conjugate gradients.

    Attributes
    ----------
    black : Array of float64
        Potentials.
    scaled : Array of float32
        Residual over the diagonal.
    direction, red, work : Array of float32
        The last direction, and arrays to write into.
    product : Array
        Of the residual and what the preconditioner made of it; 0 begins afresh.
    gain, missing, dissipation : Array
        Decrease of the dissipation in the last step, estimate of what is left of it, and the dissipation.
    steps : Array of int
        Steps.
    sound : Array of bool
        False after a breakdown.
    """

    black: Array
    scaled: Array
    direction: Array
    red: Array
    work: Array
    product: Array
    gain: Array
    missing: Array
    dissipation: Array
    steps: Array
    sound: Array


def _step(system: System, by: Preconditioner, s: Steps) -> Steps:
    """Take one step of conjugate gradients on the black voxels."""
    grid, single = system.grid, jnp.float32

    def onto_red(x: Array, octant: Array) -> Array:
        return grid.read(by.inverse[RED], octant) * system.coupling(x, RED, octant, single)

    def onto_black(x: Array, octant: Array) -> Array:
        return grid.read(by.inverse[BLACK], octant) * system.coupling(x, BLACK, octant, single)

    def left_in_red(octant: Array) -> Array:
        conducting = grid.read(by.inverse[RED], octant) > 0
        return jnp.where(conducting, system.coupling(s.scaled, RED, octant, single), 0.0)

    coarse = OVERCORRECTION * cycle(by.levels, grid.gather(left_in_red, single))
    red = grid.fill(s.red, lambda o: jnp.where(grid.read(by.inverse[RED], o) > 0, coarse, 0.0))
    better = grid.fill(s.work, lambda o: grid.read(s.scaled, o) + onto_black(red, o))
    product = by.dot(grid, s.scaled, better)
    turn = jnp.where(s.product > 0, product / jnp.where(s.product > 0, s.product, 1.0), 0.0)
    direction = better + turn * s.direction
    red = grid.fill(red, lambda o: onto_red(direction, o))
    work = grid.fill(better, lambda o: grid.read(direction, o) - onto_black(red, o))
    curvature = by.dot(grid, direction, work)
    sound = (curvature > 0) & (product > 0) & jnp.isfinite(curvature) & jnp.isfinite(product)
    length = jnp.where(sound, product / jnp.where(sound, curvature, 1.0), 0.0)
    gain = (length * product).astype(s.gain.dtype)
    slow = jnp.clip(jnp.where(s.gain > 0, gain / jnp.where(s.gain > 0, s.gain, 1.0), SLOWEST), 0.0, SLOWEST)
    return Steps(
        s.black + length * direction.astype(s.black.dtype),
        s.scaled - length * work,
        direction,
        red,
        work,
        product,
        gain,
        gain * slow / (1.0 - slow),
        s.dissipation - gain,
        s.steps + 1,
        sound,
    )


class Solve(NamedTuple):
    """State between measurements: what conjugate gradients go on with, and how far they shall go.

    Attributes
    ----------
    black, direction, product, gain, missing, steps, sound
        See :class:`Steps`.
    red, measured : Array of float32, Measured
        Of the potentials before the last steps; of the last ones at the end.
    error : Array
        Accepted estimate of the missing dissipation, see :data:`ERROR`.
    code : Array of int
        Result code of :mod:`microcell_kernels.krylov`.
    running : Array of bool
        Whether there is something left to do.
    """

    black: Array
    red: Array
    direction: Array
    product: Array
    gain: Array
    missing: Array
    steps: Array
    sound: Array
    measured: Measured
    error: Array
    code: Array
    running: Array


def _improve(
    system: System, by: Preconditioner, size: Array, tolerance: Array, limit: Array, s: Solve
) -> Solve:
    """Measure, and where that is not good enough, take steps until the dissipation seems to be."""
    grid = system.grid
    measured, red, residual = measure(system, s.black)
    measured = measured._replace(relative=measured.relative / size)
    accurate = s.missing <= ERROR * tolerance**2 * measured.dissipation
    good = (measured.mismatch <= tolerance) & (accurate | (measured.relative <= RESIDUAL * tolerance))
    sound = s.sound & jnp.isfinite(measured.relative)
    go_on = ~good & sound & (s.steps < limit)
    # accurate, but the fluxes differ: they are more sensitive than thought
    error = jnp.where(accurate, 0.1 * s.error, s.error)
    scaled = residual.astype(jnp.float32) * by.inverse[BLACK]
    start = by.dot(grid, scaled, scaled)
    zero = grid.zeros(jnp.float32)

    def running(t: Steps) -> Array:
        worth = (t.missing > error * tolerance**2 * t.dissipation) & (t.product > SINGLE * start)
        return go_on & t.sound & (t.steps < limit) & (worth | (t.steps == s.steps))

    unknown = jnp.full_like(s.missing, jnp.inf)
    energy = measured.dissipation
    begin = Steps(
        s.black, scaled, s.direction, zero, zero, s.product, s.gain, unknown, energy, s.steps, sound
    )
    end = jax.lax.while_loop(running, lambda t: _step(system, by, t), begin)
    # where float32 was at its end, the new residual has nothing to do with the last direction
    product = jnp.where(end.product > SINGLE * start, end.product, 0.0)
    code = jnp.where(good, CONVERGED, jnp.where(sound, MAX_ITERATIONS, BREAKDOWN))
    return Solve(
        end.black, red.astype(jnp.float32), end.direction, product, end.gain, end.missing, end.steps,
        end.sound, measured, error, code, go_on,
    )  # fmt: skip


def _solve(
    cells: tuple[int, int, int],
    codes: tuple[Array, Array],
    weight: Array,
    axis: Array,
    size: Array,
    tolerance: Array,
    limit: Array,
) -> tuple[tuple[Array, Array], Measured, Array, Array]:
    """Solve; the compiled program."""
    grid, wide = Octants.of(cells), jnp.float64
    system = System(grid, codes, weight, axis)
    by = Preconditioner.of(system)
    zero, far = jnp.zeros((), wide), jnp.asarray(jnp.inf, wide)
    begin = Solve(
        black=system.black_start(),
        red=grid.zeros(jnp.float32),
        direction=grid.zeros(jnp.float32),
        product=jnp.zeros((), jnp.float32),
        gain=zero,
        missing=far,
        steps=jnp.asarray(0),
        sound=jnp.asarray(True),
        measured=Measured(jnp.zeros(2 * max(grid.blocks) + 1, wide), zero, far, far),
        error=jnp.asarray(ERROR, wide),
        code=jnp.asarray(MAX_ITERATIONS),
        running=jnp.asarray(True),
    )
    end = jax.lax.while_loop(
        lambda s: s.running, lambda s: _improve(system, by, size, tolerance, limit, s), begin
    )
    return (end.red, end.black.astype(jnp.float32)), end.measured, end.steps, end.code


@cache
def _compiled(platform: str) -> Any:
    """Compile the solve. On CPU, LLVM's higher levels take longer and gain nothing measurable."""
    options: Any = {"xla_backend_optimization_level": 1} if platform == "cpu" else None
    return jax.jit(_solve, static_argnames="cells", compiler_options=options)
