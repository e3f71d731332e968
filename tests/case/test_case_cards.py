"""Property cards in case files: read beside the case, kept in it, named where they do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import microcell as mc
from microcell.case.reduced import read_mechanisms, read_negative
from microcell.errors import ParameterError
from microcell.files import plain
from microcell.p2d import Design
from microcell.parameters import Origin, PropertyCard

D, D_FILM = "Active diffusivity [m2.s-1]", "Rocksalt lithium diffusivity [m2.s-1]"
ORIGIN = Origin.of("kmc", {})
TABLE = PropertyCard.table(
    D, "x", [0.2, 0.5, 0.9], [1e-15, 4e-15, 2e-16], [1e-16, 3e-16, 2e-17], origin=ORIGIN, interpolation="log"
)
NUMBER = PropertyCard.scalar(D_FILM, 3e-17, 5e-18, origin=ORIGIN)

TEXT = f"""
[cell.set]
"{D}" = {{ card = "cards/table.json" }}

[p2d.negative]
parameters = "nmc811"
electrode_thickness = "60 um"
active_fraction = 0.6
porosity = 0.3
tortuosity = 1.8
radii = "5 um"
at_full = [0.9, 0.3]
[p2d.negative.set]
"{D}" = {{ card = "cards/table.json" }}

[protocol]
initial = "x = 0.88"
steps = ["Charge at 1C until 4.3 V"]
"""
POSITIVE = Design(
    electrode_thickness=65e-6, active_fraction=0.68, porosity=0.26, tortuosity=1.9, radii=(5e-6,)
)


@pytest.fixture
def case_file(tmp_path: Path) -> Path:
    (tmp_path / "cards").mkdir()
    TABLE.write(tmp_path / "cards/table.json")
    NUMBER.write(tmp_path / "cards/number.json")
    path = tmp_path / "case.toml"
    path.write_text(TEXT)
    return path


def test_cards_are_read_beside_the_case(case_file: Path) -> None:
    case = mc.Case.read(case_file)
    assert case.read_parameters().card(D) == TABLE
    negative = read_negative(case, POSITIVE)
    assert negative is not None
    assert negative.parameters.card(D) == TABLE
    changed = case.with_overrides([f"{D_FILM}={{card='cards/number.json'}}"])
    assert changed.read_parameters().number(D_FILM) == 3e-17
    assert changed.read_parameters().info(D_FILM).uncertainty == (5e-18,)


def test_a_stored_case_needs_the_card_no_more(case_file: Path) -> None:
    case = mc.Case.read(case_file)
    stored = json.loads(json.dumps(plain(case.to_dict())))
    (case_file.parent / "cards/table.json").unlink()
    again = mc.Case.from_dict(stored)
    assert again.read_parameters().to_dict() == case.read_parameters().to_dict()
    assert (
        mc.Case.from_dict({**case.to_dict(), "cell": {"set": {D: TABLE}}}).read_parameters().card(D) == TABLE
    )


def test_errors_name_the_key_of_the_case_and_the_file_of_the_card(case_file: Path) -> None:
    (case_file.parent / "cards/table.json").write_text("{}")
    with pytest.raises(ParameterError) as refused:
        mc.Case.read(case_file)
    assert refused.value.file == case_file.parent / "cards/table.json"
    assert refused.value.key == f"cell.set.{D} of case.toml"


@pytest.mark.parametrize(
    ("override", "key"),
    [
        (f"{D}={{card='gone.json'}}", f"{D} (an override)"),
        (f"{D_FILM}={{card='cards/table.json'}}", f"{D_FILM} (an override)"),
        ("Electrolyte conductivity [S.m-1]={card='cards/table.json'}", "Electrolyte conductivity [S.m-1]"),
    ],
)
def test_an_override_that_does_not_fit_is_named(case_file: Path, override: str, key: str) -> None:
    with pytest.raises(ParameterError) as refused:
        mc.Case.read(case_file).with_overrides([override]).read_parameters()
    assert key in (refused.value.key or "")


def test_numbers_of_mechanisms_may_be_cards(case_file: Path) -> None:
    from microcell.p2d.degradation.catalogue import entries

    name, entry = next(iter(entries("interphase").items()))
    low, high = entry.range
    value = 0.5 * (max(low, 1e-12) + min(high, 2e-9))
    card = PropertyCard.scalar(name, value, 0.1 * value, origin=ORIGIN)
    case = mc.Case.from_dict(
        {**mc.Case.read(case_file).to_dict(), "p2d": {"degradation": {"interphase": {name: card}}}}
    )
    (mechanism,) = read_mechanisms(case, film=False)
    assert mechanism.initial == value
    warm = card.model_copy(update={"temperature": 300.0, "activation_energy": 3e4})
    with pytest.raises(ParameterError, match="does not follow the temperature"):
        read_mechanisms(
            mc.Case.from_dict({**case.to_dict(), "p2d": {"degradation": {"interphase": {name: warm}}}}),
            film=False,
        )
