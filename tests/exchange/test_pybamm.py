"""PyBaMM: parameters there and here, one by one."""

import jax.numpy as jnp
import numpy as np
import pytest

from microcell.errors import ParameterError
from microcell.exchange import from_pybamm, read_bpx, to_pybamm, write_bpx
from microcell.exchange.laws import Formula, Table
from microcell.p2d import Mesh
from microcell.protocol import Experiment
from tests.exchange import cells

pybamm = pytest.importorskip("pybamm")

SHAPE = (
    "Electrode height [m]",
    "Electrode width [m]",
    "Number of electrodes connected in parallel to make a cell",
)
"""Only their product is kept, and the effective conductivity instead of bulk and exponent."""


def value(parameters, name, T=298.15):
    """A parameter as numbers: at several arguments where it is a function."""
    if not callable(parameters[name]):
        return float(parameters[name])
    a, b, t = (pybamm.InputParameter(letter) for letter in "abT")
    inputs = {"a": a} if "OCP" in name else {"a": a, "T": t}
    points = np.linspace(0.1, 0.95, 9)
    if "xchange-current" in name:
        c_max = parameters["Maximum concentration in " + name.split(" exchange")[0].lower() + " [mol.m-3]"]
        inputs = {"a": 1000.0 * a, "b": c_max * b, "c_max": c_max, "T": t}
    elif name.startswith(("Electrolyte", "Cation", "Thermodynamic")):
        points = np.linspace(100.0, 3000.0, 9)
    symbol = parameters.process_symbol(pybamm.FunctionParameter(name, inputs))
    return np.array([np.squeeze(symbol.evaluate(inputs={"a": p, "b": 1 - p, "T": T})) for p in points])


def effective(parameters, side):
    active = parameters[f"{side} electrode active material volume fraction"]
    return (
        parameters[f"{side} electrode conductivity [S.m-1]"]
        * active ** parameters[f"{side} electrode Bruggeman coefficient (electrode)"]
    )


@pytest.mark.parametrize(
    ("name", "sides"), [("Chen2020", 2), ("Marquis2019", 2), ("Xu2019", 1), ("Ai2020", 2)]
)
def test_parameters_come_back_one_by_one(name, sides):
    given = pybamm.ParameterValues(name)
    cell = from_pybamm(given)
    again = to_pybamm(cell)
    assert (cell.negative is not None) == (sides == 2)
    np.testing.assert_allclose(
        np.prod([again[key] for key in SHAPE]), np.prod([given[key] for key in SHAPE]), rtol=1e-14
    )
    for side in ("Positive", "Negative")[:sides]:
        np.testing.assert_allclose(effective(again, side), effective(given, side), rtol=1e-14)
    skipped = (
        *SHAPE,
        "Bruggeman coefficient (electrode)",
        "electrode conductivity",
        "Separator Bruggeman",
        "lithium",
    )
    compared = [key for key in again if key in given and not any(part in key for part in skipped)]
    assert len(compared) > 25
    for key in compared:
        expected = value(given, key)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(value(again, key), expected, rtol=1e-12, atol=1e-13 * scale, err_msg=key)


def test_functions_keep_their_temperature():
    given = pybamm.ParameterValues("Marquis2019")
    again = to_pybamm(from_pybamm(given))
    for key in ("Electrolyte conductivity [S.m-1]", "Positive particle diffusivity [m2.s-1]"):
        np.testing.assert_allclose(value(again, key, 320.0), value(given, key, 320.0), rtol=1e-12)


def test_lithium_with_another_power_is_noted():
    given = pybamm.ParameterValues("Xu2019")
    cell = from_pybamm(given)
    assert len(cell.notes) == 1
    assert "c^0.3" in cell.notes[0]
    metal = 1 / given["Lithium metal partial molar volume [m3.mol-1]"]
    expected = given["Exchange-current density for lithium metal electrode [A.m-2]"](1000.0, metal, 298.15)
    np.testing.assert_allclose(
        cell.parameters["Lithium metal exchange current density [A.m-2]"], expected.evaluate(), rtol=1e-14
    )


def test_interpolants_stay_tables():
    cell = from_pybamm(pybamm.ParameterValues("Ai2020"))
    law = cell.parameters["Active open-circuit potential [V]"]
    assert isinstance(getattr(law, "law", law), Table)


def test_what_is_no_formula_becomes_a_table_with_a_note():
    given = pybamm.ParameterValues("Chen2020")
    given.update(
        {"Positive particle diffusivity [m2.s-1]": lambda sto, T: 1e-15 * (2 + pybamm.erf(4 * (sto - 0.5)))}
    )
    cell = from_pybamm(given)
    assert "Positive particle diffusivity" in cell.notes[0]
    key = "Positive particle diffusivity [m2.s-1]"
    np.testing.assert_allclose(value(to_pybamm(cell), key), value(given, key), rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {
                "Positive electrode exchange-current density [A.m-2]": lambda c, s, m, T: (
                    1e-4 * c**0.3 * s**0.5
                )
            },
            "exchange",
        ),
        ({"Positive electrode exchange-current density [A.m-2]": lambda c, s: c}, "other arguments"),
        ({"Positive electrode porosity": lambda x: 0.3 + 0.1 * x}, "one number"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    given = pybamm.ParameterValues("Chen2020")
    given.update(changes)
    with pytest.raises(ParameterError, match=message):
        from_pybamm(given)


@pytest.mark.parametrize("name", ["Chen2020_composite", "ECM_Example"])
def test_a_missing_parameter_is_named(name):
    with pytest.raises(ParameterError, match="lack one"):
        from_pybamm(pybamm.ParameterValues(name))


def test_film_and_entropic_change_come_back():
    values = {
        "Rocksalt initial thickness [m]": 3.1e-10,
        "Rocksalt vacancy energy [eV]": Formula.read("7.5 * (x - 0.22)"),
        "Collector contact resistance [Ohm.m2]": 1e-4,
    }
    cell = cells.nmc(values=values, film=True)
    again = from_pybamm(to_pybamm(cell))
    assert again.film
    cells.assert_same_design(cell.design, again.design, rtol=1e-13)
    cells.assert_same_numbers(cell.parameters, again.parameters, rtol=1e-13)
    cells.assert_same_laws(cell.parameters, again.parameters, rtol=1e-12)
    np.testing.assert_allclose(again.initial, cell.initial, rtol=1e-14)
    law = again.parameters.law("Rocksalt vacancy energy [eV]")
    np.testing.assert_allclose(law(np.array([0.1, 0.5]), 298.15), [7.5 * -0.12, 7.5 * 0.28], rtol=1e-13)


def test_tables_are_announced():
    cell = cells.nmc(values={"Active diffusivity [m2.s-1]": lambda x, T: 1e-14 * jnp.where(x > 0.5, x, 0.5)})
    with pytest.warns(UserWarning, match="Active diffusivity"):
        to_pybamm(cell)


def test_several_sizes_are_refused():
    design = cells.DESIGN.model_copy(update={"radii": (1e-6, 5e-6), "weights": (0.5, 0.5)})
    with pytest.raises(ParameterError, match="one size"):
        to_pybamm(cells.nmc(design=design))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pybamm_reads_our_bpx_file_as_we_do(tmp_path):
    path = tmp_path / "cell.json"
    write_bpx(cells.lgm50(), path)
    theirs, ours = pybamm.ParameterValues.create_from_bpx(str(path)), to_pybamm(read_bpx(path))
    compared = [key for key in ours if key in theirs and key not in SHAPE]
    assert len(compared) > 25
    for key in compared:
        # PyBaMM computes the full state again from the upper cut-off; the file's window has six digits
        rtol = 1e-5 if key.startswith("Initial concentration in") else 1e-12
        np.testing.assert_allclose(value(ours, key), value(theirs, key), rtol=rtol, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Chen2020", "Xu2019"])
def test_the_voltage_is_that_of_pybamm(name):
    """1C discharge, 20 volumes and shells each, against PyBaMM with 80: rms below 1 mV."""
    given = pybamm.ParameterValues(name)
    cell = from_pybamm(given)
    model = cell.model(Mesh(20, 20, 20, negative=20), tolerance=1e-5)
    cutoff = given["Lower voltage cut-off [V]"]
    ours = model.solve(Experiment([f"Discharge at 1C until {cutoff} V"], cell.initial_state))
    options = {} if cell.negative else {"working electrode": "positive"}
    points = dict.fromkeys(("x_n", "x_s", "x_p", "r_n", "r_p"), 80)
    simulation = pybamm.Simulation(
        pybamm.lithium_ion.DFN(options),
        parameter_values=to_pybamm(cell),
        var_pts=points,
        solver=pybamm.IDAKLUSolver(rtol=1e-8, atol=1e-8),
    )
    theirs = simulation.solve([0, 7000], t_interp=np.linspace(0, 7000, 7001))
    end = theirs["Time [s]"].entries[-1]
    np.testing.assert_allclose(ours["Time [s]"][-1], end, rtol=1e-3)
    times = np.linspace(1.0, 0.999 * min(end, ours["Time [s]"][-1]), 400)
    difference = ours.at("Voltage [V]", times) - theirs["Voltage [V]"](times)
    assert np.sqrt(np.mean(difference**2)) < 1e-3
