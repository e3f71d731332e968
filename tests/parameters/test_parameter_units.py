"""Numbers with units as users write them."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcell.errors import ParameterError
from microcell.parameters import bracket_unit, quantity


@pytest.mark.parametrize(
    ("given", "unit", "expected"),
    [
        ("0.2 nm", "m", 2e-10),
        ("0.2nm", "m", 2e-10),
        ("398 nm", "m", 3.98e-7),
        ("20 um", "m", 2e-5),
        ("20 µm", "m", 2e-5),
        ("1e-3 mm", "m", 1e-6),
        ("4e-11 cm2/s", "m2.s-1", 4e-15),
        ("4e-11 cm^2/s", "m2.s-1", 4e-15),
        ("4e-11 cm**2/s", "m2.s-1", 4e-15),
        ("4e-15 m2.s-1", "m2.s-1", 4e-15),
        ("4e-15 m^2 s^-1", "m2.s-1", 4e-15),
        ("1.2 mol/l", "mol.m-3", 1200.0),
        ("1.2 mol/L", "mol.m-3", 1200.0),
        ("25 degC", "K", 298.15),
        ("25 °C", "K", 298.15),
        ("2 mS/cm", "S.m-1", 0.2),
        ("3 ohm*cm^2", "Ohm.m2", 3e-4),
        ("3 Ω cm2", "Ohm.m2", 3e-4),
        ("3 ohm * cm2", "Ohm.m2", 3e-4),
        ("3 Ω.cm2", "Ohm.m2", 3e-4),
        ("3e-6 A.m2.5.mol-1.5", "A.m2.5.mol-1.5", 3e-6),
        ("2 mA/cm2", "A.m-2", 20.0),
        ("0.8 eV", "eV", 0.8),
        ("40 %", "", 0.4),
        ("0.4", "", 0.4),
        ("1e-9", "m", 1e-9),
        (" +.5 V ", "V", 0.5),
        (3, "m", 3.0),
        (np.float32(0.5), "", 0.5),
        (np.array(2.0), "m", 2.0),
    ],
)
def test_understood(given, unit, expected):
    assert quantity(given, unit) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("given", "unit", "expected"),
    [
        ("2 nm", "", "wrong dimension"),
        ("2 V", "m", "wrong dimension"),
        ("2 flum", "m", "'flum' is not known"),
        ("2 m//s", "m.s-1", "is not known"),
        ("2 m2..s", "m", "is not known"),
        ("2 degC m", "m", "wrong dimension"),
        ("2 m-", "m", "is not known"),
        ("2 m0", "m", "is not known"),
        ("2 Qmol9", "m", "wrong dimension"),
        ("2 m+", "m", "is not known"),
        ("2 (m", "m", "is not known"),
        ("2 m; import os", "m", "is not known"),
        ("1,5 m", "m", "is not known"),
        ("1 2 m", "m", "is not known"),
        ("two m", "m", "not a number"),
        ("", "m", "not a number"),
        ("inf m", "m", "not finite"),
        ("1e999", "m", "not finite"),
        (np.ones(2), "m", "A number is needed"),
        ({}, "m", "A number is needed"),
        (b"2", "m", "A number is needed"),
    ],
)
def test_refused_with_the_key(given, unit, expected):
    with pytest.raises(ParameterError) as caught:
        quantity(given, unit, key="Some length [m]")
    assert expected in str(caught.value)
    assert "Some length [m]" in str(caught.value)


def test_bracket_unit():
    assert bracket_unit("Exchange current density factor [A.m2.5.mol-1.5]") == "A.m2.5.mol-1.5"
    assert bracket_unit("CBD porosity") == ""


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{1,3} ?[A-Za-z0-9*/.^% -]{0,10}", fullmatch=True))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_number_or_a_parameter_error(text):
    with suppress(ParameterError):
        assert np.isfinite(quantity(text, "mol.m-3"))
