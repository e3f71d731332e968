"""Mean squared displacement and diffusivity of motions whose answer is known."""

import numpy as np
import pytest

from microcell.atomistic.dynamics import (
    block_displacement,
    draw_displacement,
    mean_squared_displacement,
    self_diffusivity,
)
from microcell.errors import AtomisticError
from microcell.parameters.card import PropertyCard

from .walks import lattice_walk, random_walk, track


def test_fourier_transform_gives_the_double_sum():
    """Every lag over every origin, written out."""
    places = np.random.default_rng(0).random((17, 3, 3)).cumsum(axis=0) + 50.0
    direct = [((places[k:] - places[: 17 - k]) ** 2).mean(axis=(0, 1)) for k in range(17)]
    np.testing.assert_allclose(mean_squared_displacement(places), direct, rtol=1e-9, atol=1e-9)


def test_ballistic_motion():
    """x = v t: exactly v^2 t^2 along x, nothing along z."""
    time = np.arange(30.0)
    places = np.zeros((30, 2, 3))
    places[:, :, 0] = 0.3 * time[:, None]
    found = mean_squared_displacement(places)
    assert found[:, 0] == pytest.approx(0.09 * time**2)
    assert found[:, 2] == pytest.approx(0.0, abs=1e-12)


def test_anisotropic_random_walk():
    """Each direction has its own D, within four standard errors; errors are a few per cent."""
    exact = (0.5, 0.1, 0.02)
    walk = random_walk(np.random.default_rng(3), 4000, 40, exact)
    for axis, value in zip("xyz", exact, strict=True):
        found = self_diffusivity(walk, axis)
        assert abs(found.value - 1e-8 * value) < 4.0 * found.standard_error
        assert found.standard_error < 0.15 * found.value
    both = self_diffusivity(walk, "xy")
    assert abs(both.value - 1e-8 * 0.3) < 4.0 * both.standard_error


def test_error_is_the_scatter_of_repeats():
    """Over 60 repeats: the root mean square of the stated errors is the standard deviation of the values."""
    rng = np.random.default_rng(5)
    found = [self_diffusivity(random_walk(rng, 600, 6, (0.2, 0.2, 0.2)), blocks=6) for _ in range(60)]
    values = np.array([f.value for f in found])
    stated = np.sqrt(np.mean([f.standard_error**2 for f in found]))
    assert 0.75 < stated / values.std(ddof=1) < 1.35
    assert values.mean() == pytest.approx(0.2e-8, rel=0.03)


def test_hops_are_counted():
    """On a lattice the slope amounts to the number of hops made; vibrations are in the intercept."""
    walk, hops = lattice_walk(np.random.default_rng(2), 4000, 20, 0.02)
    found = self_diffusivity(walk, "xy")
    assert found.hops == pytest.approx(hops, rel=0.2)
    exact = 0.02 * 2.88**2 / (4 * 0.1) * 1e-8
    assert abs(found.value - exact) < 4.0 * found.standard_error


def test_motion_across_the_layers_is_zero_within_its_error():
    """The same walk does not move along z: the value is near zero, and is refused as a diffusivity."""
    walk, _ = lattice_walk(np.random.default_rng(2), 2000, 20, 0.02)
    across = self_diffusivity(walk, "z")
    assert abs(across.value) < 4.0 * across.standard_error
    assert not across.resolved
    assert across.farthest < 1.5
    assert self_diffusivity(walk, "xy").farthest > 2.88
    with pytest.raises(AtomisticError, match="hardly moves along z"):
        across.card(700.0)


def test_too_few_hops_are_refused_with_a_bound():
    """Three hops are no diffusivity; the bound is above what they would give."""
    places = 0.1 * np.random.default_rng(4).standard_normal((1000, 10, 3))
    for hop, atom in ((200, 1), (500, 4), (800, 8)):
        places[hop:, atom, 0] += 2.88
    found = self_diffusivity(track(places), "xy")
    assert not found.resolved
    assert found.upper_bound > 3 * 2.88**2 / (4 * 10 * 100.0) * 1e-8
    with pytest.raises(AtomisticError, match="all that is known is D <"):
        found.require()


def test_card_and_picture(tmp_path):
    """A resolved value goes into a card that reads back; the picture is written."""
    walk, _ = lattice_walk(np.random.default_rng(2), 2000, 20, 0.02)
    found = self_diffusivity(walk, "xy")
    card = found.card(700.0, potential="none")
    assert card == PropertyCard.read(card.write(tmp_path / "d.json"))
    assert card.temperature == 700.0
    assert card.origin.inputs["potential"] == "none"
    assert draw_displacement(found, tmp_path / "msd.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"blocks": 3}, "Too few samples"),
        ({"blocks": 100}, "too short"),
        ({"directions": "xw"}, "some of x, y, z"),
        ({"directions": "xx"}, "some of x, y, z"),
        ({"window": (5.0, 5.01)}, "too few lags"),
    ],
)
def test_bad_choices_are_refused(change, words):
    """Blocks, directions, window."""
    walk = random_walk(np.random.default_rng(0), 500, 2, (0.1, 0.1, 0.1))
    with pytest.raises(AtomisticError, match=words):
        self_diffusivity(walk, **change)


def test_positions_must_be_finite():
    """A NaN anywhere is refused."""
    places = np.zeros((200, 2, 3))
    places[100, 1, 2] = np.nan
    with pytest.raises(AtomisticError, match="finite"):
        block_displacement(places, 0.1)
