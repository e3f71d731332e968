"""Property cards: what is written is read, laws meet their points, and what cannot be is refused."""

from __future__ import annotations

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from microcell.errors import ParameterError
from microcell.parameters import Origin, ParameterSet, PropertyCard
from microcell.parameters.constants import R

BASE = ParameterSet.builtin("nmc811")
D, D_FILM = "Active diffusivity [m2.s-1]", "Rocksalt lithium diffusivity [m2.s-1]"
X = (0.1, 0.25, 0.4, 0.6, 0.9)
VALUES = (2e-16, 1e-15, 5e-15, 4e-15, 8e-17)
ERRORS = (2e-17, 1e-16, 3e-16, 4e-16, 8e-18)
ORIGIN = Origin.of("kmc", {"cells": np.arange(3), "seed": 1}, references=["a paper"], note="a remark")


def table(**fields) -> PropertyCard:
    content = {"points": X, "values": VALUES, "uncertainty": ERRORS, "interpolation": "log", **fields}
    return PropertyCard.table(content.pop("name", D), content.pop("argument", "x"), origin=ORIGIN, **content)


def number(value=1e-17, error=2e-18, name=D_FILM, **fields) -> PropertyCard:
    return PropertyCard.scalar(name, value, error, origin=ORIGIN, **fields)


def test_what_is_written_is_read(tmp_path):
    card = table(temperature=300.0, activation_energy=3e4, validity={"T": (280.0, 320.0)})
    path = card.write(tmp_path / "card.json")
    assert PropertyCard.read(path) == card
    assert card.validity == {"T": (280.0, 320.0), "x": (0.1, 0.9)}
    content = json.loads(path.read_text())
    assert content["units"]["values"] == "m2.s-1"
    assert content["units"]["activation_energy"] == "J.mol-1"
    assert content["origin"]["inputs"] == {"cells": [0, 1, 2], "seed": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("interpolation", ["linear", "log"])
def test_a_law_meets_its_points_and_is_constant_outside(interpolation):
    law = table(interpolation=interpolation).law()
    np.testing.assert_allclose(law(np.array(X), 298.15), VALUES, rtol=1e-13)
    outside = law(np.array([0.0, 0.05, 0.95, 1.0]), 298.15)
    np.testing.assert_allclose(outside, [VALUES[0]] * 2 + [VALUES[-1]] * 2, rtol=1e-13)
    between = np.asarray(law(np.linspace(0.4, 0.6, 50), 298.15))
    assert np.all(np.diff(between) < 0), "monotone between two points"


def test_a_logarithmic_law_goes_straight_through_two_points():
    """D = 1e-16 exp(10 x) is a straight line on this scale."""
    x = np.array([0.2, 0.7])
    law = table(points=x, values=1e-16 * np.exp(10.0 * x), uncertainty=[0.0, 0.0]).law()
    inside = np.linspace(0.2, 0.7, 11)
    np.testing.assert_allclose(law(inside, 298.15), 1e-16 * np.exp(10.0 * inside), rtol=1e-12)


def test_a_straight_continuation_keeps_the_slope():
    x, U = [0.2, 0.5, 0.8], [4.2, 3.9, 3.6]
    law = PropertyCard.table(
        "Active open-circuit potential [V]", "x", x, U, [1e-3] * 3, origin=ORIGIN, outside="straight"
    ).law()
    np.testing.assert_allclose(law(np.array([0.1, 0.9]), 298.15), [4.3, 3.5], rtol=1e-13)


def test_the_curve_converges_to_the_function_that_it_samples():
    """At least second order on ln D = sin 4x, monotone here; the end slopes are of second order."""

    def error(count):
        x = np.linspace(0.5, 1.0, count)
        law = table(points=x, values=1e-15 * np.exp(np.sin(4 * x)), uncertainty=np.zeros(count)).law()
        fine = np.linspace(0.6, 0.9, 997)
        return np.abs(np.log(np.asarray(law(fine, 298.15)) * 1e15) - np.sin(4 * fine)).max()

    assert np.log2(error(17) / error(65)) / 2 > 1.9


@pytest.mark.parametrize("interpolation", ["linear", "log"])
def test_the_derivative_is_that_of_the_law(interpolation):
    law = table(interpolation=interpolation, temperature=300.0, activation_energy=3e4).law()
    x, step = jnp.array([0.15, 0.33, 0.5, 0.77, 0.95]), 1e-6
    slope = jax.vmap(jax.grad(lambda a: law(a, 310.0)))(x)
    differences = (law(x + step, 310.0) - law(x - step, 310.0)) / (2 * step)
    np.testing.assert_allclose(slope, differences, rtol=1e-6, atol=1e-24)
    assert slope[-1] == 0.0


def test_an_activation_energy_scales_the_table():
    law = table(temperature=300.0, activation_energy=3e4).law()
    factor = np.exp(3e4 / R * (1 / 300.0 - 1 / 330.0))
    np.testing.assert_allclose(law(np.array(X), 330.0), factor * np.array(VALUES), rtol=1e-13)
    np.testing.assert_allclose(law(np.array(X), 300.0), VALUES, rtol=1e-13)


def test_a_table_over_the_temperature_ignores_the_stoichiometry():
    card = table(argument="T", points=(280.0, 300.0, 320.0), values=VALUES[:3], uncertainty=ERRORS[:3])
    law = BASE.set(D, card).law(D)
    np.testing.assert_allclose(law(np.array([0.1, 0.9]), 300.0), [VALUES[1]] * 2, rtol=1e-13)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"values": (np.nan, *VALUES[1:])}, "values"),
        ({"uncertainty": (np.inf, *ERRORS[1:])}, "uncertainty"),
        ({"uncertainty": (-1e-17, *ERRORS[1:])}, "uncertainty"),
        ({"points": (0.1, 0.4, 0.25, 0.6, 0.9)}, "points"),
        ({"points": (0.1, 0.25, 0.25, 0.6, 0.9)}, "points"),
        ({"points": X[:1], "values": VALUES[:1], "uncertainty": ERRORS[:1]}, "points"),
        ({"values": VALUES[:4]}, "values"),
        ({"values": (0.0, *VALUES[1:])}, "values"),
        ({"interpolation": "cubic"}, "interpolation"),
        ({"outside": "straight"}, "outside"),
        ({"argument": "y"}, "argument"),
        ({"validity": {"x": (0.9, 0.1)}}, "validity.x"),
        ({"validity": {"p": (0.1, 0.9)}}, "validity.p.[key]"),
        ({"temperature": -1.0}, "temperature"),
        ({"activation_energy": 3e4}, "activation_energy"),
        ({"activation_energy_uncertainty": 1e3}, "activation_energy_uncertainty"),
        ({"colour": "red"}, "colour"),
        ({"name": ""}, "name"),
    ],
)
def test_a_card_that_cannot_be_is_refused(wrong, key):
    with pytest.raises(ParameterError) as refused:
        table(**wrong)
    assert refused.value.key == key


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": "microcell-card/9"}, "no property card of this version"),
        ({"units": {"values": "cm2.s-1"}}, "units"),
        ({"origin": {"model": "kmc"}}, "is missing"),
        ({"extra": 1}, "no such key"),
    ],
)
def test_a_file_that_is_no_card_is_refused_with_its_name(tmp_path, change, says):
    path = tmp_path / "card.json"
    path.write_text(json.dumps(table().to_dict() | change))
    with pytest.raises(ParameterError, match=says) as refused:
        PropertyCard.read(path)
    assert refused.value.file == path


@pytest.mark.parametrize("text", ["{", "[1, 2]", None])
def test_a_broken_file_is_refused(tmp_path, text):
    path = tmp_path / "card.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ParameterError, match="card") as refused:
        PropertyCard.read(path)
    assert refused.value.file == path


@pytest.mark.parametrize("interpolation", ["linear", "log"])
def test_drawn_cards_have_mean_and_spread_of_the_card(interpolation):
    rng, count = np.random.default_rng(3), 4000
    card = table(interpolation=interpolation)
    drawn = np.array([card.sample(rng).values for _ in range(count)])
    standard = np.array(ERRORS) / np.sqrt(count)
    assert np.all(np.abs(drawn.mean(axis=0) - VALUES) < 4 * standard)
    np.testing.assert_allclose(drawn.std(axis=0), ERRORS, rtol=0.06)
    assert np.abs(np.corrcoef(drawn.T) - np.eye(len(X))).max() < 0.08
    assert interpolation == "linear" or drawn.min() > 0


def test_points_may_deviate_together_and_the_activation_energy_too():
    card = table(temperature=300.0, activation_energy=3e4, activation_energy_uncertainty=1e3)
    rng = np.random.default_rng(5)
    drawn = [card.sample(rng, common=True) for _ in range(400)]
    ratios = np.array([one.values for one in drawn]) / np.array(VALUES)
    order = np.argsort(ratios[:, 0])
    assert np.all(np.diff(ratios[order, 1]) >= 0), "one deviation moves all points the same way"
    energies = np.array([one.activation_energy for one in drawn])
    assert abs(energies.mean() - 3e4) < 4 * 1e3 / np.sqrt(400)
    assert energies.std() == pytest.approx(1e3, rel=0.15)
    assert set(drawn[0].uncertainty) == {0.0}


# --- in a parameter set ----------------------------------------------------------------------------


def test_a_card_takes_the_place_of_a_law_and_says_where_it_comes_from(tmp_path):
    path = table().write(tmp_path / "kmc.json")
    for given in (table(), {"card": table()}, {"card": str(path)}, {"card": table().to_dict()}):
        changed = BASE.set(D, given)
        np.testing.assert_allclose(changed.laws().diffusivity_s(np.array(X), 298.15), VALUES, rtol=1e-13)
    info = changed.info(D)
    assert (info.standing, info.value) == ("computed", "card kmc")
    assert "a paper" in info.source
    assert "microcell" in info.source
    assert "a remark" in info.note
    assert info.uncertainty == ERRORS
    assert info.validity == {"x": (0.1, 0.9)}
    assert changed.card(D) == table()
    assert BASE.card(D) is None
    warnings = changed.outside_validity((0.05, 0.95), (900.0, 1100.0))
    assert any(D in one and "0.1 <= x <= 0.9" in one for one in warnings)


def test_a_number_keeps_its_error_bar_and_follows_the_temperature_with_an_activation_energy():
    plain = BASE.set(D_FILM, number())
    assert plain.number(D_FILM) == plain.laws().film_diffusivity == 1e-17
    assert plain.info(D_FILM).uncertainty == (2e-18,)
    assert "1e-17 ± 2e-18" in str(plain)
    assert "1e-17 ± 2e-18" in plain.to_markdown()
    warm = BASE.with_values(
        {D_FILM: number(temperature=300.0, activation_energy=4e4), "Temperature [K]": 330}
    )
    factor = np.exp(4e4 / R * (1 / 300.0 - 1 / 330.0))
    assert warm.number(D_FILM) == pytest.approx(1e-17 * factor, rel=1e-12)
    assert warm.info(D_FILM).uncertainty == pytest.approx((2e-18 * factor,), rel=1e-12)
    assert warm.set("Temperature [K]", 300.0).number(D_FILM) == pytest.approx(1e-17, rel=1e-12)


def test_a_number_outside_of_where_it_is_known_warns():
    card = number(validity={"T": (500.0, 800.0)})
    assert any(D_FILM in one for one in BASE.set(D_FILM, card).outside_validity((0.3, 0.9), (900.0, 1100.0)))


def test_a_stored_set_needs_the_file_no_more(tmp_path):
    path = table().write(tmp_path / "kmc.json")
    (tmp_path / "mine.toml").write_text(f'"{D}" = {{ card = "kmc.json" }}\n"{D_FILM}" = "2e-17 m2/s"\n')
    mine = ParameterSet.read(tmp_path / "mine.toml")
    stored = json.loads(json.dumps(mine.to_dict()))
    path.unlink()
    again = ParameterSet.from_dict(stored)
    assert again.changed_names() == mine.changed_names() == [D, D_FILM]
    assert again.card(D) == table()
    assert again.to_dict() == mine.to_dict()
    from_info = BASE.set(D, {"card": json.loads(mine.info(D).model_dump_json())["card"]})
    assert from_info.card(D) == table()


@pytest.mark.parametrize(
    ("name", "card", "allowed"),
    [
        ("Electrolyte conductivity [S.m-1]", table(argument="c"), "S.m-1"),
        ("CBD porosity", number(), "no unit"),
        (D, number(0.5, 0.1, "Share"), "m2.s-1"),
        ("Electrolyte diffusivity [m2.s-1]", table(), "a table over c"),
        (D, table(argument="c"), "a table over x"),
        (D_FILM, table(), "one number"),
        (D, table(values=(1.0, *VALUES[1:])), "1e-22 to 1e-08"),
        (D_FILM, number(1.0), "1e-22 to 1e-06"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(name, card, allowed):
    with pytest.raises(ParameterError) as refused:
        BASE.set(name, card)
    assert refused.value.key == name
    assert allowed in refused.value.allowed


def test_units_are_compared_and_not_their_spelling():
    assert BASE.set(D_FILM, number(name="D [m^2/s]")).number(D_FILM) == 1e-17
    with pytest.raises(ParameterError, match="unit"):
        BASE.set(D_FILM, number(name="D [cm2/s]"))


def test_a_set_file_names_the_card_that_is_not_there(tmp_path):
    (tmp_path / "mine.toml").write_text(f'"{D}" = {{ card = "gone.json" }}\n')
    with pytest.raises(ParameterError, match="cannot be read") as refused:
        ParameterSet.read(tmp_path / "mine.toml")
    assert (refused.value.file, refused.value.key) == (tmp_path / "gone.json", D)
    with pytest.raises(ParameterError, match="no other keys"):
        BASE.set(D, {"card": table(), "note": "mine"})
    with pytest.raises(ParameterError, match="no property card"):
        BASE.set(D, {"card": 3})


def test_cards_with_as_many_points_share_a_program():
    other = table(
        points=np.array(X) * 0.9, validity={"x": (0.2, 0.6)}, temperature=310.0, activation_energy=1e4
    )
    structures = {jax.tree.structure(BASE.set(D, card).laws()) for card in (table(), other)}
    assert len(structures) == 1
    shapes = [[np.shape(leaf) for leaf in jax.tree.leaves(BASE.set(D, c).laws())] for c in (table(), other)]
    assert shapes[0] == shapes[1]
    scalar = BASE.set(D, number(name=D)).laws()
    assert jax.tree.structure(scalar) == jax.tree.structure(BASE.laws()), "a number is a constant law"


@pytest.mark.parametrize(
    "card",
    [table(), number(), number(temperature=300.0, activation_energy=4e4)],
    ids=["table", "number", "activation"],
)
def test_a_picture_is_drawn(tmp_path, card):
    path = card.figure(tmp_path / "card.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [path]
