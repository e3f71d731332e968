"""Molecular dynamics and self-diffusion: runs through ASE, mean squared displacements, Arrhenius fits."""

from __future__ import annotations

from ...optional import load

load("ase", "atomistic")

from .arrhenius import Arrhenius, fit_arrhenius  # noqa: E402
from .diffusion import Diffusivity, self_diffusivity  # noqa: E402
from .figure import draw_arrhenius, draw_displacement  # noqa: E402
from .msd import MeanSquaredDisplacement, block_displacement, mean_squared_displacement  # noqa: E402
from .run import ENSEMBLES, RunSettings, run  # noqa: E402
from .trajectory import Track, read_track  # noqa: E402

__all__ = [
    "ENSEMBLES",
    "Arrhenius",
    "Diffusivity",
    "MeanSquaredDisplacement",
    "RunSettings",
    "Track",
    "block_displacement",
    "draw_arrhenius",
    "draw_displacement",
    "fit_arrhenius",
    "mean_squared_displacement",
    "read_track",
    "run",
    "self_diffusivity",
]
