"""Turned, mirrored and symmetric images: the answer turns with the image."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import permutations, product

import numpy as np

from ...cell.halfcell import HalfCell
from ...homogenization import EffectiveTransport, effective
from ...image.synthetic import generate_cathode
from ...image.volume import Volume
from ..problem import Check, Findings, Line, Picture, Problem, Setting, below, near
from ..small_cathode import EDGES, Cathode, State, small_cathode
from .field_comparison import charged, differences, fields_of

FIELDS = 1e-9
"""Largest difference of two fields, relative to the range of values in the field."""


@cache
def _untouched() -> tuple[HalfCell, State]:
    cell = small_cathode().cell()
    return cell, charged(cell)


def _solve_mirrored(setting: Setting) -> Findings:
    cell, state = _untouched()
    here, checks = fields_of(cell, state), []
    images = {"y mirrored": small_cathode().mirrored(1), "x mirrored": small_cathode().mirrored(2)}
    for axis, (what, cathode) in enumerate(images.items(), 1):
        other = cathode.cell()
        found = charged(other)
        back = {name: np.flip(field, axis) for name, field in fields_of(other, found).items()}
        checks += [*differences(here, back, what, FIELDS), _same_voltage(what, found, state)]
    return Findings(tuple(checks))


def _same_voltage(what: str, found: State, expected: State) -> Check:
    return near(f"{what}: cell voltage [V]", found.voltage, expected.voltage, absolute=1e-11)


def _solve_exchanged(setting: Setting) -> Findings:
    cell, state = _untouched()
    other = small_cathode().exchanged().cell()
    found = charged(other)
    back = {name: field.swapaxes(1, 2) for name, field in fields_of(other, found).items()}
    checks = differences(fields_of(cell, state), back, "y and x exchanged", FIELDS)
    return Findings((*checks, _same_voltage("y and x exchanged", found, state)))


def _solve_symmetric(setting: Setting) -> Findings:
    quarter = small_cathode()
    labels, numbers = (
        np.pad(a[:, :3, :3], ((0, 0), (0, 3), (0, 3)), "symmetric") for a in (quarter.labels, quarter.numbers)
    )
    cell = Cathode(labels, numbers, EDGES).cell()
    here = fields_of(cell, charged(cell))
    checks: list[Check] = []
    for axis, letter in ((1, "y"), (2, "x")):
        back = {name: np.flip(field, axis) for name, field in here.items()}
        checks += differences(here, back, f"symmetric in {letter}", FIELDS)
    column = here["c_s"][:, 0, :] / 1000.0
    k = int(np.argmax(np.isfinite(column).sum(axis=1)))
    x = ((np.arange(6) + 0.5) * EDGES[2] * 1e6).tolist()
    lines = (
        Line("mirrored", x, column[k, ::-1].tolist()),
        Line("as solved", x, column[k].tolist(), marks=True),
    )
    picture = Picture("Lithium along x in one row of voxels", "x [um]", "c_s [mol/l]", lines)
    return Findings(tuple(checks), (picture,))


def _statements() -> Iterator[tuple[str, str, str, str]]:
    """Every order of the array axes, through axis, separator side and set of mirrored axes."""
    for axes, through, side in product(map("".join, permutations("ZYX")), "ZYX", ("low", "high")):
        others = [letter for letter in axes if letter != through]
        for flip in ("", *others, "".join(others)):
            yield axes, through, side, flip


def _as_in_a_file(cathode: Cathode, axes: str, through: str, side: str, flip: str) -> np.ndarray:
    """Write voxel by voxel the array in which somebody else would have stored the image."""
    ring = "ZYXZY"
    letters = ring[ring.index(through) :][:3]
    length = dict(zip(letters, cathode.labels.shape, strict=True))
    stored = np.zeros([length[letter] for letter in axes], np.uint8)
    backwards = flip + (through if side == "high" else "")
    for index, value in np.ndenumerate(cathode.labels):
        at = dict(zip(letters, index, strict=True))
        place = [length[a] - 1 - at[a] if a in backwards else at[a] for a in axes]
        stored[tuple(place)] = value
    return stored


def _solve_orientation(setting: Setting) -> Findings:
    # three different numbers of voxels and edges: nothing can be taken for anything else
    cathode = Cathode(small_cathode().labels[:, :5, :4], small_cathode().numbers[:, :5, :4])
    phases = {"pore": 0, "active": 1, "cbd": 2}
    voxels, edges, count = 0, 0.0, 0
    for axes, through, side, flip in _statements():
        letters = "ZYXZY"["ZYX".index(through) :][:3]
        size = dict(zip(letters, cathode.edges, strict=True))
        stated = {"axes": axes, "through_axis": through, "separator_side": side, "flip": flip}
        stored = _as_in_a_file(cathode, axes, through, side, flip)
        found = Volume.from_array(stored, voxel_size=[size[a] for a in axes], phases=phases, **stated)
        same = found.labels.shape == cathode.labels.shape
        voxels += int(np.sum(found.labels != cathode.labels)) if same else cathode.labels.size
        edges = max(edges, *(abs(a / b - 1) for a, b in zip(found.voxel_size, cathode.edges, strict=True)))
        count += 1
    return Findings(
        (
            below("Voxels in the wrong place, all statements together [-]", voxels, 0.0),
            below("Voxel edges, largest relative difference [-]", edges, 1e-15),
        ),
        remark=f"{count} statements of axes, through axis, separator side and flips.",
    )


@cache
def _block() -> Volume:
    made = generate_cathode((8, 8, 8), 5e-7, active_fraction=0.4, diameter_mean=2.5e-6, seed=5)
    return Volume(made.volume.labels, EDGES)


def _solve_rotated(setting: Setting) -> Findings:
    block, checks = _block(), []
    phases = {"pore": 0, "active": 1, "cbd": 2}
    whole = effective(block, "electrolyte", tolerance=1e-6)
    for through, axis in (("Y", "y"), ("X", "x")):
        for side in ("low", "high"):
            turned = Volume.from_array(
                block.labels,
                voxel_size=EDGES,
                axes="ZYX",
                through_axis=through,
                separator_side=side,
                phases=phases,
            )
            found = effective(turned, "electrolyte", "z", tolerance=1e-6)
            checks.append(_same_conductivity(whole, found, axis, side))
    return Findings(tuple(checks))


def _same_conductivity(whole: EffectiveTransport, found: EffectiveTransport, axis: str, side: str) -> Check:
    expected = whole["electrolyte", axis].conductivity
    what = f"Along {axis}, read with the separator at the {side} end [S.m-1]"
    return near(what, found["electrolyte", "z"].conductivity, expected, relative=1e-9)


_CELL = (
    "Generated cathode of 8 x 6 x 6 voxels of 0.5 x 0.45 x 0.55 um, built-in NMC811, 20 s of charge at 2C "
    "from 3.9 V in adaptive steps, residuals 2e-11 of the current."
)
_TOLERANCE = (
    "The equations know no left and right, so the differences are 0; sums in another order and Newton's "
    "remainder are left. 2e-11 of the current in one of some 300 cells would move it by 6e-9 of the mean "
    "change, spread over the cells by 3e-10, and less over the range of the field: 1e-9. The voltage to "
    "1e-11 V."
)

PROBLEMS: tuple[Problem, ...] = (
    Problem(
        name="mirrored-image",
        title="A mirrored image gives mirrored fields",
        family="invariance",
        answer="exact",
        statement=f"{_CELL} The image mirrored along y, and along x: all fields mirrored, the same voltage. "
        f"{_TOLERANCE}",
        source="model, sections 2 to 6: no term depends on the sense of a lateral axis",
        solve=_solve_mirrored,
    ),
    Problem(
        name="exchanged-axes",
        title="An image with y and x exchanged gives exchanged fields",
        family="invariance",
        answer="exact",
        statement=f"{_CELL} y and x exchanged with their voxel edges: all fields exchanged, the same "
        f"voltage. {_TOLERANCE}",
        source="model, sections 2 to 6: y and x enter in the same way",
        solve=_solve_exchanged,
    ),
    Problem(
        name="symmetric-image",
        title="A symmetric image gives symmetric fields",
        family="invariance",
        answer="exact",
        statement=f"{_CELL} A quarter of the image, mirrored into the other three: all fields equal their "
        f"mirror images along y and along x. {_TOLERANCE}",
        source="model, sections 2 to 6",
        solve=_solve_symmetric,
    ),
    Problem(
        name="orientation",
        title="One cathode stored in every orientation is read as the same volume",
        family="invariance",
        answer="exact",
        statement="A cathode of 8 x 5 x 4 voxels with three different edges, written voxel by voxel into "
        "the array that a file would hold, for all 6 orders of axes, 3 through axes, both separator sides "
        "and all flips of the other two axes (144 statements). Read with that statement, every voxel and "
        "edge must be that of the cathode: no voxel may differ, edges by rounding only. Equal arrays are "
        "equal cells with equal answers.",
        source="microcell.Volume: axis 0 runs through the electrode, separator at index 0; turns are cyclic",
        solve=_solve_orientation,
    ),
    Problem(
        name="rotated-transport",
        title="Conduction along y or x of an image is that through the image turned",
        family="invariance",
        answer="exact",
        statement="Effective conductivity of the electrolyte (pore and porous binder) of a generated "
        "cathode of 8 x 8 x 8 voxels of 0.5 x 0.45 x 0.55 um, along y and x, against that along z of the "
        "image read with through axis Y and X, separator at either end. Equal; slice fluxes are converged "
        "to 1e-6 of their mean and the conductivity errs by the square of it: 1e-9 leaves room for "
        "rounding.",
        source="definition of the effective conductivity; microcell.effective",
        solve=_solve_rotated,
    ),
)
