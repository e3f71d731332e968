"""Property cards in reduced models: the same answer as with the number, and error bars that pass through."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from microcell.p2d import SPM, Mesh
from microcell.parameters import Origin, PropertyCard
from microcell.protocol import Experiment

from .cases import nmc

D = "Active diffusivity [m2.s-1]"
VALUE, SPREAD = 3.2e-15, 0.2
DISCHARGE = Experiment(["Discharge at 1C until 3.4 V"], initial="x = 0.4")
ORIGIN = Origin.of("constant", {})


def model(value):
    base = nmc(Mesh(3, 3, 5), SPM, rows=60)
    return replace(base, parameters=base.parameters.set(D, value))


def table(value=VALUE):
    values = np.full(4, value)
    return PropertyCard.table(
        D, "x", [0.2, 0.4, 0.6, 0.9], values, SPREAD * values, origin=ORIGIN, interpolation="log"
    )


def test_a_card_of_a_constant_is_the_number():
    number = model(VALUE).solve(DISCHARGE)
    scalar = model(PropertyCard.scalar(D, VALUE, SPREAD * VALUE, origin=ORIGIN)).solve(DISCHARGE)
    np.testing.assert_array_equal(scalar["Voltage [V]"], number["Voltage [V]"])
    curve = model(table()).solve(DISCHARGE)
    np.testing.assert_allclose(curve["Time [s]"], number["Time [s]"], rtol=1e-9)
    np.testing.assert_allclose(curve["Voltage [V]"], number["Voltage [V]"], rtol=0, atol=1e-10)


def test_error_bars_pass_through():
    """All points deviate together: the spread of the capacity is slope times spread, to first order."""

    def capacity(card):
        return model(card).solve(DISCHARGE)["Discharge capacity [A.h]"][-1]

    card, rng = table(), np.random.default_rng(7)
    slope = (capacity(table(1.02 * VALUE)) - capacity(table(0.98 * VALUE))) / np.log(1.02 / 0.98)
    drawn = [capacity(card.sample(rng, common=True)) for _ in range(24)]
    assert slope > 0
    assert np.std(drawn, ddof=1) == pytest.approx(slope * SPREAD, rel=0.4)


def test_cells_with_cards_fit_into_one_batch():
    """What a batch asks of its cells: the same structure, for cards known over different ranges too."""
    wide = table().model_copy(update={"validity": {"x": (0.0, 1.0)}, "points": (0.1, 0.4, 0.6, 0.95)})
    assert len({jax.tree.structure(model(card).cell()) for card in (table(), wide)}) == 1
