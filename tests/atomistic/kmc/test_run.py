"""What is made of squared displacements: slopes, the change in longer blocks, activation energies."""

from dataclasses import replace

import numpy as np
import pytest

from microcell.atomistic.kmc import Run, Settings, activation, jump_diffusivity, simulate, transport_table
from microcell.atomistic.kmc.kernel import LAGS
from microcell.errors import AtomisticError

from .models import toy

SETTINGS = Settings(size=4, replicas=128, groups=8, tolerance=0.1, tracers=False)


@pytest.fixture(scope="module")
def run() -> Run:
    return simulate(toy(), 0.5, 300.0, SETTINGS)


def with_slopes(run: Run, slopes: np.ndarray, conductance: np.ndarray | None = None) -> Run:
    """The run with squared displacements of a slope per group, on top of a jump at the start."""
    times = np.array(LAGS) / 8.0 * run.block_time
    ones = np.ones(len(slopes))
    centre = 5.0 + slopes[:, None] * times
    return replace(run, centre=centre, conductance=ones if conductance is None else conductance, shorter=None)


def test_extrapolation_to_long_blocks(run: Run) -> None:
    """For D(t) = D + a/t, what is left after t is a third of the change from t/4; it is in the error."""
    slopes = np.linspace(0.99, 1.01, 8) / run.block_time
    long, short = with_slopes(run, slopes * (1.0 + 0.06)), with_slopes(run, slopes * (1.0 + 0.24))
    long = replace(long, shorter=short)
    grown = long.growth(long.centre).mean
    assert grown * (1.0 + long.drift()) == pytest.approx(1.0 / run.block_time, rel=1e-9)
    alone = jump_diffusivity(replace(long, shorter=None))
    found = jump_diffusivity(long)
    assert found.mean == alone.mean
    drift = long.drift() * found.mean
    assert found.standard_error == pytest.approx(np.hypot(alone.standard_error, drift), rel=1e-9)


def test_steady(run: Run) -> None:
    """Slopes that still change by more than noise and tolerance are not taken."""
    slopes = np.linspace(0.999, 1.001, 8) / run.block_time
    long = with_slopes(run, slopes)
    assert not long.is_steady(0.03)  # nothing to compare with
    assert replace(long, shorter=with_slopes(run, 1.08 * slopes)).is_steady(0.03)
    assert not replace(long, shorter=with_slopes(run, 1.1 * slopes)).is_steady(0.03)


def test_conductance_takes_out_the_scatter_of_metals(run: Run) -> None:
    """Groups whose slopes are those of their networks times one number give that number without error."""
    conductance = np.linspace(0.6, 1.4, 8)
    found = with_slopes(run, 3.0 * conductance, conductance)
    growth = found.growth(found.centre)
    assert growth.mean == pytest.approx(3.0, rel=1e-9)
    assert growth.standard_error < 1e-9
    uncertain = replace(found, conductance_error=0.02)
    assert uncertain.growth(found.centre).standard_error == pytest.approx(0.06, rel=1e-6)


def test_activation_energy_of_free_lithium() -> None:
    """It is the one barrier."""
    tables = [transport_table(toy(), [0.4, 0.6], T, SETTINGS) for T in (280.0, 300.0, 320.0)]
    found = activation(tables)
    assert found.temperatures == (280.0, 300.0, 320.0)
    assert (np.abs(found.energies - 0.3) < 4 * found.errors).all()
    assert (found.errors < 0.05).all()
    card = tables[1].cards(found)["diffusivity"]
    assert (card.activation_energy, card.activation_energy_uncertainty) == found.common
    assert card.validity["T"] == (280.0, 320.0)
    with pytest.raises(AtomisticError, match="temperatures"):
        activation(tables[:2])
    with pytest.raises(AtomisticError, match="same lithium contents"):
        activation([*tables[:2], transport_table(toy(), [0.3, 0.6], 310.0, SETTINGS)])
