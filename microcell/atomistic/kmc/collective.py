"""Diffusivities from a run: of the centre of all lithium (jump) and of single lithium (tracer)."""

from __future__ import annotations

import math

from microcell.atomistic.estimate import Estimate
from microcell.errors import AtomisticError

from .run import Run


def jump_diffusivity(run: Run) -> Estimate:
    """Return the jump (collective) diffusivity D_J [m2.s-1].

    ``D_J = lim <|sum_i r_i|^2> / (2 d P t)`` over the P lithium; times the thermodynamic factor it is the
    chemical diffusivity of Fick's law (Gomer 1990, doi 10.1088/0034-4885/53/7/002). Without interactions and
    with one barrier it is ``D0 (1 - x)``; in a closed supercell of N sites, ``D0 (1 - x) N/(N - 1)``. The
    error holds, beside that of the sampling, what longer blocks would still change, see `Run.drift`.
    """
    growth = run.growth(run.centre)
    error = math.hypot(growth.standard_error, run.drift() * growth.mean)
    return _diffusivity(run, growth._replace(standard_error=error))


def tracer_diffusivity(run: Run) -> Estimate:
    """Return the tracer diffusivity D* [m2.s-1], ``lim <r^2> / (2 d t)`` of one lithium.

    Raises
    ------
    AtomisticError
        If lithium was not followed one by one.
    """
    if not run.tracers:
        raise AtomisticError("The run followed no tracers", key="tracers", fix="set Settings(tracers=True)")
    return _diffusivity(run, run.growth(run.tracer))


def haven_ratio(run: Run) -> float:
    """Return ``D* / D_J``, below one where an atom tends to jump back."""
    return tracer_diffusivity(run).mean / jump_diffusivity(run).mean


def short_time_diffusivity(run: Run) -> Estimate:
    """Return what D_J would be if hops were uncorrelated: from their number alone [m2.s-1]."""
    total = run.hops / (run.blocks * run.replicas * run.block_time)
    error = total / max(run.hops, 1) ** 0.5
    return _diffusivity(run, Estimate(total, error, len(run.centre)))


def _diffusivity(run: Run, growth: Estimate) -> Estimate:
    """Turn the growth of squared displacements of all lithium into a diffusivity of one."""
    factor = run.model.spacing**2 / (2 * run.model.lattice.dimensions * run.filling.lithium)
    return Estimate(factor * growth.mean, factor * growth.standard_error, growth.samples)
