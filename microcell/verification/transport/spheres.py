"""Arrays of spheres: what voxels make of curved surfaces, against Rayleigh's multipole method.

Sphere centres lie on corners of a cubic box whose faces are mirror planes of the array, so end faces at fixed
potential and no flux through the sides give the periodic array. The box is half a lattice constant wide.

The error of a staircase is of first order in the voxel, with an irregular part: the flat caps of a sphere
jump by a voxel as its radius grows. Radii swept over one voxel average it out; each image is compared with
the array of its own counted volume fraction.
"""

from __future__ import annotations

import csv
from functools import cache, partial
from importlib import resources

import numpy as np
from scipy.interpolate import CubicSpline

from ...homogenization import effective
from ..media import volume_of
from ..problem import Check, Findings, Line, Order, Picture, Problem, Setting, near, order

CENTRES = {
    "SC": ((0, 0, 0),),
    "BCC": ((0, 0, 0), (1, 1, 1)),
    "FCC": ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)),
}
"""Corners of the box that carry an eighth of a sphere."""

NAMES = {"SC": "simple cubic", "BCC": "body-centred cubic", "FCC": "face-centred cubic"}
FRACTION = {"SC": 0.3, "BCC": 0.4, "FCC": 0.5}
"""Volume fraction of the spheres, some 60 % of where they touch."""

SHIFTS = (-0.4, -0.2, 0.0, 0.2, 0.4)
"""Radii over one voxel, in voxels from the nominal one."""

PERFECT = 1e5
"""Ratio of conductivities that stands for infinity: k_eff is then less than 1e-4 below the limit."""


@cache
def table() -> dict[tuple[str, float], CubicSpline]:
    """Return the reference by lattice and ratio, as a smooth function of the volume fraction.

    Interpolated is ``(k - 1)/(k + 2)/phi``, which hardly varies (it is constant in the law of Maxwell, and
    exactly ``(r - 1)/(r + 2)`` at no spheres); leaving out the row of :data:`FRACTION` changes
    k there by less than 7e-4.
    """
    path = resources.files("microcell.verification.transport") / "data" / "sphere_arrays.csv"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    points: dict[tuple[str, float], list[tuple[float, float]]] = {}
    for row in csv.DictReader(lines):
        phi, k, ratio = float(row["phi"]), float(row["conductivity"]), float(row["ratio"])
        start = [(0.0, 1.0 if np.isinf(ratio) else (ratio - 1) / (ratio + 2))]
        points.setdefault((row["lattice"], ratio), start).append((phi, (k - 1) / (k + 2) / phi))
    return {key: CubicSpline(*zip(*values, strict=True)) for key, values in points.items()}


def reference(lattice: str, ratio: float, phi: float) -> float:
    """Return the conductivity of an array relative to that of its matrix."""
    x = phi * float(table()[lattice, ratio](phi))
    return (1 + 2 * x) / (1 - x)


def sphere_labels(lattice: str, radius: float, n: int) -> np.ndarray:
    """Return a box of n^3 voxels, 1 where the centre is inside a sphere; radius in voxels."""
    axis = np.arange(n) + 0.5
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    inside = [
        (z - n * a) ** 2 + (y - n * b) ** 2 + (x - n * c) ** 2 < radius**2 for a, b, c in CENTRES[lattice]
    ]
    return np.any(inside, axis=0).astype(np.uint8)


def error(lattice: str, ratio: float, n: int, shift: float) -> float:
    """Return the relative error of k_eff, the radius being ``shift`` voxels more than nominal."""
    nominal = n * (6 * FRACTION[lattice] / np.pi / len(CENTRES[lattice])) ** (1 / 3)
    labels = sphere_labels(lattice, nominal + shift, n)
    inner = PERFECT if np.isinf(ratio) else ratio
    spec = {"pore": 1.0} | ({"active": inner} if inner > 0 else {})
    row = effective(volume_of(labels, 1e-6), spec, "z", tolerance=1e-5).rows[0]
    return row.conductivity / reference(lattice, ratio, float(labels.mean())) - 1


def mean_error(lattice: str, ratio: float, n: int) -> float:
    """Return the error averaged over radii within one voxel."""
    return float(np.mean([error(lattice, ratio, n, shift) for shift in SHIFTS]))


def refine(lattice: str, ratio: float, setting: Setting) -> tuple[list[Check | Order], Line]:
    """Compare the error at voxels of h and h/2, and what is left of it at h = 0 on the line through both.

    What is left is of second order: the tolerance is the product of the two voxels over the radius squared.
    """
    fine = setting.full and np.isfinite(ratio)  # every image of an extreme contrast is compiled anew
    sizes = (12, 24, 48) if fine else (12, 24)
    errors = [mean_error(lattice, ratio, n) for n in sizes]
    radius = (6 * FRACTION[lattice] / np.pi / len(CENTRES[lattice])) ** (1 / 3)
    expected = reference(lattice, ratio, FRACTION[lattice])
    found = expected * (1 + 2 * errors[-1] - errors[-2])
    name = f"{lattice}, ratio {ratio:g}: k_eff/k_matrix"
    rest = 1 / (radius**2 * sizes[-1] * sizes[-2])
    checks: list[Check | Order] = [near(f"{name} at no voxel size [-]", found, expected, relative=rest)]
    if ratio < 1:  # for conducting spheres, errors on the two sides of a stair all but cancel
        voxels = [1 / n for n in sizes]
        slope = order(
            f"{name}, error [-]", voxels, [abs(e) for e in errors], 1.0, size=SIZE, below=0.15, above=0.15
        )
        checks.append(slope)
    return checks, Line(f"ratio {ratio:g}", [1 / n for n in sizes], [100 * e for e in errors], marks=True)


SIZE = "Voxel size over half a lattice constant [-]"


def solve(lattice: str, setting: Setting) -> Findings:
    """Solve one lattice for insulating to perfectly conducting spheres."""
    ratios = (0.0, 0.1, 10.0, np.inf) if setting.full else (0.1, 10.0)
    parts = [refine(lattice, ratio, setting) for ratio in ratios]
    answer = Line("multipole method", [0.0, 1 / 12], [0.0, 0.0])
    title = f"Spheres on a {NAMES[lattice]} lattice, phi = {FRACTION[lattice]:g}"
    picture = Picture(title, SIZE, "Error of k_eff [%]", (answer, *(line for _, line in parts)))
    checks = tuple(check for found, _ in parts for check in found)
    return Findings(
        checks, (picture,), "k_eff at the nominal volume fraction; errors are means over five radii."
    )


def problem(lattice: str, paper: str) -> Problem:
    """Return the row of one lattice."""
    phi, values = FRACTION[lattice], [reference(lattice, r, FRACTION[lattice]) for r in (0, 0.1, 10, np.inf)]
    return Problem(
        name=f"spheres-{lattice.lower()}",
        title=f"Spheres on a {NAMES[lattice]} lattice, insulating to perfectly conducting",
        family="transport",
        answer="independent",
        statement=(
            f"Spheres of volume fraction {phi:g} on a {NAMES[lattice]} lattice, sphere over matrix "
            f"conductivity 0, 0.1, 10 and infinite (here 1e5); a box between mirror planes, half a lattice "
            f"constant wide. Expected k_eff/k_matrix: {values[0]:.4f}, {values[1]:.4f}, {values[2]:.4f}, "
            f"{values[3]:.4f}. Voxels make the surface a staircase, an error of first order in the voxel "
            f"(slope 1 within 0.15) and an irregular part, averaged out over five radii within one voxel, "
            f"each against its own counted volume fraction. On the line through the errors at h and h/2, "
            f"what is left at h = 0 is of second order: tolerance (h/R)(h/2R) with the radius R, some 0.5 "
            f"% for 12 and 24 voxels."
        ),
        source=f"Lord Rayleigh 1892, Phil. Mag. 34, 481; {paper}; table computed by that method",
        solve=partial(solve, lattice),
    )


PROBLEMS = (
    problem("SC", "McPhedran & McKenzie 1978, Proc. R. Soc. A 359, 45"),
    problem("BCC", "McKenzie, McPhedran & Derrick 1978, Proc. R. Soc. A 362, 211"),
    problem("FCC", "McKenzie, McPhedran & Derrick 1978, Proc. R. Soc. A 362, 211"),
)
