"""Effective conductivity with closed forms: a uniform block, laminates, and four squares around a corner."""

from __future__ import annotations

from functools import partial

import numpy as np

from ...homogenization import effective
from ..media import volume_of
from ..problem import Check, Findings, Line, Order, Picture, Problem, Setting, near, order
from .corners import extrapolate, four_squares, mismatch, singular_exponent, squares

VOXEL = (500e-9, 400e-9, 250e-9)
"""Three different edges [m]: an edge taken for another would show."""

SHAPE = (9, 8, 10)
CONDUCTIVITY = {"pore": 1.0, "active": 1 / 30, "cbd": 7.0}
"""Relative conductivities of the laminate."""

ROUNDING = 1e-12
"""Relative; some ten thousand operations in double precision."""

SIZE = "Voxel size over edge of the box [-]"

Case = tuple[tuple[float, ...], tuple[int, ...], str]
"""Conductivities of the phases, phases around the corner, axis."""


def solve_uniform(setting: Setting) -> Findings:
    """Solve a block of pore along its three axes."""
    rows = effective(volume_of(np.zeros(SHAPE), VOXEL), "pore")
    checks = [near(f"tau along {row.axis} [-]", row.tortuosity_factor, 1, absolute=ROUNDING) for row in rows]
    return Findings(tuple(checks))


def solve_laminates(setting: Setting) -> Findings:
    """Solve layers normal to each axis, across and along."""
    return Findings(tuple(check for normal in range(3) for check in laminate_checks(normal)))


def laminate_checks(normal: int) -> list[Check]:
    """Compare random layers of three phases with the harmonic mean across and the arithmetic one along."""
    layers = np.random.default_rng(normal).permutation(np.arange(SHAPE[normal]) % 3)
    place = np.expand_dims(layers, [axis for axis in range(3) if axis != normal])
    k = np.array(list(CONDUCTIVITY.values()))[layers]
    labels = np.broadcast_to(place, SHAPE)
    checks = []
    for axis, row in zip(
        "zyx", effective(volume_of(labels, VOXEL), CONDUCTIVITY, tolerance=1e-10), strict=True
    ):
        across = axis == "zyx"[normal]
        expected = 1 / np.mean(1 / k) if across else np.mean(k)
        name = f"k_eff along {axis}, layers normal to {'zyx'[normal]} [-]"
        checks.append(near(name, row.conductivity, float(expected), relative=ROUNDING))
    return checks


def found_at(
    conductivities: tuple[float, ...], phases: tuple[int, ...], n: int, cell: int, axis: str
) -> float:
    """Return k_eff of four squares at ``cell`` voxels per square, in an image of n x n voxels."""
    present = {name: k for name, k in zip(CONDUCTIVITY, conductivities, strict=False) if k > 0}
    volume = volume_of(squares(phases, n, cell), 1e-6)
    return effective(volume, present, axis, tolerance=1e-6).rows[0].conductivity


def refine(
    conductivities: tuple[float, ...],
    phases: tuple[int, ...],
    axis: str,
    setting: Setting,
    band: float,
) -> tuple[list[Check | Order], list[Line]]:
    """Compare k_eff with the closed form: its slope, and its limit at no voxel size."""
    n = 256 if setting.full else 64
    cells = [n // 8, n // 4, n // 2, n]
    quadrants = tuple(conductivities[phase] for phase in phases)
    expected, power = four_squares(quadrants, axis), 2 * singular_exponent(quadrants)
    found = [found_at(conductivities, phases, n, cell, axis) for cell in cells]
    sizes, errors = [1 / cell for cell in cells], [mismatch(k, expected) for k in found]
    around = ", ".join(f"{k:g}" for k in quadrants)
    name = f"k_eff along {axis}, squares {around} [-]"
    limit = extrapolate(sizes[1:], found[1:], power)
    slope = order(f"error of {name}", sizes, errors, power, size=SIZE, below=band, above=band)
    # left after the corner is a second-order term, magnified by the extrapolation
    bound = sizes[-1] * sizes[-2] / (2**power - 1)
    rest = near(f"{name}, no voxel size", limit, expected, relative=bound)
    guide = [errors[-1] * (size / sizes[-1]) ** power for size in sizes]
    label = f"{around}, {axis}"
    lines = [Line(f"{label}: slope {power:.3f}", sizes, guide), Line(label, sizes, errors, marks=True)]
    return [slope, rest], lines


def solve_squares(title: str, cases: tuple[Case, ...], band: float, setting: Setting) -> Findings:
    """Solve several sets of four squares."""
    parts = [refine(k, phases, axis, setting, band) for k, phases, axis in cases]
    lines = tuple(line for _, some in parts for line in some)
    picture = Picture(title, SIZE, "|k - k_eff| / (k + k_eff) [-]", lines, log_x=True, log_y=True)
    return Findings(tuple(check for checks, _ in parts for check in checks), (picture,))


CHECKERBOARD = (((1.0, 10.0), (0, 1, 0, 1), "z"), ((1.0, 100.0), (0, 1, 0, 1), "z"))
OBSTACLES = (((1.0, 0.0), (0, 1, 0, 0), "z"),)
FOUR = (((1.0, 10.0, 0.1), (0, 0, 2, 1), "z"), ((1.0, 10.0, 0.1), (0, 0, 2, 1), "y"))

CORNER = (
    "The corner makes the potential singular, r^s, and the error of the order h^(2s), with {slope}: the "
    "slope within {band:g}, since no other term shows before h^2. The limit at no voxel size, from the "
    "three finest by k = (k0 - b h^(2s))/(1 + a h^(2s)), meets the closed form within the second-order "
    "term h1 h2 of the two finest voxels over 2^(2s) - 1, by which the extrapolation magnifies it."
)

PROBLEMS = (
    Problem(
        name="uniform-block",
        title="A block of one conductor",
        family="transport",
        answer="exact",
        statement=(
            "9 x 8 x 10 voxels of 500 x 400 x 250 nm, all pore. The potential is a straight line, which "
            "finite volumes represent exactly: tau = 1 along every axis, to the rounding of double "
            "precision (1e-12)."
        ),
        source="definition of the tortuosity factor",
        solve=solve_uniform,
    ),
    Problem(
        name="laminates",
        title="Layers in series and in parallel",
        family="transport",
        answer="exact",
        statement=(
            "Layers of conductivity 1, 1/30 and 7 in random order, normal to each axis in turn; voxels of "
            "500 x 400 x 250 nm. Across the layers k_eff is the harmonic mean, along them the arithmetic "
            "mean. Harmonic means on faces make both exact at any voxel size: 1e-12, the rounding of "
            "double precision."
        ),
        source="Wiener 1912, Abh. Math.-Phys. Kl. Koenigl. Saechs. Ges. Wiss. 32, 509",
        solve=solve_laminates,
    ),
    Problem(
        name="checkerboard",
        title="Checkerboard columns: sqrt(k1 k2)",
        family="transport",
        answer="exact",
        statement=(
            "Square columns of conductivity 1 and 10, and of 1 and 100, as a checkerboard. The image holds "
            "mirrored copies of the box between the centres of four squares: its faces are mirror planes, "
            "so that ends at fixed potential and closed sides give the infinite checkerboard, k_eff = "
            "sqrt(k1 k2) = 3.1623 and 10. "
            + CORNER.format(slope="tan(s pi/4) = sqrt(k1/k2): slopes 0.779 and 0.254", band=0.02)
        ),
        source="Keller 1964, J. Math. Phys. 5, 548; Dykhne 1971, Sov. Phys. JETP 32, 63",
        solve=partial(solve_squares, "Checkerboard columns", CHECKERBOARD, 0.02),
    ),
    Problem(
        name="square-obstacles",
        title="Insulating square columns: 1/sqrt(3)",
        family="transport",
        answer="exact",
        statement=(
            "A square array of insulating square columns that fill a quarter of the area; only pore "
            "conducts. Mirror planes as for the checkerboard. k_eff = 1/sqrt(3) = 0.57735, a tortuosity "
            "factor of 0.75 sqrt(3) = 1.2990. "
            + CORNER.format(slope="s = 2/3 at a re-entrant corner: slope 4/3", band=0.1)
        ),
        source="Obnosov 1999, SIAM J. Appl. Math. 59, 1267",
        solve=partial(solve_squares, "Insulating square columns", OBSTACLES, 0.1),
    ),
    Problem(
        name="four-squares",
        title="Three phases around a corner, an anisotropic answer",
        family="transport",
        answer="exact",
        statement=(
            "Square columns, four to a period: conductivities 1, 1, 0.1, 10 in turn around the corner, "
            "flux along both axes. Mirror planes as for the checkerboard. With t the sum of the four "
            "triple products over the sum of the conductivities, and k1 beside k2 and k4 beside k3 along "
            "the flux, k_eff^2 = t (k1 + k4)(k2 + k3)/((k1 + k2)(k3 + k4)). "
            + CORNER.format(
                slope="s the least root of the trace condition of a turn around the corner", band=0.1
            )
        ),
        source="Mortola & Steffe 1985; Craster & Obnosov 2001, SIAM J. Appl. Math. 61, 1839; Milton 2001",
        solve=partial(solve_squares, "Four squares", FOUR, 0.1),
    ),
)
