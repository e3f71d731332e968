"""Every built-in law stays finite for any argument, and no change of a number compiles again."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcell.parameters import ParameterSet
from microcell.parameters.catalogue import all_laws
from microcell.parameters.laws import PARAMETER_OF_FIELD, Laws

BASE = ParameterSet.builtin()
NAMED = [(kind, name) for kind, laws in all_laws().items() for name in laws]
WILD = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture(scope="module")
def value_and_slope():
    """One compiled function per law."""
    numbers = {name: value for name, value in BASE.items() if isinstance(value, float)}
    laws = {key: all_laws()[key[0]][key[1]].build(numbers) for key in NAMED}
    return {key: jax.jit(jax.value_and_grad(law)) for key, law in laws.items()}


@pytest.mark.parametrize("key", NAMED, ids="-".join)
@given(argument=WILD, T=st.sampled_from([253.15, 298.15, 333.15]))
@settings(max_examples=60, deadline=None)
def test_finite_with_finite_slope_for_wild_arguments(value_and_slope, key, argument, T):
    value, slope = value_and_slope[key](jnp.float64(argument), T)
    assert np.isfinite(value)
    assert np.isfinite(slope)


@pytest.mark.parametrize("key", NAMED, ids="-".join)
def test_slope_agrees_with_differences(value_and_slope, key):
    argument, step = (
        (0.6, 1e-6) if key[0] in ("open_circuit", "diffusivity", "electronic_conductivity") else (900.0, 1e-2)
    )
    argument, step = (0.3, 1e-6) if key[0] == "vacancy_energy" else (argument, step)
    evaluate = value_and_slope[key]
    difference = (evaluate(argument + step, 298.15)[0] - evaluate(argument - step, 298.15)[0]) / (2 * step)
    scale = abs(evaluate(argument, 298.15)[0]) / argument
    assert evaluate(argument, 298.15)[1] == pytest.approx(
        float(difference), rel=1e-5, abs=1e-7 * float(scale)
    )


def test_elementwise_on_arrays_of_any_shape():
    laws = BASE.laws()
    field = np.full((2, 3, 4), 0.5)
    for law in (laws.ocp, laws.diffusivity_s, laws.conductivity_s, laws.film_energy):
        assert law(field, laws.temperature).shape == (2, 3, 4)
        assert law(field, laws.temperature).dtype == np.float64


def test_all_leaves_are_float64_arrays():
    leaves = jax.tree.leaves(BASE.laws())
    assert all(isinstance(leaf, np.ndarray) and leaf.dtype == np.float64 for leaf in leaves)


def test_leaves_do_not_depend_on_the_precision_in_force():
    with jax.enable_x64(False):
        leaves = jax.tree.leaves(BASE.laws())
    assert all(leaf.dtype == np.float64 for leaf in leaves)


def test_every_field_has_a_parameter():
    assert set(PARAMETER_OF_FIELD) == {field for field in Laws.__dataclass_fields__}
    assert all(name in BASE for name in PARAMETER_OF_FIELD.values())


def test_a_sweep_traces_once():
    traces = []

    @jax.jit
    def observe(laws):
        traces.append(1)
        return (
            laws.ocp(0.5, laws.temperature) + laws.film_growth + laws.conductivity_e(1000.0, laws.temperature)
        )

    sets = [
        BASE,
        BASE.set("Rocksalt growth constant [m2.s-1]", 1e-22),
        BASE.set("Temperature [K]", "40 degC"),
        BASE.set("Active diffusivity [m2.s-1]", 1e-14),
        BASE.with_electrolyte("landesfeind2019_ec_dmc"),
        BASE.set("Rocksalt vacancy energy slope [eV]", 4.0),
    ]
    results = [float(observe(params.laws())) for params in sets]
    assert len(traces) == 1
    assert results[4] != results[0]


def test_laws_can_be_differentiated_by_their_coefficients():
    def potential(laws):
        return laws.film_energy(0.325, 298.15)

    slope = jax.grad(potential)(jax.tree.map(jnp.asarray, BASE.laws()))
    assert float(slope.film_energy.slope) == pytest.approx(0.1)
    assert float(slope.film_growth) == 0.0


def test_users_function_becomes_a_law():
    params = BASE.set("Active diffusivity [m2.s-1]", lambda x, T: 1e-15 * jnp.exp(-x) * T / 298.15)
    law = params.laws().diffusivity_s
    assert float(law(0.5, 298.15)) == pytest.approx(1e-15 * np.exp(-0.5))
    assert float(jax.jit(lambda laws: laws.diffusivity_s(0.5, 298.15))(params.laws())) == pytest.approx(
        float(law(0.5, 298.15))
    )


def test_users_constant_function_takes_the_shape_of_the_argument():
    law = BASE.set("Cation transference number", lambda c, T: 0.3).laws().transference
    np.testing.assert_array_equal(law(np.ones(4), 298.15), np.full(4, 0.3))


class Line(eqx.Module):
    """A law of a user: any module that can be called."""

    slope: float

    def __call__(self, x, T):
        return 4.5 - self.slope * x


def test_users_module_keeps_its_coefficients_traced():
    params = BASE.set("Active open-circuit potential [V]", Line(1.0))
    assert params.laws().ocp.slope.dtype == np.float64
    assert float(params.laws().ocp(0.5, 298.15)) == 4.0
    assert params.info("Active open-circuit potential [V]").standing == "user"
