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
    chosen = find_device(device)
    with jax.enable_x64(True), jax.default_device(chosen):
        if jnp.zeros(()).dtype != jnp.float64:
            raise DeviceError(
                "float64 is not available",
                key="device",
                value=chosen,
                fix="update JAX, or compute on the CPU",
            )
        yield


def find_device(device: str | None) -> jax.Device:
    """Return a JAX device by name, see :func:`computing_on`."""
    if device is None:
        return jax.devices()[0]
    kind, _, number = device.partition(":")
    try:
        return jax.devices(kind)[int(number or 0)]
    except (RuntimeError, IndexError, ValueError) as error:
        present = ", ".join(sorted({f"{d.platform}:{d.id}" for d in jax.devices()}))
        raise DeviceError(
            f"the device {device!r} is not available",
            key="device",
            value=device,
            allowed=f"here: {present}",
            fix="leave the device out, or install JAX with support for it "
            "(for NVIDIA: pip install 'jax[cuda13]')",
        ) from error
