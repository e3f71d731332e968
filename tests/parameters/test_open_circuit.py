"""Open-circuit laws against the table they come from, and their inverse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from microcell.errors import ParameterError
from microcell.parameters import ParameterSet, TablePotential, stoichiometry_at
from microcell.parameters.catalogue import read_table

OCP = "Active open-circuit potential [V]"


def law(name):
    return ParameterSet.builtin().set(OCP, name).law(OCP)


@pytest.fixture(scope="module")
def table():
    return read_table("nmc811_ocp_sturm2019.csv")


def test_refit_follows_the_table_within_its_stated_error(table):
    x, potential = table
    inside = (x >= 0.2156) & (x <= 0.985)
    error = np.asarray(law("sturm2019_refit")(x, 298.15)) - potential
    assert np.max(np.abs(error[inside])) < 2.6e-3
    assert np.sqrt(np.mean(error[inside] ** 2)) < 0.45e-3


def test_refit_goes_on_almost_straight_below_the_table(table):
    """The last slope of the table is -3.41 V per unit x; the refit stays within 12 mV of that line."""
    x, potential = table
    below = np.linspace(0.05, x[0], 50)
    straight = potential[0] - 3.4 * (below - x[0])
    assert np.max(np.abs(np.asarray(law("sturm2019_refit")(below, 298.15)) - straight)) < 12e-3


@pytest.mark.parametrize("name", ["sturm2019_refit", "sturm2019_table", "chen2020", "mohtat2020"])
def test_potential_falls_with_lithium(name):
    x = np.linspace(1e-3, 0.999, 4001)
    slope = jax.vmap(jax.grad(lambda s: law(name)(s, 298.15)))(jnp.asarray(x))
    assert np.all(np.asarray(slope) < 0)


def test_table_law_is_exact_at_its_rows_and_straight_beyond(table):
    x, potential = table
    curve = law("sturm2019_table")
    np.testing.assert_allclose(curve(x[:-1], 298.15), potential[:-1], atol=1e-12)
    outside = np.asarray(curve(np.array([0.05, 0.10, 0.15]), 298.15))
    assert outside[0] - outside[1] == pytest.approx(outside[1] - outside[2], rel=1e-9)
    slope = jax.grad(lambda s: curve(s, 298.15))
    assert float(slope(0.1)) == pytest.approx(float(slope(x[0] + 1e-9)), rel=1e-5)
    assert float(slope(0.1)) == pytest.approx(-3.41, abs=0.3)


# x read from the Sturm table and from the Chen 2020 curve (reference table of the project).
@pytest.mark.parametrize(
    ("volts", "sturm", "chen"),
    [(3.6, 0.8835, 0.8607), (4.2, 0.2655, 0.3046), (4.25, 0.2321, 0.2780), (4.3, 0.2157, 0.2613)],
)
def test_stoichiometry_at_voltages(volts, sturm, chen):
    assert stoichiometry_at(law("sturm2019_table"), volts) == pytest.approx(sturm, abs=1e-4)
    assert stoichiometry_at(law("chen2020"), volts) == pytest.approx(chen, abs=1e-4)
    # the refit is off by up to 2.6 mV where the curve is flat
    assert stoichiometry_at(law("sturm2019_refit"), volts) == pytest.approx(sturm, abs=1.5e-3)


def test_only_the_sturm_curve_reaches_the_critical_lithiation_at_4_3_volts():
    critical = 11950 / 50636
    assert stoichiometry_at(law("sturm2019_refit"), 4.3) < critical
    assert stoichiometry_at(law("chen2020"), 4.3) > critical


@pytest.mark.parametrize("x", [0.001, 0.2, 0.5, 0.75, 0.95, 0.999])
def test_inverse_returns_the_stoichiometry(x):
    curve = law("sturm2019_refit")
    assert stoichiometry_at(curve, float(curve(x, 298.15))) == pytest.approx(x, abs=1e-10)


@pytest.mark.parametrize("volts", [2.0, 5.2])
def test_inverse_names_the_range_of_the_curve(volts):
    with pytest.raises(ParameterError, match=r"3\.192 V to 5\.031 V") as caught:
        stoichiometry_at(law("sturm2019_refit"), volts)
    assert f"{volts:g} V" in str(caught.value)


def test_inverse_refuses_a_curve_that_turns_back():
    with pytest.raises(ParameterError, match="more than one stoichiometry"):
        stoichiometry_at(lambda x, T: 4.0 + (x - 0.5) ** 2, 4.1)


@pytest.mark.parametrize(
    ("x", "potential"),
    [([0.1, 0.1, 0.3], [4, 3.9, 3.8]), ([0.1, 0.2, np.nan], [4, 3.9, 3.8]), ([0.1, 0.2], [4.0, 3.9])],
)
def test_bad_tables_are_refused(x, potential):
    with pytest.raises(ParameterError, match="table"):
        TablePotential.through(np.array(x), np.array(potential))


@pytest.mark.shared
def test_packaged_table_is_the_reference_table(shared_dir, table):
    reference = np.loadtxt(
        shared_dir / "reference" / "nmc811_ocp_sturm2019_table.csv", delimiter=",", skiprows=1
    )
    np.testing.assert_array_equal(np.column_stack(table), reference)
