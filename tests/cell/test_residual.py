"""The residual of the whole cell and its linearization, on a small volume that holds everything at once."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_cells import laminate, parameters, volume_of

from microcell import ParameterSet
from microcell.cell.halfcell import HalfCell
from microcell.cell.jacobian import apply, linearize
from microcell.cell.measure import plane_currents
from microcell.cell.residual import (
    Context,
    System,
    axis_fluxes,
    cell_properties,
    collector_conductance,
    evaluate,
    face_problem,
    surface_concentration,
)
from microcell.cell.state import Control, Currents, Inertia, Unknowns
from microcell.image.particles import Particles
from microcell.parameters.constants import F
from microcell.protocol.resolve import CURRENT, POWER, VOLTAGE

DT = 30.0


def labels_with_everything() -> np.ndarray:
    """5 x 4 x 4 voxels: two particles in contact, pores, binder between them and alone, one island."""
    labels = np.zeros((5, 4, 4), np.uint8)
    labels[1:, :2] = 1
    labels[2:, 2:, 2:] = 1
    labels[1:3, 2, :2] = 2
    labels[4, 3, 0] = 2
    labels[1, 3, 3] = 1  # hangs in the electrolyte below nothing: made inert
    labels[2, 3, 3] = 0
    return labels


def particles_of(labels: np.ndarray) -> Particles:
    numbers = np.where(labels == 1, 1 + (np.arange(4)[:, None] >= 2), 0)
    return Particles.from_labels(numbers.astype(np.int32), (4e-7, 5e-7, 6e-7))


def make_cell(
    labels: np.ndarray, params: ParameterSet, contact: str = "resistive", edges: tuple = (4e-7, 5e-7, 6e-7)
) -> HalfCell:
    return HalfCell(
        volume_of(labels, edges),
        params,
        separator_thickness=3e-6,
        particles=particles_of(labels),
        particle_contact=contact,  # type: ignore[arg-type]
    )


CONTACTS = {"Particle contact resistance [Ohm.m2]": 1e-6, "Collector contact resistance [Ohm.m2]": 2e-6}
PARAMETERS = ParameterSet.builtin().with_values(CONTACTS)
VARYING = PARAMETERS.with_values(
    {
        "Active diffusivity [m2.s-1]": lambda x, T: 3e-15 * (1 + x),
        "Active electronic conductivity [S.m-1]": lambda x, T: 0.2 / (0.5 + x),
    }
)
"""Solid properties that depend on concentration too."""

CELL = make_cell(labels_with_everything(), PARAMETERS)
SYSTEM = CELL.system()


def random_state(system: System, seed: int = 0) -> tuple[Unknowns, jnp.ndarray]:
    """A state of a cell at work, and films of 0.2 to 1 nm."""
    g, rng = system.geometry, np.random.default_rng(seed)
    c = np.where(
        g.active,
        rng.uniform(0.3, 0.9, g.shape) * 50636.0,
        np.where(g.ionic, rng.uniform(600, 1500, g.shape), 0),
    )
    phi_s = np.where(g.electronic, rng.uniform(-5e-3, 5e-3, g.shape), 0)
    phi_e = np.where(g.ionic, rng.uniform(-0.05, 0.05, g.shape), 0)
    u = Unknowns(jnp.asarray(c), jnp.asarray(phi_s), jnp.asarray(phi_e), jnp.asarray(3.8))
    return u, jnp.asarray(rng.uniform(2e-10, 1e-9, g.faces.p.size))


def context(
    system: System, u: Unknowns, film: jnp.ndarray, mode: int = CURRENT, value: float = 0.0
) -> Context:
    """A step of 30 s from concentrations 1 % away."""
    return Context(film, Inertia(np.float64(1 / DT), 1.01 * u.c), Control(np.int32(mode), np.float64(value)))


def no_currents(system: System) -> Currents:
    g = system.geometry
    return Currents(jnp.zeros(g.faces.p.size), jnp.zeros(g.shape[1:]))


residual = jax.jit(evaluate)
jacobian_of = jax.jit(linearize, static_argnums=4)
apply_to = jax.jit(apply)


def test_the_volume_really_holds_everything() -> None:
    """Interfaces to pore, binder and separator-side pore, contacts, binder on the collector, an inert island,
    a CBD path."""
    g = SYSTEM.geometry
    assert g.contact is not None
    assert sum(int(a.sum()) for a in g.contact) > 0
    assert 0 < int(g.faces.on_cbd.sum()) < g.faces.on_cbd.size
    assert CELL.inert["active material cut off from the collector [voxels]"] == 1
    assert bool((g.ionic & g.electronic).any())
    assert bool((g.electronic & ~g.active)[-1].any())


def test_a_relaxed_cell_stays_relaxed() -> None:
    """Uniform c_s, c_e, no potential differences, V = U, no current asked: every row is zero.

    What is left is the rounding of U in the face balance, 4e-16 V over R_ct, far below 1e-12 of 1C.
    """
    g, laws = SYSTEM.geometry, SYSTEM.laws
    c = jnp.where(g.active, 0.6 * laws.c_max, jnp.where(g.ionic, 1000.0, 0.0))
    zero = jnp.zeros(g.shape)
    u = Unknowns(c, zero, zero, laws.ocp(jnp.float64(0.6), laws.temperature))
    still = Context(
        jnp.full(g.faces.p.size, 2e-10),
        Inertia(np.float64(1 / DT), c),
        Control(np.int32(CURRENT), np.float64(0)),
    )
    balance = residual(SYSTEM, still, u, no_currents(SYSTEM))
    assert int(balance.failures) == int(balance.guarded) == 0
    for row in balance.rows:
        assert float(jnp.max(jnp.abs(row))) <= 1e-12 * CELL.one_c_current


def test_rows_are_zero_where_a_field_does_not_exist() -> None:
    """No charge balance in the wrong phase and nothing at all in inert voxels, in a random state; no NaN
    anywhere."""
    g = SYSTEM.geometry
    u, film = random_state(SYSTEM)
    rows = residual(SYSTEM, context(SYSTEM, u, film), u, no_currents(SYSTEM)).rows
    for row, where in ((rows.phi_s, g.electronic), (rows.phi_e, g.ionic), (rows.c, g.active | g.ionic)):
        assert np.all(np.asarray(row)[~np.asarray(where)] == 0.0)
        assert np.all(np.isfinite(row))
        assert np.all(np.asarray(row)[np.asarray(where)] != 0.0)


def test_charge_and_lithium_telescope_to_the_terminals() -> None:
    """Sum of all charge rows = collector current - lithium plane current; lithium rows = storage - lithium
    plane.

    Every inner flux and interface current cancels; what is left is rounding against the largest row (1e-12).
    """
    u, film = random_state(SYSTEM)
    ctx = context(SYSTEM, u, film)
    balance = residual(SYSTEM, ctx, u, no_currents(SYSTEM))
    rows, g = balance.rows, SYSTEM.geometry
    scale = max(float(jnp.abs(r).sum()) for r in rows[:3])
    inflow = float(jnp.sum(balance.currents.lithium) * g.section)
    collector = float(jnp.sum(collector_conductance(SYSTEM, cell_properties(SYSTEM, u.c)) * u.phi_s[-1]))
    assert float(jnp.sum(rows.phi_s) + jnp.sum(rows.phi_e)) == pytest.approx(
        collector - inflow, abs=1e-12 * scale
    )
    porosity = np.array(jnp.where(g.active, 1.0, 0.0))
    phase = np.asarray(g.phase)
    porosity[np.asarray(g.ionic) & (phase == 0)] = 1.0
    porosity[np.asarray(g.ionic) & (phase == 2)] = 0.5
    porosity[phase == 3] = 0.45
    stored = float(np.sum(F * np.asarray(g.volume) * porosity * -0.01 * np.asarray(u.c) / DT))
    assert float(jnp.sum(rows.c)) == pytest.approx(stored - inflow, abs=1e-12 * scale)


def test_plane_currents_differ_by_the_charge_rows_between_them() -> None:
    """The current through plane k minus that through k - 1 is minus the sum of slice k's charge rows (1e-12
    of the largest).

    In a solved state the rows vanish, and with them every difference: that is the reported charge balance.
    """
    u, film = random_state(SYSTEM)
    balance = residual(SYSTEM, context(SYSTEM, u, film), u, no_currents(SYSTEM))
    planes, terminal = plane_currents(SYSTEM, u, balance.currents)
    inner, lithium = np.asarray(planes[:-1]), float(planes[-1])
    boundaries = np.concatenate([[lithium], inner, [float(terminal)]])
    slices = np.asarray(jnp.sum(balance.rows.phi_s + balance.rows.phi_e, axis=(1, 2)))
    assert np.allclose(np.diff(boundaries), slices, rtol=0, atol=1e-12 * np.abs(boundaries).max())


def test_the_control_rows() -> None:
    """Collector current I = sum G phi_s (discharge positive): rows c - I, P/V - I, and 1C per millivolt of V
    - c."""
    u, film = random_state(SYSTEM)
    current = float(jnp.sum(collector_conductance(SYSTEM, cell_properties(SYSTEM, u.c)) * u.phi_s[-1]))
    one_c = CELL.one_c_current

    def row(mode: int, value: float) -> float:
        return float(
            residual(SYSTEM, context(SYSTEM, u, film, mode, value), u, no_currents(SYSTEM)).rows.voltage
        )

    assert row(CURRENT, 3e-11) == pytest.approx(3e-11 - current, rel=1e-12)
    assert row(POWER, 3e-11) == pytest.approx(3e-11 / 3.8 - current, rel=1e-12)
    assert row(VOLTAGE, 3.799) == pytest.approx(one_c, rel=1e-9)


DIRECTIONS = ("c", "phi_s", "phi_e", "voltage")


def direction(system: System, which: str, seed: int = 1) -> Unknowns:
    """A random correction of one field."""
    g, rng = system.geometry, np.random.default_rng(seed)
    random = jnp.asarray(rng.uniform(-1, 1, g.shape))
    zero = jnp.zeros(g.shape)
    parts = {
        "c": jnp.where(g.active, 500.0, jnp.where(g.ionic, 20.0, 0.0)) * random,
        "phi_s": jnp.where(g.electronic, 1e-3, 0.0) * random,
        "phi_e": jnp.where(g.ionic, 1e-3, 0.0) * random,
        "voltage": jnp.asarray(1e-3),
    }
    nothing = Unknowns(zero, zero, zero, jnp.zeros(()))
    return nothing._replace(**{which: parts[which]})


@partial(jax.jit, static_argnums=())
def rows_along(
    system: System, ctx: Context, u: Unknowns, guess: Currents, v: Unknowns, h: jnp.ndarray
) -> Unknowns:
    """Residual a multiple of a correction away."""
    return evaluate(system, ctx, jax.tree.map(lambda a, b: a + h * b, u, v), guess).rows


def derivative_misses(system: System, which: str, mode: int, value: float) -> dict[str, float]:
    """Largest difference of A v and a fourth-order difference, per row block, relative to its largest
    entry."""
    u, film = random_state(system)
    ctx = context(system, u, film, mode, value)
    balance = residual(system, ctx, u, no_currents(system))
    v = direction(system, which)
    found = apply_to(system, jacobian_of(system, ctx, u, balance.currents, jnp.dtype(jnp.float64)), v)
    h = 0.02
    f = [rows_along(system, ctx, u, balance.currents, v, jnp.float64(k * h)) for k in (-2, -1, 1, 2)]
    exact = jax.tree.map(lambda a, b, c, d: (a - 8 * b + 8 * c - d) / (12 * h), *f)
    misses = {}
    for name, mine, wanted, row in zip(Unknowns._fields, found, exact, balance.rows, strict=True):
        rounding = 1e-13 * float(jnp.max(jnp.abs(row))) / h  # what differences of these rows cannot see
        size = float(jnp.max(jnp.abs(wanted)))
        misses[name] = max(float(jnp.max(jnp.abs(mine - wanted))) - rounding, 0.0) / max(size, rounding)
    return misses


@pytest.mark.parametrize("which", DIRECTIONS)
@pytest.mark.parametrize(("mode", "value"), [(CURRENT, 2e-11), (VOLTAGE, 3.7), (POWER, 8e-11)])
def test_the_linearization_is_the_derivative_of_the_residual(which: str, mode: int, value: float) -> None:
    """Random state with binder, separator, films, contacts: A v against fourth-order differences, field by
    field.

    Steps of 0.02 of a correction (10 mol/m3, 20 uV) leave a truncation of 1e-8 and the rounding of the rows;
    each block must agree to 1e-6 of its largest entry.
    """
    misses = derivative_misses(SYSTEM, which, mode, value)
    assert max(misses.values()) <= 1e-6, misses


def test_the_linearization_with_concentration_dependent_solids() -> None:
    """sigma_s and D_s follow x, also beside binder: A v by c to 1e-3 of the largest entry of each block.

    Not closer, because the linearization holds the half-cell resistances of the interface fixed (2e-4 here).
    """
    misses = derivative_misses(make_cell(labels_with_everything(), VARYING).system(), "c", CURRENT, 2e-11)
    assert max(misses.values()) <= 1e-3, misses


def test_a_float32_linearization_differs_by_its_rounding_only() -> None:
    """Newton stores coefficients in float32: A v agrees with float64 to 1e-5 of the largest entry of each
    block."""
    u, film = random_state(SYSTEM)
    ctx = context(SYSTEM, u, film)
    currents = residual(SYSTEM, ctx, u, no_currents(SYSTEM)).currents
    v = jax.tree.map(lambda *a: sum(a), *(direction(SYSTEM, which) for which in DIRECTIONS))
    wide, narrow = (
        apply_to(SYSTEM, jacobian_of(SYSTEM, ctx, u, currents, jnp.dtype(t)), v)
        for t in (jnp.float64, jnp.float32)
    )
    for a, b in zip(wide, narrow, strict=True):
        assert float(jnp.max(jnp.abs(a - b))) <= 1e-5 * float(jnp.max(jnp.abs(a)))


def transformed(how: str, array: Any) -> Any:
    moves = {
        "flip y": lambda a: a[:, ::-1],
        "flip x": lambda a: a[..., ::-1],
        "quarter turn": lambda a: np.rot90(a, axes=(1, 2)),
    }
    return np.ascontiguousarray(moves[how](np.asarray(array)))


@pytest.mark.parametrize("how", ["flip y", "flip x", "quarter turn"])
@pytest.mark.parametrize("model", ["normals", "faces"])
def test_a_turned_image_gives_the_turned_residual(how: str, model: str) -> None:
    """The same volume mirrored or turned about z, cubic voxels: rows are those of the original, turned
    (1e-12).

    Along z the cell has a direction (separator, collector); y and x are alike, and both their senses.
    """
    cube = (5e-7,) * 3
    labels = labels_with_everything()
    options: dict = {"separator_thickness": 3e-6, "area_model": model}
    original = HalfCell(volume_of(labels, cube), PARAMETERS, **options).system()
    turned = HalfCell(volume_of(transformed(how, labels), cube), PARAMETERS, **options).system()
    u, _ = random_state(original)
    film = jnp.full(original.geometry.faces.p.size, 4e-10)
    v = Unknowns(*(jnp.asarray(transformed(how, a)) for a in u[:3]), u.voltage)
    rows = residual(original, context(original, u, film), u, no_currents(original)).rows
    rows_turned = residual(turned, context(turned, v, film), v, no_currents(turned)).rows
    for a, b in zip(rows[:3], rows_turned[:3], strict=True):
        assert np.allclose(transformed(how, a), b, rtol=0, atol=1e-12 * float(jnp.max(jnp.abs(a))))


def stacked_particles(contact: str, resistance: float = 0.0) -> System:
    """Separator, one pore layer, two particles of two layers each with a contact plane between them."""
    volume = laminate("paaaa")
    numbers = np.zeros(volume.labels.shape, np.int32)
    numbers[1:3], numbers[3:] = 1, 2
    params = parameters(
        {"Particle contact resistance [Ohm.m2]": resistance, "Active electronic conductivity [S.m-1]": 0.5}
    )
    particles = Particles.from_labels(numbers, volume.voxel_size)
    return HalfCell(
        volume,
        params,
        separator_thickness=2e-6,
        separator_cells=1,
        particles=particles,
        particle_contact=contact,
    ).system()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("contact", "resistance", "electrons", "diffuses"),
    [
        ("continuous", 7e-6, 0.01 / (1e-6 / 0.5), True),
        ("resistive", 7e-6, 0.01 / (1e-6 / 0.5 + 7e-6), True),
        ("insulated", 0.0, 0.0, False),
    ],
)
def test_contacts_between_particles(
    contact: str, resistance: float, electrons: float, diffuses: bool
) -> None:
    """sigma = 0.5 S/m, 10 mV between neighbouring layers 1 um apart: i = 0.01 / (d/sigma + R) at the contact
    plane.

    Two planes above (inside a particle) it is 0.01 / (d/sigma) throughout; insulated also stops lithium.
    1e-12.
    """
    system = stacked_particles(contact, resistance)
    g = system.geometry
    z = jnp.arange(6.0)[:, None, None] * jnp.ones((1, 2, 2))
    c = jnp.where(g.active, 20000.0 - 100.0 * z, 1000.0)
    u = Unknowns(c, jnp.where(g.electronic, -0.01 * z, 0.0), 0 * z, jnp.float64(3.9))
    flux = axis_fluxes(system, cell_properties(system, u.c), u, 0)
    inside, between = np.asarray(flux.electronic)[[2, 3], 0, 0] / 1e-12
    assert inside == pytest.approx(0.01 / (1e-6 / 0.5), rel=1e-12)
    assert between == pytest.approx(electrons, rel=1e-12)
    lithium = np.asarray(flux.lithium)[[2, 3], 0, 0] / 1e-12
    assert lithium[0] == pytest.approx(F * 1e-14 * 100.0 / 1e-6, rel=1e-12)
    assert lithium[1] == pytest.approx(lithium[0] if diffuses else 0.0, rel=1e-12)


def test_the_linearization_with_insulated_contacts_is_finite() -> None:
    """An infinite contact resistance must not leave infinity times zero in the coefficients."""
    system = make_cell(labels_with_everything(), PARAMETERS, "insulated").system()
    u, film = random_state(system)
    jacobian = jacobian_of(system, context(system, u, film), u, no_currents(system), jnp.dtype(jnp.float64))
    assert all(bool(jnp.all(jnp.isfinite(a))) for a in jax.tree.leaves(jacobian))


def test_the_surface_lies_half_a_cell_from_the_centre() -> None:
    """c_so = c_P - w theta i d / (2 F D): i = 3 A/m2 on a plane, d = 1 um, D = 1e-14: 1554.6 mol/m3 less
    (1e-12)."""
    system = stacked_particles("continuous")
    g = system.geometry
    u = Unknowns(
        jnp.where(g.active, 20000.0, 1000.0), jnp.zeros(g.shape), jnp.zeros(g.shape), jnp.float64(3.9)
    )
    found = surface_concentration(system, u, Currents(jnp.full(4, 3.0), jnp.zeros((2, 2))))
    assert np.asarray(found) == pytest.approx(np.full(4, 20000.0 - 3.0 * 1e-6 / (2 * F * 1e-14)), rel=1e-12)
    assert float(found[0]) == pytest.approx(18445.4, abs=0.1)


def test_half_cells_of_a_face_carry_its_weight_and_coverage() -> None:
    """Resistance w theta (d/2 sigma + d/2 b kappa) + L/kappa_RS and shift w theta d / (2 F D) + L / (F D_RS).

    Every face of the mixed volume, weights |n.e| below 1, theta = 0.5 on binder, in NumPy from the parameters
    (1e-12).
    """
    g, faces = SYSTEM.geometry, SYSTEM.geometry.faces
    u, film = random_state(SYSTEM)
    found = face_problem(SYSTEM, cell_properties(SYSTEM, u.c), u, film)
    p, q = np.asarray(faces.p), np.asarray(faces.q)
    edge = np.array([4e-7, 5e-7, 6e-7])[CELL.grid().faces.axis]
    half_q = np.where((CELL.grid().faces.phase == 3), 0.5 * np.asarray(g.dz)[q // 16], 0.5 * edge)
    reach = np.asarray(faces.weight) * np.where(np.asarray(faces.on_cbd), 0.5, 1.0)
    assert np.asarray(faces.weight).min() < 0.5
    kappa = np.asarray(SYSTEM.laws.conductivity_e(u.c.ravel()[q], 298.15))
    b = np.select([np.asarray(g.phase).ravel()[q] == k for k in (0, 2, 3)], [1.0, 0.15, 0.45**1.5])
    film_ = np.asarray(film)
    resistance = reach * (0.5 * edge / 0.2 + half_q / (b * kappa)) + film_ / 1e-7
    shift = reach * 0.5 * edge / (F * 3.2e-15) + film_ / (F * 1e-17)
    assert np.allclose(found.resistance, resistance, rtol=1e-12)
    assert np.allclose(found.shift, shift, rtol=1e-12)
    current = Currents(jnp.full(p.size, 2.0), jnp.zeros((4, 4)))
    surface = np.asarray(u.c).ravel()[p] - reach * 2.0 * 0.5 * edge / (F * 3.2e-15)
    assert np.allclose(surface_concentration(SYSTEM, u, current), surface, rtol=1e-12)


def test_collector_and_its_contact_resistance_are_in_series() -> None:
    """Half a cell of 1 um at 0.5 S/m plus 3e-6 Ohm.m2 on 1 um2: G = 1e-12 / (1e-6 + 3e-6) S (1e-12)."""
    volume = laminate("pa")
    params = parameters(
        {"Collector contact resistance [Ohm.m2]": 3e-6, "Active electronic conductivity [S.m-1]": 0.5}
    )
    system = HalfCell(volume, params, separator_cells=1).system()
    c = jnp.where(system.geometry.active, 20000.0, 1000.0)
    g = collector_conductance(system, cell_properties(system, c))
    assert np.asarray(g) == pytest.approx(np.full((2, 2), 1e-12 / 4e-6), rel=1e-12)
