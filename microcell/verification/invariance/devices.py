"""The same cell on other hardware: several devices, and a GPU."""

from __future__ import annotations

import jax

from ...cell.halfcell import HalfCell
from ..problem import Check, Findings, Problem, Setting, Skipped, below, near
from ..small_cathode import State, small_cathode
from .field_comparison import charged, differences, distance, fields_of

SAME = 1e-9
"""Largest difference of a field over its range of values, residuals 2e-11 of the current."""


def _compare(cell: HalfCell, expected: State, found: State, what: str) -> tuple[Check, ...]:
    return (
        *differences(fields_of(cell, expected), fields_of(cell, found), what, SAME),
        below(f"{what}: film thickness, largest difference over its range [-]", _film(expected, found), SAME),
        near(f"{what}: cell voltage [V]", found.voltage, expected.voltage, absolute=1e-11),
    )


def _film(expected: State, found: State) -> float:
    """Compare films that grow on some faces; where all are alike, relative to their thickness."""
    spread = expected.film.max() - expected.film.min()
    same = abs(expected.film - found.film).max() / expected.film.max()
    return distance(expected.film, found.film) if spread > 0 else float(same)


def _solve_devices(setting: Setting) -> Findings:
    present = len(jax.devices())
    if present < 2:
        raise Skipped(
            "there is one device; a CPU counts as four when microcell is started with "
            "XLA_FLAGS=--xla_force_host_platform_device_count=4"
        )
    cell = small_cathode().cell()
    expected = charged(cell)
    counts = [n for n in ((2, 3, 4) if setting.full else (2,)) if n <= present]
    checks = [c for n in counts for c in _compare(cell, expected, charged(cell, devices=n), f"{n} devices")]
    return Findings(tuple(checks), remark=f"{present} devices: {jax.devices()[0].platform}.")


def _solve_gpu(setting: Setting) -> Findings:
    try:
        gpu = jax.devices("gpu")[0]
    except RuntimeError as error:
        raise Skipped(
            "there is no GPU that JAX can use; on a machine with one, pip install 'jax[cuda13]'"
        ) from error
    cell = small_cathode().cell()
    with jax.default_device(jax.devices("cpu")[0]):
        expected = charged(cell, device="cpu")
    found = charged(small_cathode().cell(), device="gpu")
    return Findings(_compare(cell, expected, found, "GPU"), remark=f"GPU: {gpu.device_kind}.")


_CELL = (
    "Generated cathode of 8 x 6 x 6 voxels, built-in NMC811, 20 s of charge at 2C from 3.9 V, residuals "
    "2e-11 of the current."
)

PROBLEMS: tuple[Problem, ...] = (
    Problem(
        name="several-devices",
        title="A cell in slabs on several devices gives the answer of one device",
        family="invariance",
        answer="exact",
        statement=f"{_CELL} On 2 devices (full size: also 3 and 4), 13 slices in slabs, against one device: "
        "fields, film and voltage. Only the order of sums differs, which leaves Newton's remainder: 2e-11 "
        "of the current in one cell is 1e-9 of the range of a field at most; the voltage to 1e-11 V.",
        source="docs/solver.md; model, section 6",
        solve=_solve_devices,
    ),
    Problem(
        name="cpu-and-gpu",
        title="A GPU gives the answer of the CPU",
        family="invariance",
        answer="exact",
        statement=f"{_CELL} On a GPU against the CPU: fields, film and voltage. Rounding and the order of "
        "sums differ, which leaves Newton's remainder: 1e-9 of the range of a field, the voltage to 1e-11 "
        "V.",
        source="model, section 6",
        solve=_solve_gpu,
    ),
)
