"""BPX files: what is written comes back, what cannot be is refused, a file of others runs."""

import copy
import sys
from dataclasses import replace

import numpy as np
import pytest
import yaml

from microcell.errors import ParameterError
from microcell.exchange import ReducedCell, read_bpx, write_bpx
from microcell.exchange.laws import Arrhenius, Entropic, Formula, Table
from microcell.p2d import Mesh
from microcell.parameters import ArrheniusConstant, Constant
from microcell.parameters.constants import F, R
from microcell.protocol import Experiment
from tests.exchange import cells
from tests.exchange.bpx_files import CONTENT, POSITIVE, blend, changed

FILM = {
    "Rocksalt initial thickness [m]": 3.1e-10,
    "Rocksalt growth constant [m2.s-1]": 3.7e-23,
    "Rocksalt vacancy energy zero stoichiometry": 0.231,
    "Rocksalt ionic conductivity [S.m-1]": 1.7e-7,
    "Rocksalt lithium diffusivity [m2.s-1]": 1.3e-17,
}


def back(cell, tmp_path):
    path = tmp_path / "cell.json"
    notes = write_bpx(cell, path)
    return read_bpx(path), notes


def test_the_sample_says_what_chen_2020_says():
    cell = cells.lgm50()
    assert cell.notes == ()
    np.testing.assert_allclose(
        cell.parameters["Exchange current density factor [A.m2.5.mol-1.5]"], 3.42e-6, rtol=2e-6
    )
    np.testing.assert_allclose(
        cell.negative.parameters["Exchange current density factor [A.m2.5.mol-1.5]"], 6.48e-7, rtol=2e-6
    )
    np.testing.assert_allclose(
        [cell.design.active_fraction, cell.negative.design.active_fraction], [0.665, 0.75]
    )
    np.testing.assert_allclose(cell.design.tortuosity, 0.335**-0.5, rtol=1e-7)
    assert cell.negative.at_full == (0.910618, 0.263845)
    assert (cell.initial, cell.film) == (0.263845, False)
    np.testing.assert_allclose(cell.capacity, 5.0, rtol=1e-14)
    np.testing.assert_allclose(replace(cell, windows=None).stoichiometry_windows(), cell.windows, atol=1e-4)


def test_full_cell_comes_back_exactly(tmp_path):
    cell = cells.lgm50()
    again, notes = back(cell, tmp_path)
    assert notes == ()
    for one, other in ((cell, again), (cell.negative, again.negative)):
        cells.assert_same_design(one.design, other.design)
        cells.assert_same_numbers(one.parameters, other.parameters)
        cells.assert_same_laws(one.parameters, other.parameters, rtol=0)
    assert (again.initial, again.windows, again.kept) == (cell.initial, cell.windows, cell.kept)
    assert again.kept == {"External surface area [m2]": 0.00531, "Volume [m3]": 2.42e-05}


def test_the_start_is_the_state_of_charge_in_both_electrodes(tmp_path):
    cell = read_bpx(changed(tmp_path, (("State", "Initial conditions", "Initial state-of-charge"), 0.25)))
    np.testing.assert_allclose(cell.initial, 0.853975 - 0.25 * (0.853975 - 0.263845), rtol=1e-14)
    start = cell.negative.stoichiometry(cell.design, cell.parameters, cell.initial)
    np.testing.assert_allclose(start, 0.026346 + 0.25 * (0.910618 - 0.026346), rtol=1e-14)
    again, _ = back(cell, tmp_path)
    np.testing.assert_allclose(
        [again.initial, *again.negative.at_full], [cell.initial, *cell.negative.at_full]
    )


def test_half_cell_with_film_comes_back_exactly(tmp_path):
    cell = cells.nmc(values=FILM, film=True, windows=((0.2, 0.9), (0.2, 0.9)))
    again, notes = back(cell, tmp_path)
    assert notes == ()
    assert again.film
    assert again.negative is None
    assert {name: again.parameters[name] for name in FILM} == FILM
    cells.assert_same_design(cell.design, again.design)
    cells.assert_same_numbers(cell.parameters, again.parameters)
    cells.assert_same_laws(cell.parameters, again.parameters, rtol=1e-13)
    np.testing.assert_allclose(again.initial, 0.4, rtol=1e-14)


def test_a_film_law_of_the_user_comes_back(tmp_path):
    law = Formula.read("7.5 * (x - 0.22) + exp(-3.0 * x)")
    again, _ = back(cells.nmc(values={"Rocksalt vacancy energy [eV]": law}, film=True), tmp_path)
    assert again.parameters["Rocksalt vacancy energy [eV]"].text == law.text


def test_sizes_and_surface_factor_come_back(tmp_path):
    design = cells.DESIGN.model_copy(
        update={"radii": (1.5e-6, 4e-6, 8e-6), "weights": (0.2, 0.5, 0.3), "surface_factor": 1.7}
    )
    again, _ = back(cells.nmc(design=design), tmp_path)
    cells.assert_same_design(design, again.design)


def test_laws_that_bpx_lacks_become_tables_of_known_error(tmp_path):
    cell = cells.nmc(values={"Active open-circuit potential [V]": "sturm2019_refit"})
    again, notes = back(cell, tmp_path)
    assert len(notes) == 1
    assert "rows" in notes[0]
    x = np.linspace(0.001, 0.999, 3001)
    potential = "Active open-circuit potential [V]"
    found, expected = (np.asarray(one.parameters.law(potential)(x, 298.15)) for one in (again, cell))
    assert np.abs(found - expected).max() < 2e-5
    third, notes = back(again, tmp_path)
    assert notes == ()
    np.testing.assert_array_equal(third.parameters.law(potential)(x, 298.15), found)


def test_transport_beyond_bpx_stands_in_the_user_defined_block(tmp_path):
    cell = cells.nmc()
    cell = replace(cell, parameters=cell.parameters.with_electrolyte("landesfeind2019_ec_emc"))
    again, notes = back(cell, tmp_path)
    assert len(notes) == 2
    c = np.linspace(50.0, 3000.0, 60)
    for name in ("Cation transference number", "Thermodynamic factor", *cells.ELECTROLYTE):
        found, expected = (np.asarray(one.parameters.law(name)(c, 298.15)) for one in (again, cell))
        np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=name)


def test_temperatures_enter_and_come_back(tmp_path):
    T, reference, energies = 308.15, 298.15, (17100.0, 25000.0, 30000.0)
    path = changed(
        tmp_path,
        (("State", "Thermal environment", "Ambient temperature [K]"), T),
        (("Parameterisation", "Electrolyte", "Conductivity activation energy [J.mol-1]"), energies[0]),
        ((*POSITIVE, "Diffusivity activation energy [J.mol-1]"), energies[1]),
        ((*POSITIVE, "Reaction rate constant activation energy [J.mol-1]"), energies[2]),
        ((*POSITIVE, "Entropic change coefficient [V.K-1]"), {"x": [0, 1], "y": [-1e-4, 1e-4]}),
    )
    plain, cell = cells.lgm50(), read_bpx(path)
    factors = np.exp(np.array(energies) / R * (1 / reference - 1 / T))
    ratio = [
        float(cell.parameters.law(name)(at, T) / plain.parameters.law(name)(at, T))
        for name, at in (("Electrolyte conductivity [S.m-1]", 900.0), ("Active diffusivity [m2.s-1]", 0.5))
    ]
    rate = "Exchange current density factor [A.m2.5.mol-1.5]"
    np.testing.assert_allclose([*ratio, cell.parameters[rate] / plain.parameters[rate]], factors, rtol=1e-13)
    shift = [one.parameters.law("Active open-circuit potential [V]")(0.75, T) for one in (cell, plain)]
    np.testing.assert_allclose(shift[0] - shift[1], 10.0 * 0.5e-4, rtol=1e-10)
    assert len(cell.notes) == 2
    again, _ = back(cell, tmp_path)
    assert isinstance(again.parameters["Active diffusivity [m2.s-1]"], ArrheniusConstant)
    assert isinstance(again.parameters["Electrolyte conductivity [S.m-1]"], Arrhenius)
    assert isinstance(again.parameters["Active open-circuit potential [V]"], Entropic)
    for at in (T, 280.0):
        cells.assert_same_laws(cell.parameters, again.parameters, rtol=1e-15, T=at)
    cells.assert_same_numbers(cell.parameters, again.parameters)


def test_two_reference_temperatures_are_written_at_the_temperature_of_the_cell(tmp_path):
    law = ArrheniusConstant(3e-15, 20000.0, 310.0)
    other = Arrhenius(Constant(1.0), 17000.0, 298.15)
    cell = cells.nmc(values={"Active diffusivity [m2.s-1]": law, "Electrolyte conductivity [S.m-1]": other})
    again, _ = back(cell, tmp_path)
    cells.assert_same_laws(cell.parameters, again.parameters, rtol=1e-13)
    assert isinstance(again.parameters["Active diffusivity [m2.s-1]"], float)


def test_user_defined_entries_of_others_are_kept(tmp_path):
    own = {
        "description": "ours",
        "Something [m]": 3.0,
        "A function": "1 + x",
        "A table": {"x": [0.0, 1.0], "y": [1.0, 2.0]},
    }
    cell = read_bpx(changed(tmp_path, (("Parameterisation", "User-defined"), own)))
    expected = {key: value for key, value in own.items() if key != "description"}
    assert cell.user_defined == expected
    assert back(cell, tmp_path)[0].user_defined == expected


def test_tables_are_linear(tmp_path):
    path = changed(tmp_path, ((*POSITIVE, "OCP [V]"), {"x": [0.0, 0.5, 1.0], "y": [4.4, 3.8, 3.0]}))
    law = read_bpx(path).parameters["Active open-circuit potential [V]"]
    assert isinstance(law, Table)
    np.testing.assert_allclose(law(np.array([0.25, 0.75]), 298.15), [4.1, 3.4], rtol=1e-14)


def test_yaml_and_older_versions_are_read(tmp_path):
    content = copy.deepcopy(CONTENT)
    content["Header"]["BPX"] = "0.4.0"
    state = content.pop("State")["Initial conditions"]
    blocks = content["Parameterisation"]
    salt = "nitial electrolyte concentration [mol.m-3]"
    blocks["Electrolyte"]["Initial concentration [mol.m-3]"] = state[f"I{salt}"]
    blocks["Cell"] |= {"Ambient temperature [K]": 298.15, "Initial temperature [K]": 298.15}
    path = tmp_path / "old.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    old, new = read_bpx(path), cells.lgm50()
    assert any("legacy" in note for note in old.notes)
    cells.assert_same_numbers(new.parameters, old.parameters, rtol=0)
    assert old.initial == new.initial


def test_what_is_not_said_is_assumed_aloud(tmp_path):
    cell = read_bpx(
        changed(
            tmp_path, (("State",), None), (("Parameterisation", "Cell", "Reference temperature [K]"), None)
        )
    )
    assert len(cell.notes) == 3
    assert cell.parameters["Temperature [K]"] == 298.15
    assert cell.initial == 0.263845


def test_particles_of_one_material_are_sizes(tmp_path):
    fine = {"Particle radius [m]": 1e-6, "Surface area per unit volume [m-1]": 1e5}
    path = changed(tmp_path, (POSITIVE, {**blend(**fine), "Porosity": 0.3}))
    design = read_bpx(path).design
    np.testing.assert_allclose(design.active_fraction, 0.665 + 1e5 * 1e-6 / 3)
    assert design.radii == (5.22e-6, 1e-6)


def test_a_missing_package_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bpx", None)
    with pytest.raises(ParameterError, match="not installed"):
        write_bpx(cells.lgm50(), tmp_path / "cell.json")


def test_a_model_describes_itself(tmp_path):
    model = cells.full().model(Mesh(5, 5, 6, negative=5))
    cell = ReducedCell.of(model)
    assert cell.initial == 0.4
    (low, high), (full, empty) = cell.stoichiometry_windows()
    ratio = 65e-6 * 50636.0 / (85e-6 * 33133.0)
    np.testing.assert_allclose((high - low) / (empty - full), ratio, rtol=1e-12)
    again, _ = back(model, tmp_path)
    cells.assert_same_numbers(model.negative.parameters, again.negative.parameters)
    found = again.model().negative.stoichiometry(again.design, again.parameters, 0.5)
    expected = model.negative.stoichiometry(model.design, model.parameters, 0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.slow
def test_the_sample_runs():
    """From full at rest: the open-circuit voltage by hand, then 5 A, and the rated capacity within 3 %."""
    cell = cells.lgm50()
    model = cell.model(Mesh(5, 5, 6, negative=5))
    solution = model.solve(
        Experiment(["Rest for 1 second", "Discharge at 1C until 2.5 V"], cell.initial_state)
    )
    x, y = cell.initial, cell.negative.at_full[0]
    positive = 4.4875 - 0.8090 * x - 0.0428 * np.tanh(18.5138 * (x - 0.5542))
    positive += -17.7326 * np.tanh(15.7890 * (x - 0.3117)) + 17.5842 * np.tanh(15.9308 * (x - 0.3120))
    negative = 0.2482 + 1.9793 * np.exp(-39.3631 * y) - 0.0909 * np.tanh(29.8538 * (y - 0.1234))
    negative += -0.04478 * np.tanh(14.9159 * (y - 0.2769)) - 0.0205 * np.tanh(30.4444 * (y - 0.6103))
    np.testing.assert_allclose(solution["Voltage [V]"][0], positive - negative, atol=1e-9)
    np.testing.assert_allclose(solution["Current [A]"][-1], 5.0, rtol=1e-12)
    np.testing.assert_allclose(solution["Discharge capacity [A.h]"][-1], 4.94, rtol=0.03)
    lithium = F * 0.1027 * 7.56e-5 * 0.665 * 63104.0 * (cell.windows[1][1] - cell.windows[1][0]) / 3600.0
    assert solution["Discharge capacity [A.h]"][-1] < lithium
