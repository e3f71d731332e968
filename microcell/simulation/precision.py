"""Where and in which precision a simulation computes.

microcell computes in float64. It switches it on for its own work with JAX's context manager
``jax.enable_x64`` and leaves the process-wide setting, and with it other libraries, alone. Nothing happens at
import.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import jax
import jax.numpy as jnp

from ..errors import DeviceError


@contextmanager
def computing_on(device: str | None) -> Iterator[None]:
    """Compute in float64 on a device while the context lasts.

    Parameters
    ----------
    device : str or None
        "cpu", "gpu", "gpu:1", ...; JAX's default where None.

    Raises
    ------
    DeviceError
        If the device is not there or cannot do float64.
    """
    chosen = next(d for d in find_devices(device, None) if d.process_index == jax.process_index())
    with jax.enable_x64(True), jax.default_device(chosen):
        if jnp.zeros(()).dtype != jnp.float64:
            raise DeviceError(
                "float64 is not available",
                key="device",
                value=chosen,
                fix="update JAX, or compute on the CPU",
            )
        yield


def find_devices(device: str | None, count: int | None) -> list[jax.Device]:
    """Return the devices that a cell is spread over.

    Parameters
    ----------
    device : str or None
        Their kind, "cpu" or "gpu", or one of them, "gpu:1"; JAX's default kind where None.
    count : int or None
        How many; where None, one, or in a run over several processes all that there are.

    Raises
    ------
    DeviceError
        If they are not there.
    """
    kind, _, number = (device or "").partition(":")
    try:
        present = jax.devices(kind or None)
        if number:
            present = [present[int(number)]]
    except (RuntimeError, IndexError, ValueError) as error:
        raise DeviceError(
            f"the device {device!r} is not available",
            key="device",
            value=device,
            allowed=f"here: {_names(jax.devices())}",
            fix="leave the device out, or install JAX with support for it "
            "(for NVIDIA: pip install 'jax[cuda13]')",
        ) from error
    if count is None:
        count = len(present) if jax.process_count() > 1 else 1
    if not 1 <= count <= len(present):
        raise DeviceError(
            "there are not so many devices",
            key="devices",
            value=count,
            allowed=f"1 to {len(present)} ({_names(present)})",
            fix="use fewer; a CPU counts as several with XLA_FLAGS=--xla_force_host_platform_device_count=8",
        )
    if jax.process_count() > 1 and count < len(present):
        raise DeviceError(
            "a run over several processes uses all their devices",
            key="devices",
            value=count,
            allowed=f"{len(present)}",
            fix="leave --devices out",
        )
    return present[:count]


def _names(devices: list[jax.Device]) -> str:
    return ", ".join(sorted({f"{d.platform}:{d.id}" for d in devices}))
