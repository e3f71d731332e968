"""Effective transport through an image, per conductor and axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ..errors import ParameterError
from ..image.phases import IMAGE_PHASES
from ..image.volume import Volume
from ..parameters import ParameterSet
from .conductors import NETWORKS, Spec, read_conductor
from .fluxmap import flux_map
from .network import Network
from .result import AXES, Code, EffectiveTransport, Transport
from .solver import Solved, Solver

STOICHIOMETRY = 0.5
"""Lithium content of the active material where none is given: half full."""

Progress = Callable[[int, int, str], None]


def effective(
    volume: Volume,
    phases: Spec | Sequence[Spec] | None = None,
    axes: str | Sequence[str] | None = None,
    *,
    parameters: ParameterSet | None = None,
    stoichiometry: float = STOICHIOMETRY,
    tolerance: float = 1e-3,
    max_iterations: int = 500,
    potential: bool = False,
    progress: Progress | None = None,
) -> EffectiveTransport:
    """Measure tortuosity factor and effective conductivity of the phases of an image.

    A steady flux is driven through the image along an axis: potential 1 and 0 on the two end faces, no flux
    through the other four, finite volumes on voxels with harmonic means between them. Voxels that are not
    connected to both ends carry nothing and are left out.

    Parameters
    ----------
    volume : Volume
        The segmented image; voxels may have three different edges.
    phases : str, mapping, or several of them, optional
        What conducts: "pore", "pore+cbd", "pore+cbd=0.15" with a conductivity relative to the others,
        "active=0.1 S/m + cbd=10 S/m", the same as mappings; "electrolyte" is pore and porous cbd, "solid" is
        active and cbd for electrons, both with the conductivities of the parameter set. Where left out:
        electrolyte, solid, and each phase alone.
    axes : str or sequence of str, optional
        Of "z" (or "through"), "y", "x"; all three where left out.
    parameters : ParameterSet, optional
        For "electrolyte" and "solid"; the built-in "nmc811" where left out.
    stoichiometry : float
        Lithium content of the active material, for its electronic conductivity in "solid".
    tolerance : float
        Accepted difference between the fluxes through any two slices, end faces included, relative to their
        mean. The effective conductivity is more accurate: its error is of the order of the square.
    max_iterations : int
        Limit of conjugate gradients, per conductor and axis.
    potential : bool
        Keep the potentials (float32, as large as the image each).
    progress : callable, optional
        Called with solves done, solves in all, and what is done now.

    Returns
    -------
    EffectiveTransport
        One `Transport` per conductor and axis; ``print`` shows a table. A conductor that does not reach
        from end to end has an effective conductivity of zero and an infinite tortuosity factor; one whose
        solve did not converge has NaN in both, and a code that says so.

    Raises
    ------
    ParameterError
        If a phase, an axis or a conductivity is not understood.
    GeometryError
        If the image has no voxel of what shall conduct.

    Notes
    -----
    Tortuosity factor ``tau = eps D_0 / D_eff`` with the volume fraction ``eps`` of the conductor; where
    phases conduct differently ``tau = sum(eps_i D_i) / D_eff`` (Kench et al. 2023, doi 10.21105/joss.05358).
    MacMullin number ``D_0 / D_eff``.
    """
    _check_numbers(stoichiometry, tolerance, max_iterations)
    chosen = read_axes(axes)
    with jax.enable_x64(True):
        specs = _specs(volume, phases)
        parameters = parameters or ParameterSet.builtin()
        conductors = tuple(read_conductor(spec, parameters, stoichiometry) for spec in specs)
        job = _Job(volume, chosen, tolerance, max_iterations, potential, len(conductors), progress)
        networks = (Network.find(volume, conductor) for conductor in conductors)
        rows = [row for network in networks for row in job.measure(network)]
    return EffectiveTransport(tuple(rows), volume, conductors)


def read_axes(axes: str | Sequence[str] | None) -> list[int]:
    """Return axis numbers of "z" (or "through"), "y", "x"; "zx" are two.

    Raises
    ------
    ParameterError
        If there is no such axis.
    """
    if axes is None:
        return [0, 1, 2]
    given = [axes] if isinstance(axes, str) else list(axes)
    letters = "".join("z" if str(axis).lower() == "through" else str(axis).lower() for axis in given)
    wrong = [letter for letter in letters if letter not in AXES]
    if wrong or not letters:
        raise ParameterError(
            "there is no such axis",
            key="axis",
            value=", ".join(map(str, given)),
            allowed="z (or through), y, x",
            fix="the axes are those of the turned image: z goes from separator to collector",
        )
    return sorted({AXES.index(letter) for letter in letters})


def _check_numbers(stoichiometry: float, tolerance: float, max_iterations: int) -> None:
    for key, value, good, allowed in (
        ("stoichiometry", stoichiometry, 0 <= stoichiometry <= 1, "0 to 1"),
        ("tolerance", tolerance, 1e-10 <= tolerance <= 0.1, "1e-10 to 0.1"),
        ("max_iterations", max_iterations, max_iterations >= 1, "at least 1"),
    ):
        if not good:
            raise ParameterError("out of range", key=key, value=value, allowed=allowed)


def _specs(volume: Volume, phases: Spec | Sequence[Spec] | None) -> list[Spec]:
    """Return what was asked for, or the networks and phases that the image has."""
    if phases is not None:
        specs = [phases] if isinstance(phases, str | Mapping) else list(phases)
        if not specs:
            raise ParameterError("nothing shall conduct", key="phase", fix="name a phase, or leave this out")
        return specs
    present = [name for name, phase in IMAGE_PHASES.items() if np.any(volume.labels == phase)]
    # without cbd, each network is one phase
    return [*(NETWORKS if "cbd" in present else ()), *present]


@dataclass
class _Job:
    """How to solve, and how much of it is done."""

    volume: Volume
    axes: list[int]
    tolerance: float
    max_iterations: int
    keep_potential: bool
    conductors: int
    progress: Progress | None
    done: int = 0

    def measure(self, network: Network) -> list[Transport]:
        """Solve a conductor along all axes."""
        name = network.conductor.name
        shares = {axis: network.spanning_fraction(axis) for axis in self.axes}
        open_axes = [axis for axis, share in shares.items() if share > 0]
        rows = [_blocked(network, axis) for axis in self.axes if axis not in open_axes]
        self._tell(name, finished=len(rows))
        solver = Solver(network, self.volume.voxel_size, self.tolerance, self.max_iterations)
        if open_axes:
            self._tell(f"{name} along {AXES[open_axes[0]]}")
        for solved in solver.solve(open_axes):
            rows.append(_measured(network, solved, self.keep_potential))
            self._tell(f"{name} along {AXES[solved.axis]}", finished=1)
        return sorted(rows, key=lambda row: AXES.index(row.axis))

    def _tell(self, text: str, finished: int = 0) -> None:
        self.done += finished
        if self.progress is not None:
            self.progress(self.done, self.conductors * len(self.axes), text)


def _blocked(network: Network, axis: int) -> Transport:
    """Return the row of a conductor that does not reach from end to end."""
    return Transport(**_known(network, axis), conductivity=0.0, code=Code.NO_PATH)


def _measured(network: Network, result: Solved, keep_potential: bool) -> Transport:
    """Turn fluxes per unit drop and voxel into effective properties."""
    axis, codes, solved = result
    length = codes.shape[axis]
    scale = network.largest * length**2 / codes.size
    flux = scale * solved.flux
    code = Code(solved.code)
    mean_density = float(flux.mean()) / (network.largest * length)
    potential = None
    if keep_potential:
        potential = np.where(codes > 0, np.asarray(solved.potential, np.float32), np.float32(np.nan))
    return Transport(
        **_known(network, axis),
        conductivity=scale * solved.dissipation if code is Code.CONVERGED else np.nan,
        code=code,
        iterations=solved.iterations,
        residual=solved.residual,
        flux_mismatch=solved.mismatch,
        slice_flux=flux,
        flux_map=flux_map(solved.potential, codes, network.table, axis) / np.float32(mean_density),
        potential=potential,
    )


def _known(network: Network, axis: int) -> dict[str, Any]:
    """Return what holds without a solve."""
    return {
        "conductor": network.conductor.name,
        "axis": AXES[axis],
        "volume_fraction": network.volume_fraction,
        "spanning_fraction": network.spanning_fraction(axis),
        "parallel": network.parallel,
        "reference": network.conductor.reference,
        "unit": network.conductor.unit,
    }
