"""What a run finds on this machine: compile cache, devices, versions, memory."""

from __future__ import annotations

import importlib.util
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from ..cores import available_cores

VARIABLE = "MICROCELL_CACHE_DIR"
"""Environment variable with the folder for compiled code; empty switches the cache off."""

_MIN_COMPILE_TIME = 0.0  # s; the many small programs together take longer than the reading of their files
_PACKAGES = ("microcell", "jax", "jaxlib", "equinox", "numpy", "scipy", "h5py", "pandas", "scikit-image")
_EXTRAS = {"view": "pyvista", "atomistic": "ase"}


def cache_folder() -> Path | None:
    """Return where compiled code is kept between runs; None where the user has switched that off."""
    chosen = os.environ.get(VARIABLE)
    if chosen is not None:
        return Path(chosen).expanduser() if chosen else None
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "microcell" / "jax"


def enable_compile_cache() -> Path | None:
    """Let JAX keep compiled code on disk, so that the second run of a shape starts at once.

    Returns
    -------
    Path or None
        The folder; None where the cache is off or its folder cannot be made (the run then just compiles).
    """
    import jax

    folder = cache_folder()
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _MIN_COMPILE_TIME)
    return folder


def describe_machine() -> dict[str, Any]:
    """Return versions, devices, precision, memory, compile cache and extras, ready for JSON."""
    return {
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu_cores": available_cores(),
        "memory_bytes": _memory(),
        "devices": _devices(),
        "dtype": _precision(),
        "compile_cache": _describe_cache(),
        "extras": {name: _version(package) for name, package in _EXTRAS.items()},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "source tree" if importlib.util.find_spec(package) else None


def _memory() -> dict[str, int] | None:
    """Return total and available memory in bytes where the system tells (Linux)."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return {"total": 1024 * kilobytes["MemTotal"], "available": 1024 * kilobytes["MemAvailable"]}


def _devices() -> list[dict[str, Any]]:
    import jax

    return [
        {
            "name": str(device),
            "platform": device.platform,
            "kind": device.device_kind,
            "memory_bytes": (device.memory_stats() or {}).get("bytes_limit"),
        }
        for device in jax.devices()
    ]


def _precision() -> str:
    """Return the type that a computation with double precision switched on really has."""
    import jax

    with jax.enable_x64(True):
        return str((jax.numpy.ones(2, dtype="float64") * 2).dtype)


def _describe_cache() -> dict[str, Any]:
    folder = cache_folder()
    if folder is None:
        return {"folder": None, "entries": 0, "bytes": 0}
    files = [entry for entry in folder.glob("*") if entry.is_file()] if folder.is_dir() else []
    return {"folder": str(folder), "entries": len(files), "bytes": sum(file.stat().st_size for file in files)}
