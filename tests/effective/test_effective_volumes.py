"""Effective diffusivity of measured cathodes against an independent code (reference volumes, 160^3)."""

from __future__ import annotations

from pathlib import Path

import pytest

import microcell as mc

D_EFF = {"pore": (0.1427, 0.1412, 0.1435), "pore+cbd": (0.2568, 0.3069, 0.3158)}
EPS = {"pore": 0.3976, "pore+cbd": 0.4933}


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("conductor", ["pore", "pore+cbd"])
def test_the_calendered_cathode(conductor: str, shared_dir: Path) -> None:
    """The 160^3 crop of nmc_cal_3phase along all axes: D_eff/D_0 and tau of another code, good to 1 %."""
    volume = mc.Volume.read(
        shared_dir / "volumes" / "nmc_cal_3phase.tif",
        voxel_size="398 nm",
        axes="ZYX",
        through_axis="Z",
        separator_side="low",
        phases={"pore": 0, "active": 1, "cbd": 2},
        crop=[[45, 205], [70, 230], [20, 180]],
    )
    for row, expected in zip(mc.effective(volume, conductor), D_EFF[conductor], strict=True):
        assert row.converged
        assert row.volume_fraction == pytest.approx(EPS[conductor], abs=5e-5)
        assert row.relative == pytest.approx(expected, rel=0.01)
        assert row.tortuosity_factor == pytest.approx(EPS[conductor] / expected, rel=0.01)
