"""What `run.json` says about the program, the machine and the grid."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import numpy as np

from microcell.cell.snapshot import RunGrid

PHASE_NAMES = ("pore", "active", "cbd", "separator", "inert")
"""Name of each phase code, in order."""


def describe_run(case: dict[str, Any], grid: RunGrid, info: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a fresh `run.json`."""
    return {
        "format": "microcell-run",
        "format_version": 1,
        "status": "running",
        "started": now(),
        "updated": now(),
        "case": case,
        "info": info,
        **describe_program(info.get("device")),
        "grid": _describe_grid(grid),
        "steps": [],
        "statistics": {},
    }


def describe_program(device: str | None = None) -> dict[str, Any]:
    """Return versions, and the device where none is given the one that JAX uses by default."""
    return {"versions": _versions(), "device": device or _device()}


def now() -> str:
    """Return the time of day in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _describe_grid(grid: RunGrid) -> dict[str, Any]:
    counts = np.bincount(grid.phases.reshape(-1), minlength=len(PHASE_NAMES))
    particles = np.zeros(0) if grid.particles is None else np.unique(grid.particles[grid.particles > 0])
    return {
        "shape_zyx": grid.phases.shape,
        "voxel_size_zyx_m": grid.voxel_size,
        "size_zyx_m": np.multiply(grid.voxel_size, grid.phases.shape),
        "separator_cells": len(grid.separator_edges),
        "separator_thickness_m": float(np.sum(grid.separator_edges)),
        "voxels_per_phase": dict(zip(PHASE_NAMES, counts, strict=True)),
        "particles": len(particles),
        "interface_faces": len(grid.faces.area),
        "interface_area_m2": float(np.sum(grid.faces.area)),
    }


def _versions() -> dict[str, str]:
    versions = {"python": sys.version.split()[0]}
    for package in ("microcell", "jax", "jaxlib", "numpy", "scipy", "h5py"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def _device() -> str:
    # Results must not start JAX (it would claim a GPU); a run that uses it has imported it already.
    jax = sys.modules.get("jax")
    return str(jax.devices()[0]) if jax is not None else "unknown"
