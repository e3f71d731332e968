"""Where a cell is computed: on one device, or in slabs on several, perhaps of several processes.

The time step is the same function either way (:mod:`.advance`); in slabs it runs under ``jax.shard_map``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from ..cell.jacobian import Jacobian
from ..cell.residual import System
from ..cell.slabs import AXIS, Slabs
from ..cell.state import Currents, Unknowns
from .advance import LEAN, Attempt, Past, advance, attempt_step
from .newton import BASIS, LARGE_BASIS, NARROW, WIDE, Solve
from .precondition import Hierarchies


class OneDevice:
    """The whole cell on JAX's default device."""

    def __init__(self, system: System) -> None:
        self.whole = self.system = system
        self.advance: Callable[..., Attempt] = advance
        self.advance_deeply: Callable[..., Attempt] = partial(advance, basis=LARGE_BASIS)
        self.advance_widely: Callable[..., Attempt] = partial(advance, basis=LARGE_BASIS, dtype=WIDE)
        self.lower: Callable[..., Any] = advance.lower

    def place(self, past: Past) -> Past:
        """Bring a past of the whole cell to where it is computed."""
        return past

    def whole_past(self, past: Past) -> Past:
        """Bring a past back as one of the whole cell, on the host."""
        return jax.tree.map(np.asarray, past)

    def hierarchies(self, jacobian: Jacobian | None = None) -> Hierarchies:
        """Set up the multigrid patterns, from a linearization of the whole cell or from typical values."""
        return Hierarchies.build(self.system, jacobian=jacobian)

    def cells(self, values: Any) -> Any:
        """Bring a field to the host, shape of the cell."""
        return np.asarray(values)

    def faces(self, values: Any) -> Any:
        """Bring a face quantity to the host, in the order of the cell's faces."""
        return np.asarray(values)

    def plane(self, values: Any) -> Any:
        """Bring a quantity of the lithium plane to the host, shape (ny, nx)."""
        return np.asarray(values)


class SlabDevices(OneDevice):
    """The cell in slabs along z, one per device of a mesh.

    Parameters
    ----------
    system : System
        The whole cell.
    devices : sequence of jax.Device
        One per slab, of any number of processes.

    Raises
    ------
    DeviceError
        If the cell has too few slices for so many devices.
    """

    def __init__(self, system: System, devices: Any) -> None:
        self.whole = system
        self.slabs = Slabs.cut(system.geometry, len(devices))
        self.mesh = Mesh(np.asarray(devices), (AXIS,))
        geometry = self._put(self.slabs.geometry(system.geometry))
        laws, current = self._put((jax.tree.map(np.asarray, (system.laws, system.one_c_current))), P())
        self.system = System(geometry, laws, current)
        self.advance = partial(_advance_in_slabs, mesh=self.mesh)
        self.advance_deeply = partial(_advance_in_slabs, mesh=self.mesh, basis=LARGE_BASIS)
        self.advance_widely = partial(self.advance_deeply, dtype=WIDE)
        self.lower = partial(_advance_in_slabs.lower, mesh=self.mesh)

    def _put(self, tree: Any, spec: P | None = None) -> Any:
        """Give every device its part of each array, a copy of each scalar."""

        def put(a: np.ndarray) -> jax.Array:
            a = np.asarray(a)
            where = NamedSharding(self.mesh, _spec(a) if spec is None else spec)
            return jax.make_array_from_callback(a.shape, where, lambda index: a[index])

        return jax.tree.map(put, tree)

    def place(self, past: Past) -> Past:
        """Bring a past of the whole cell to where it is computed."""
        s = self.slabs
        host: Any = jax.tree.map(np.asarray, past)
        return self._put(
            Past(
                tuple(s.split_cells(a) for a in host.c),
                tuple(s.split_cells(a) for a in host.phi_s),
                tuple(s.split_cells(a) for a in host.phi_e),
                host.voltage,
                host.current,
                Currents(s.split_faces(host.currents.face), s.split_plane(host.currents.lithium)),
                s.split_faces(host.film),
                s.split_faces(host.surface),
            )
        )

    def whole_past(self, past: Past) -> Past:
        """Bring a past back as one of the whole cell, on the host."""
        c, phi_s, phi_e = (
            tuple(self.cells(a) for a in states) for states in (past.c, past.phi_s, past.phi_e)
        )
        voltage: Any = tuple(_host(a) for a in past.voltage)
        current: Any = tuple(_host(a) for a in past.current)
        currents = Currents(self.faces(past.currents.face), self.plane(past.currents.lithium))
        film, surface = self.faces(past.film), self.faces(past.surface)
        return Past(c, phi_s, phi_e, voltage, current, currents, film, surface)

    def hierarchies(self, jacobian: Jacobian | None = None) -> Hierarchies:
        """Set up the multigrid patterns, from a linearization of the whole cell or from typical values."""
        return self._put(Hierarchies.build(self.whole, self.slabs, jacobian))

    def cells(self, values: Any) -> Any:
        """Bring a field to the host, shape of the cell."""
        return self.slabs.join_cells(_host(values))

    def faces(self, values: Any) -> Any:
        """Bring a face quantity to the host, in the order of the cell's faces."""
        return self.slabs.join_faces(_host(values))

    def plane(self, values: Any) -> Any:
        """Bring a quantity of the lithium plane to the host, shape (ny, nx)."""
        return self.slabs.join_plane(_host(values))


def _spec(a: Any) -> P:
    return P(AXIS) if jnp.ndim(a) else P()


def _host(a: jax.Array) -> np.ndarray:
    """Fetch an array, from other processes too."""
    if a.is_fully_addressable or a.is_fully_replicated:
        return np.asarray(a)
    return np.asarray(multihost_utils.process_allgather(a, tiled=True))


@partial(jax.jit, static_argnames=("mesh", "basis", "dtype"), compiler_options=LEAN)
def _advance_in_slabs(
    system: System,
    hierarchies: Hierarchies,
    past: Past,
    k: Any,
    control: Any,
    reference: Any,
    tolerances: Any,
    error_tolerance: Any,
    *,
    mesh: Mesh,
    basis: int = BASIS,
    dtype: Any = NARROW,
) -> Attempt:
    """:func:`.advance.attempt_step` with every array in slabs and every number on all devices."""
    split = jax.tree.map(_spec, (system.geometry, hierarchies, past))
    field: Any = P(AXIS)
    same: Any = P()
    unknowns = Unknowns(field, field, field, same)
    currents = Currents(field, field)
    result = Attempt(
        solve=Solve(unknowns, currents, unknowns, same, same, same, same, same),
        film=field,
        error=same,
        measures=same,
        surface=field,
    )
    step = jax.shard_map(
        partial(attempt_step, basis=basis, dtype=dtype),
        mesh=mesh,
        in_specs=(System(split[0], same, same), split[1], split[2], *(same,) * 5),
        out_specs=result,
        check_vma=False,
    )
    return step(system, hierarchies, past, k, control, reference, tolerances, error_tolerance)
