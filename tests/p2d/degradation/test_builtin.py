"""Mechanisms by name: built-in numbers with their origin, users' numbers, what is refused."""

from pathlib import Path

import pytest

from microcell.errors import ParameterError
from microcell.p2d.degradation.builtin import builtin, from_dict
from microcell.p2d.degradation.catalogue import KINDS, infos, set_names
from microcell.parameters.listing import as_markdown

WITH_NUMBERS = [name for name in KINDS if name != "rocksalt"]


@pytest.mark.parametrize("name", KINDS)
def test_every_mechanism_is_built_by_name(name):
    assert type(builtin(name)) is KINDS[name]


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_every_number_says_where_it_comes_from(name):
    for of_set in set_names(name):
        for info in infos(name, of_set):
            assert info.range[0] <= info.value <= info.range[1]
            assert info.source
            assert info.standing in ("sourced", "calibrated", "assumed")


def test_the_document_holds_all_numbers():
    """Regenerate the tables of docs/degradation.md with the call below."""
    document = Path(__file__).resolve().parents[3] / "docs" / "degradation.md"
    text = document.read_text(encoding="utf-8")
    for name in WITH_NUMBERS:
        assert as_markdown(infos(name)) in text


def test_published_sets_differ_in_lithium_of_the_shell_only():
    assert set_names("shrinking_core") == ["zhuo2023", "ghosh2021"]
    ours, older = ({i.name: i.value for i in infos("shrinking_core", s)} for s in ("zhuo2023", "ghosh2021"))
    assert {name for name in ours if ours[name] != older[name]} == {
        "Shell inverse lithium diffusivity [s.m-2]"
    }
    assert float(builtin("shrinking_core", "ghosh2021").lithium_hindrance) == 1e15


def test_numbers_and_texts_with_units():
    core, layer = from_dict(
        {
            "shrinking_core": {"set": "ghosh2021", "Shell initial thickness [m]": "20 nm"},
            "interphase": {"CEI resistivity [Ohm.m]": {"value": 1e5, "source": "measured"}},
        }
    )
    assert float(core.initial) == pytest.approx(2e-8)
    assert float(core.lithium_hindrance) == 1e15
    assert float(layer.resistivity) == 1e5


def test_acid_comes_from_the_oxidation_beside_it():
    current = {"oxidation": {"Oxidation exchange current density [A.m-2]": 1e-8}}
    both = from_dict({"dissolution": {}, **current})
    assert float(both[0].oxidation.exchange_current) == float(both[1].exchange_current) == 1e-8
    assert float(builtin("dissolution").oxidation.exchange_current) == 1e-10


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"oxidaton": {}}, "oxidation"),
        ({"shrinking_core": {"set": "zhou2023"}}, "zhuo2023"),
        ({"rocksalt": {"set": "both2026"}}, "No set of numbers"),
        ({"oxidation": {"Oxidation potental [V]": 4.3}}, r"Oxidation potential \[V\]"),
        ({"oxidation": {"Oxidation potential [V]": "4.3 nm"}}, "wrong dimension"),
        ({"oxidation": {"Oxidation potential [V]": 43.0}}, "0 to 6 V"),
        ({"oxidation": {"Oxidation potential [V]": lambda x, T: x}}, "a number, not a function"),
        ({"oxidation": True}, r"\[degradation.oxidation\]"),
    ],
)
def test_wrong_tables_are_refused(table, message):
    with pytest.raises(ParameterError, match=message):
        from_dict(table)
