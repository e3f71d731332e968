"""The built-in set, changes by name, files, and what is said when something is wrong."""

import json
from importlib import resources
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from microcell.errors import ParameterError
from microcell.parameters import ParameterSet
from microcell.parameters.catalogue import all_laws, data_names
from microcell.parameters.listing import laws_as_markdown

BASE = ParameterSet.builtin("nmc811")

# The contract with the rest of the program and with users' files: names and defaults.
CONTRACT = {
    "Temperature [K]": 298.15,
    "Active maximum concentration [mol.m-3]": 50636,
    "Active open-circuit potential [V]": "sturm2019_refit",
    "Active diffusivity [m2.s-1]": 3.2e-15,
    "Active electronic conductivity [S.m-1]": 0.2,
    "Exchange current density factor [A.m2.5.mol-1.5]": 3.08753062784e-06,
    "Nominal stoichiometry window": 0.725,
    "Initial electrolyte concentration [mol.m-3]": 1000,
    "Electrolyte conductivity [S.m-1]": "landesfeind2019_ec_emc",
    "Electrolyte diffusivity [m2.s-1]": "landesfeind2019_ec_emc",
    "Cation transference number": "landesfeind2019_ec_emc",
    "Thermodynamic factor": "landesfeind2019_ec_emc",
    "CBD porosity": 0.5,
    "CBD tortuosity factor": 0.5 / 0.15,
    "CBD electronic conductivity [S.m-1]": 10,
    "CBD kinetic coverage": 0.5,
    "Separator thickness [m]": 25e-6,
    "Separator porosity": 0.45,
    "Separator tortuosity factor": 0.45**-0.5,
    "Lithium metal exchange current density [A.m-2]": 20,
    "Lithium metal reference concentration [mol.m-3]": 1000,
    "Rocksalt initial thickness [m]": 0.2e-9,
    "Rocksalt growth constant [m2.s-1]": 3.9e-23,
    "Rocksalt vacancy energy [eV]": "linear",
    "Rocksalt vacancy energy slope [eV]": 8.0,
    "Rocksalt vacancy energy zero stoichiometry": 0.225,
    "Rocksalt critical concentration [mol.m-3]": 11950,
    "Rocksalt ionic conductivity [S.m-1]": 1e-7,
    "Rocksalt lithium diffusivity [m2.s-1]": 1e-17,
    "Rocksalt molar volume [m3.mol-1]": 1.097e-5,
    "Rocksalt oxygen stoichiometry": 0.5,
    "Particle contact resistance [Ohm.m2]": 0,
    "Collector contact resistance [Ohm.m2]": 0,
    "Lower voltage limit [V]": 2.5,
    "Upper voltage limit [V]": 4.5,
}


def test_builtin_set_is_the_contract():
    assert BASE.names() == list(CONTRACT)
    for name, expected in CONTRACT.items():
        assert BASE[name] == (expected if isinstance(expected, str) else pytest.approx(expected, rel=1e-12))


def test_numbers_that_belong_together():
    """K = V_RS D_ox c_ox / nu of the example split, i00 = 3.2e-11 F, c_max = 11950 / 0.236."""
    split = BASE["Rocksalt molar volume [m3.mol-1]"] * 1.7552484448858828e-23 * 101272 / 0.5
    assert BASE["Rocksalt growth constant [m2.s-1]"] == pytest.approx(split, rel=1e-4)
    assert BASE["Exchange current density factor [A.m2.5.mol-1.5]"] == pytest.approx(3.2e-11 * 96485.33212)
    assert BASE["Active maximum concentration [mol.m-3]"] == pytest.approx(11950 / 0.236, rel=1e-5)


@pytest.mark.parametrize("name", BASE.names())
def test_every_parameter_has_source_standing_and_a_default_in_range(name):
    info = BASE.info(name)
    assert info.standing in {"sourced", "calibrated", "assumed"}
    assert len(info.source) > 10
    low, high = info.range
    assert low < high
    assert isinstance(info.value, str) or low <= info.value <= high
    assert ("[" in name) == bool(info.unit)


def test_every_law_has_source_and_standing():
    laws = [law for kind in all_laws().values() for law in kind.values()]
    assert len(laws) > 25
    assert all(len(law.source) > 10 and law.standing != "user" for law in laws)


def test_data_is_found_as_package_resource():
    folder = resources.files("microcell.parameters") / "data"
    assert {"nmc811.toml", "laws.toml", "nmc811_ocp_sturm2019.csv"} <= set(data_names())
    assert (folder / "nmc811.toml").read_text(encoding="utf-8").count("standing") > 25


def test_sets_are_immutable_and_changes_make_new_ones():
    changed = BASE.set("Rocksalt initial thickness [m]", "0.3 nm")
    assert changed["Rocksalt initial thickness [m]"] == pytest.approx(0.3e-9)
    assert BASE["Rocksalt initial thickness [m]"] == 0.2e-9
    assert changed.changed_names() == ["Rocksalt initial thickness [m]"]
    assert changed.info("Rocksalt initial thickness [m]").standing == "user"
    assert "Rocksalt initial thickness" in repr(changed)
    with pytest.raises(AttributeError):
        BASE.name = "other"


def test_coverage_follows_porosity_until_set():
    assert BASE.set("CBD porosity", 0.4)["CBD kinetic coverage"] == 0.4
    assert BASE.with_values({"CBD porosity": 0.4, "CBD kinetic coverage": 1.0})["CBD kinetic coverage"] == 1.0


def test_electrolyte_switches_four_laws():
    changed = BASE.with_electrolyte("nyman2008")
    assert changed.electrolyte == changed["Electrolyte"] == "nyman2008"
    assert float(changed.law("Cation transference number")(1000.0, 298.15)) == 0.2594
    mixed = BASE.with_values({"Cation transference number": 0.3, "Electrolyte": "valoen2005"})
    assert mixed.electrolyte == "custom"
    assert mixed["Cation transference number"] == 0.3
    assert mixed["Electrolyte diffusivity [m2.s-1]"] == "valoen2005"


def test_named_laws_keep_their_source():
    info = BASE.set("Active diffusivity [m2.s-1]", "chen2020").info("Active diffusivity [m2.s-1]")
    assert info.standing == "sourced"
    assert "Chen" in info.source


def test_number_and_law_tell_them_apart():
    assert BASE.number("CBD porosity") == 0.5
    with pytest.raises(ParameterError, match="is a law"):
        BASE.number("Active open-circuit potential [V]")
    with pytest.raises(ParameterError, match="is a number"):
        BASE.law("CBD porosity")
    assert "chen2020" in BASE.law_names("Active open-circuit potential [V]")
    assert BASE.law_names("CBD porosity") == []


def test_listing_shows_all_names():
    text, frame = str(BASE), BASE.to_frame()
    assert all(name in text for name in BASE)
    assert list(frame.index) == BASE.names()
    assert frame.loc["Separator thickness [m]", "unit"] == "m"


def test_dictionary_round_trip():
    changed = BASE.with_values(
        {
            "CBD porosity": 0.4,
            "CBD kinetic coverage": 0.5,
            "Electrolyte": "nyman2008",
            "Active diffusivity [m2.s-1]": {
                "value": "5e-15 m2/s",
                "source": "our GITT",
                "standing": "sourced",
            },
        }
    )
    stored = json.loads(json.dumps(changed.to_dict()))
    restored = ParameterSet.from_dict(stored)
    assert dict(restored) == dict(changed)
    assert restored.changed_names() == changed.changed_names()
    assert restored.info("Active diffusivity [m2.s-1]").source == "our GITT"
    assert ParameterSet.from_dict(BASE.to_dict()).changed_names() == []


def test_stored_function_cannot_be_restored():
    stored = BASE.set("Active diffusivity [m2.s-1]", lambda x, T: 1e-15).to_dict()
    with pytest.raises(ParameterError, match="set it again in Python"):
        ParameterSet.from_dict(stored)


def test_solution_outside_of_validity_is_told():
    assert BASE.outside_validity(x=(0.25, 0.9), c=(500, 1500)) == []
    warnings = BASE.outside_validity(x=(0.2, 0.9), c=(500, 3500))
    assert any("sturm2019_refit" in warning and "0.2 to 0.9" in warning for warning in warnings)
    assert sum("landesfeind2019_ec_emc" in warning for warning in warnings) == 4
    assert any(
        "T <= 323" in w for w in BASE.set("Temperature [K]", 330).outside_validity((0.3, 0.9), (500, 1500))
    )


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_file_changes_the_base(tmp_path):
    path = write(
        tmp_path,
        """
        base = "nmc811"
        Electrolyte = "landesfeind2019_ec_dmc"
        "Rocksalt initial thickness [m]" = "0.3 nm"
        "Active open-circuit potential [V]" = "chen2020"
        "Temperature [K]" = { value = "40 degC", source = "climate chamber" }
        """,
    )
    params = ParameterSet.load("mine.toml", folder=tmp_path)
    assert params.name == "mine"
    assert params["Temperature [K]"] == pytest.approx(313.15)
    assert params.info("Temperature [K]").source == "climate chamber"
    assert params["Electrolyte"] == "landesfeind2019_ec_dmc"
    assert dict(ParameterSet.read(path)) == dict(params)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"Temperatur [K]" = 300', "did you mean 'Temperature [K]'"),
        ("Temperature [K] = 300", "not valid TOML"),
        ('base = "nmc622"', "No built-in parameter set"),
        ('"Temperature [K]" = { val = 3 }', "remove val"),
        ('"Temperature [K]" = { source = "x" }', "add value"),
        ('"Temperature [K]" = { value = 300, standing = "guess" }', "sourced, calibrated, assumed"),
        ('"Temperature [K]" = "3 m"', "wrong dimension"),
    ],
)
def test_bad_files_name_the_file(tmp_path, text, expected):
    path = write(tmp_path, text)
    with pytest.raises(ParameterError) as caught:
        ParameterSet.read(path)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"absent\.toml"):
        ParameterSet.read(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Rocksalt inital thickness [m]", 1e-9, "did you mean 'Rocksalt initial thickness [m]'"),
        ("rocksalt initial thickness [m]", 1e-9, "did you mean 'Rocksalt initial thickness [m]'"),
        ("Rocksalt initial thickness", 1e-9, "'Rocksalt initial thickness [m]'"),
        ("Separator porosity", 1.3, "allowed: 0.01 to 1"),
        ("Separator porosity", 0, "allowed: 0.01 to 1"),
        ("Rocksalt initial thickness [m]", 0.2, "allowed: 0 to 1e-06 m"),
        ("Rocksalt initial thickness [m]", "0.2 mm", "outside of the allowed range"),
        ("Rocksalt initial thickness [m]", "0.2 S/m", "wrong dimension"),
        ("Rocksalt initial thickness [m]", "0.2 parsnip", "'parsnip' is not known"),
        ("Rocksalt initial thickness [m]", "thin", "not a number with a unit"),
        ("Rocksalt initial thickness [m]", float("nan"), "not finite"),
        ("Rocksalt initial thickness [m]", float("inf"), "not finite"),
        ("Rocksalt initial thickness [m]", "nan", "not finite"),
        ("Rocksalt initial thickness [m]", None, "A number is needed"),
        ("Rocksalt initial thickness [m]", True, "A number is needed"),
        ("Rocksalt initial thickness [m]", [1e-9, 2e-9], "A number is needed"),
        ("Rocksalt initial thickness [m]", 1e-9 + 1e-9j, "A number is needed"),
        ("Rocksalt initial thickness [m]", lambda x, T: 1e-9, "is a number, not a function"),
        ("CBD porosity", "0.5 m", "wrong dimension"),
        ("Active diffusivity [m2.s-1]", "chen", "did you mean 'chen2020'"),
        ("Active diffusivity [m2.s-1]", -1e-15, "outside of the allowed range"),
        ("Active diffusivity [m2.s-1]", "1e-15 m/s", "wrong dimension"),
        ("Active diffusivity [m2.s-1]", lambda x, T: np.sin(x), "jax.numpy"),
        ("Active diffusivity [m2.s-1]", lambda x: x, "function of (x, T)"),
        ("Active diffusivity [m2.s-1]", lambda x, T: jnp.log(x - 1), "not finite"),
        ("Active diffusivity [m2.s-1]", lambda x, T: jnp.zeros(7), "cannot be traced"),
        ("Cation transference number", 1.2, "allowed: -2 to 1"),
        ("Electrolyte", "nyman", "did you mean 'nyman2008'"),
        ("Electrolyte", 3, "landesfeind2019_ec_emc"),
        ("Lower voltage limit [V]", 4.6, "not below the upper one"),
        (3, 4, "No parameter is named"),
    ],
)
def test_bad_values_name_key_and_remedy(name, value, expected):
    with pytest.raises(ParameterError) as caught:
        BASE.set(name, value)
    assert expected in str(caught.value)
    assert str(name) in str(caught.value)


def test_unknown_names_are_refused_on_reading():
    for ask in (BASE.__getitem__, BASE.info, BASE.law, BASE.number):
        with pytest.raises(ParameterError, match="Temperature"):
            ask("Temprature [K]")
    with pytest.raises(ParameterError, match="nmc811"):
        ParameterSet.builtin("nmc_811")


def test_document_is_in_step():
    """docs/parameters.md holds both tables; regenerate them with the two calls below."""
    document = Path(__file__).resolve().parents[2] / "docs" / "parameters.md"
    text = document.read_text(encoding="utf-8")
    assert BASE.to_markdown() in text
    assert laws_as_markdown() in text


@pytest.mark.shared
def test_numbers_are_those_of_the_reference_block(shared_dir):
    reference = json.loads((shared_dir / "reference" / "nmc811_parameters.json").read_text())[
        "baseline_half_cell"
    ]
    rocksalt = json.loads((shared_dir / "reference" / "rocksalt_parameters.json").read_text())
    pairs = {
        "Active maximum concentration [mol.m-3]": reference["c_max"],
        "Active diffusivity [m2.s-1]": reference["D_s"],
        "Active electronic conductivity [S.m-1]": reference["sigma_eff_S_m"],
        "Exchange current density factor [A.m2.5.mol-1.5]": reference["i00"],
        "Separator thickness [m]": reference["Ls"],
        "Separator porosity": reference["eps_sep"],
        "Separator tortuosity factor": reference["eps_sep"] ** (1 - reference["brug_sep"]),
        "Rocksalt growth constant [m2.s-1]": rocksalt["calibrated"]["K_m2_s"],
        "Rocksalt ionic conductivity [S.m-1]": rocksalt["calibrated"]["kappa_RS_S_m"],
        "Rocksalt lithium diffusivity [m2.s-1]": rocksalt["calibrated"]["D_Li_RS_m2_s"],
        "Rocksalt critical concentration [mol.m-3]": rocksalt["from_source"]["c_crit_mol_m3"],
        "Rocksalt initial thickness [m]": rocksalt["from_source"]["L0_nm"] * 1e-9,
    }
    for name, expected in pairs.items():
        assert BASE[name] == pytest.approx(expected, rel=1e-9), name
