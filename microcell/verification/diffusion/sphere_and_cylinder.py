"""Diffusion into a sphere and a cylinder of voxels under a constant flux: the checks and pictures."""

from __future__ import annotations

import numpy as np

from ..problem import Check, Findings, Line, Order, Picture, Problem, Setting, below, near, order, within
from .bodies import BODIES, MODELS, RADIUS, TAU, Body, Found, run


def solve(name: str, setting: Setting) -> Findings:
    """Run a body at several radii in voxels with both area models."""
    body = BODIES[name]
    radii = body.radii(setting)
    runs = {model: [run(name, n, model) for n in radii] for model in MODELS}
    last = {model: found[-1] for model, found in runs.items()}
    checks: list[Check | Order] = []
    for model in MODELS:
        checks += _balances(body, model, last[model])
    checks += _weighted(body, radii, runs["normals"])
    checks += _counted(body, radii[-1], last["faces"], last["normals"])
    return Findings(tuple(checks), (_profiles(body, radii, runs), _errors(body, radii, runs)))


def _balances(body: Body, model: str, found: Found) -> list[Check | Order]:
    mean, felt = body.dimension * TAU / found.volume, found.driven / found.area
    return [
        near(
            f"{model}: mean rise from the charge and the volume of the voxels [j R/D]",
            found.mean,
            mean,
            relative=1e-6,
        ),
        near(
            f"{model}: area felt by the overpotential over area of the faces [-]",
            felt,
            1.0,
            relative=5e-4,
        ),
    ]


def _weighted(body: Body, radii: tuple[int, ...], runs: list[Found]) -> list[Check | Order]:
    last, sizes = runs[-1], [RADIUS / n for n in radii]
    harmonic = last.harmonic / body.harmonic
    checks: list[Check | Order] = [
        within("normals: area felt over the true one [-]", last.driven, 0.99, 1.03),
        near("normals: surface less mean [j R/D]", last.surface - last.mean, body.gap, relative=0.01),
        # a face of the staircase lies anywhere within half a voxel of the body: h / sqrt(12) rms
        below("normals: scatter at the surface [j h/D]", last.scatter * radii[-1], 12**-0.5),
        near("normals: fourth harmonic over that of counted faces [-]", harmonic, 0.0, absolute=0.12),
    ]
    if body.dimension == 3:  # along the rim of a cylinder too few faces lie for a steady slope
        scatter = [f.scatter for f in runs]
        checks.append(order("normals: scatter at the surface [j R/D]", sizes, scatter, 1, above=1.0))
    return checks


def _counted(body: Body, n: int, faces: Found, normals: Found) -> list[Check | Order]:
    felt, added = faces.driven, faces.harmonic - normals.harmonic
    disc = n ** (-4 / 3)
    return [
        near("faces: faces over those of the shadows [-]", faces.counted, 1.0, relative=1e-12),
        near(
            "faces: area felt over the true one [-]",
            felt,
            body.surplus,
            relative=disc,
        ),
        near("faces less normals: fourth harmonic inside [j R/D]", added, body.harmonic, relative=4 / n),
    ]


def _profiles(body: Body, radii: tuple[int, ...], runs: dict[str, list[Found]]) -> Picture:
    r = np.linspace(0.0, 1.0, 101)
    lines = [Line("series", r.tolist(), body.series(r, TAU).tolist())]
    for model in MODELS:
        found = runs[model][-1]
        order_of = np.argsort(found.r)[:: max(1, len(found.r) // 150)]
        label = f"{model}, cells, {radii[-1]} voxels radius"
        lines.append(Line(label, found.r[order_of].tolist(), found.c[order_of].tolist(), marks=True))
    title = f"Lithium in a {body.name}, t = {TAU} R2/D"
    return Picture(title, "Distance from the centre r/R [-]", "Rise of concentration [j R/D]", tuple(lines))


def _errors(body: Body, radii: tuple[int, ...], runs: dict[str, list[Found]]) -> Picture:
    n = list(map(float, radii))
    first = [runs["normals"][0].scatter * n[0] / k for k in n]
    lines = [Line("first order", n, first)]
    for model in MODELS:
        area = [abs(f.driven - 1) for f in runs[model]]
        gap = [abs(f.surface - f.mean - body.gap) for f in runs[model]]
        lines.append(Line(f"{model}: area [-]", n, area, marks=True))
        lines.append(Line(f"{model}: surface less mean [j R/D]", n, gap, marks=True))
        lines.append(
            Line(f"{model}: scatter at the surface [j R/D]", n, [f.scatter for f in runs[model]], marks=True)
        )
        lines.append(
            Line(
                f"{model}: mean [j R/D]",
                n,
                [abs(f.mean - body.dimension * TAU) for f in runs[model]],
                marks=True,
            )
        )
    title = f"Errors of a {body.name} over its radius"
    return Picture(title, "Radius [voxels]", "Error [-]", tuple(lines), log_x=True, log_y=True)


PROBLEMS = (
    Problem(
        name="sphere-constant-flux",
        title="A sphere of voxels under a constant flux, with both area models",
        family="diffusion",
        answer="series",
        statement=(
            "An eighth of a sphere of 4 um on the collector, radius 8 and 16 voxels (full size: to "
            "32), t = 0.3 R^2/D; slow kinetics and a flat open-circuit line give all faces the same "
            "current density. The series says 0.1998 j R/D between surface and mean (1 %: (h/R)^2 and the "
            "shape of the voxel sphere); the scatter of the surface concentration must be of first order "
            "and below j h/(sqrt(12) D), as faces lie within half a voxel of the sphere. Counted faces, "
            "which do not converge, have 1.5 times the area (to n^(-4/3): a disc of voxels), felt by the "
            "overpotential, and draw a flux (|nx|+|ny|+|nz|)/1.5; its fourth harmonic, -35/64 "
            "(nx^4+ny^4+nz^4-3/5), leaves a quarter of itself in the concentration (to 4 h/R: a radius "
            "uncertain by a voxel, in the fourth power). Normals do not quite converge either: one voxel "
            "of smoothing leaves terraces on gently tilted planes, whose area comes out 0 to 2.7 % too "
            "large, so -1 to +3 % on a sphere; beside the flux of counted faces, which ranges over 48 %, "
            "this is 0.06 of the harmonic, and the staircase may add as much again."
        ),
        source="Crank, The Mathematics of Diffusion, 2nd ed., Eq. 6.45; model page, section 3",
        solve=lambda setting: solve("sphere", setting),
    ),
    Problem(
        name="cylinder-constant-flux",
        title="A cylinder of voxels under a constant flux, with both area models",
        family="diffusion",
        answer="series",
        statement=(
            "As sphere-constant-flux, with a quarter of a cylinder of 4 um lying on the collector, radius "
            "8 and 32 voxels (full size: to 64). The series says 0.2483 j R/D between surface and "
            "mean (1 %). Counted faces have 4/pi times the area and draw a flux (|ny|+|nz|) pi/4 = 1 - "
            "2/15 cos 4 theta - ..., which leaves -1/30 (r/R)^4 cos 4 theta j R/D in the concentration at "
            "any voxel size (to 4 h/R). Other tolerances as there."
        ),
        source="Crank, The Mathematics of Diffusion, 2nd ed., chapter 5; model page, section 3",
        solve=lambda setting: solve("cylinder", setting),
    ),
)
