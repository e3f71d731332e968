"""Protocol texts: what they mean, and what is said about those that mean nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcell.errors import ProtocolError
from microcell.protocol import Termination, parse_step


def voltage(value):
    return Termination(kind="voltage", value=value, unit="V")


def current(value, unit):
    return Termination(kind="current", value=value, unit=unit)


def duration(seconds):
    return Termination(kind="duration", value=seconds, unit="s")


@pytest.mark.parametrize(
    ("text", "kind", "value", "unit", "direction", "terminations"),
    [
        ("Charge at 1C until 4.3 V", "current", 1.0, "C", -1, [voltage(4.3)]),
        ("Charge at C/3 for 30 minutes", "current", 1 / 3, "C", -1, [duration(1800)]),
        ("Charge at 0.5 C for 90 s", "current", 0.5, "C", -1, [duration(90)]),
        ("Charge at 2C/3 for 1 day", "current", 2 / 3, "C", -1, [duration(86400)]),
        ("Discharge at 2 mA until 3.0 V", "current", 2e-3, "A", 1, [voltage(3.0)]),
        ("Discharge at 10 A/m2 until 3 V", "current", 10.0, "A.m-2", 1, [voltage(3.0)]),
        ("Discharge at 2 mA/cm^2 until 3 V", "current", 20.0, "A.m-2", 1, [voltage(3.0)]),
        ("Discharge at 1e-6 A until 3 V", "current", 1e-6, "A", 1, [voltage(3.0)]),
        ("Discharge at 5 µA until 3 V", "current", 5e-6, "A", 1, [voltage(3.0)]),
        ("Discharge at 1 W/m2 for 2 hours", "power", 1.0, "W.m-2", 1, [duration(7200)]),
        ("Charge at 3 mW until 4.2 V", "power", 3e-3, "W", -1, [voltage(4.2)]),
        ("Hold at 4.3 V until C/20", "voltage", 4.3, "V", 0, [current(0.05, "C")]),
        ("Hold at 4300 mV until 1 A/m2", "voltage", 4.3, "V", 0, [current(1.0, "A.m-2")]),
        (
            "Hold at 4.3 V for 1 hour or until 10 uA",
            "voltage",
            4.3,
            "V",
            0,
            [duration(3600), current(1e-5, "A")],
        ),
        ("Hold at 4.3 V for 1 hour or 10 uA", "voltage", 4.3, "V", 0, [duration(3600), current(1e-5, "A")]),
        ("Charge at 1C until 4.3 V or for 2 hours", "current", 1.0, "C", -1, [voltage(4.3), duration(7200)]),
        ("Charge at 1C until 4.3 V or 2 hours", "current", 1.0, "C", -1, [voltage(4.3), duration(7200)]),
        ("Charge at 1C for 2 h or until 4.3 V", "current", 1.0, "C", -1, [duration(7200), voltage(4.3)]),
        ("Rest for 10 minutes", "rest", 0.0, "A", 0, [duration(600)]),
        ("rest for .5 hr", "rest", 0.0, "A", 0, [duration(1800)]),
        ("  CHARGE   AT 1c  UNTIL  4.3v  ", "current", 1.0, "C", -1, [voltage(4.3)]),
        ("discharge AT 2MA until 3V", "current", 2e-3, "A", 1, [voltage(3.0)]),
        ("Charge at C / 2 until 4.3 V", "current", 0.5, "C", -1, [voltage(4.3)]),
    ],
)
def test_understood(text, kind, value, unit, direction, terminations):
    step = parse_step(text)
    assert (step.kind, step.unit, step.direction) == (kind, unit, direction)
    assert step.value == pytest.approx(value, rel=1e-12)
    assert step.text == text.strip()
    assert step.period is None
    for found, expected in zip(step.terminations, terminations, strict=True):
        assert (found.kind, found.unit) == (expected.kind, expected.unit)
        assert found.value == pytest.approx(expected.value, rel=1e-12)


def test_period():
    step = parse_step("Charge at 1C until 4.3 V (1 minute period)")
    assert step.period == 60.0
    assert step.terminations == (voltage(4.3),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Discharge at 2 W until 3 V", 24 * 3600.0),
        ("Charge at 1C until 4.3 V", 2 * 3600.0),
        ("Charge at C/3 until 4.3 V", 6 * 3600.0),
        ("Hold at 4.3 V until C/20", 24 * 3600.0),
        ("Charge at 1C until 4.3 V or for 3 hours", 3 * 3600.0),
    ],
)
def test_no_step_is_endless(text, expected):
    step = parse_step(text)
    assert step.duration == pytest.approx(expected)
    assert step.has_default_duration == ("for" not in text)


BAD = [
    # (text, what is said about it)
    ("", "A step is a text"),
    ("   ", "A step is a text"),
    ("Chrge at 1C until 4.3 V", "'Chrge' is not understood"),
    ("Chrge at 1C until 4.3 V", "did you mean 'charge'"),
    ("Run at 1C until 4.3 V", "'Run' is not understood"),
    ("Charge at 1C untl 4.3 V", "did you mean 'until'"),
    ("Charge at 1C unitl 4.3 V", "did you mean 'until'"),
    ("Hodl at 4.3 V until C/20", "did you mean 'hold'"),
    ("Charge at 1C for 30 minuts", "did you mean 'minutes'"),
    ("Charge with 1C until 4.3 V", "'with' is not understood"),
    ("Charge at 1C until 4.3 V then rest", "'then' is not understood"),
    ("Charge at 1C until 4.3 V, rest for 1 h", 'make "rest for 1 h" a step of its own'),
    ("Charge at 1 ohm until 4.3 V", "'ohm' is not understood"),
    ("Charge at 25 oC until 4.3 V", "'oC' is not understood"),
    ("Charge at nan A until 4.3 V", "'nan' is not understood"),
    ("Charge at inf A until 4.3 V", "'inf' is not understood"),
    ("1C until 4.3 V", "starts with Charge, Discharge, Hold or Rest, not with '1C'"),
    ("until 4.3 V charge at 1C", "not with 'until'"),
    ("Charge", "value after 'charge at' is missing"),
    ("Charge at", "value after 'charge at' is missing"),
    ("Charge 1C until 4.3 V", 'write "Charge at 1C ..."'),
    ("Hold until C/20", 'write "Hold at 4.3 V ..."'),
    ("Charge at 1C", "has no end"),
    ("Charge at 1C 4.3 V", "not a C-rate, current, voltage or power"),
    ("Hold at 4.3 V", "has no end"),
    ("Rest", "has no end"),
    ("Charge at 1C until", "Nothing follows 'until'"),
    ("Charge at 1C for", "Nothing follows 'for'"),
    ("Charge at 1C for 1 h or", "Nothing follows 'or'"),
    ("Charge at 1C or until 4.3 V", "Nothing follows 'or'"),
    ("Charge at 1C until 4.3 V for 2 hours", "without 'or'"),
    ("Charge at 1C until until 4.3 V", "without 'or'"),
    ("Charge at 1C until 4.3 V or 4.2 V", "two conditions of the same kind"),
    ("Charge at 1C for 1 h or for 2 h", "two conditions of the same kind"),
    ("Charge at 4.3 V until C/20", 'write "Hold at 4.3 V until C/20"'),
    ("Hold at 1C for 1 h", "Only a voltage can be held"),
    ("Hold at 2 mA for 1 h", 'write "Charge at 2 mA ..."'),
    ("Hold at 4.3 V until 4.2 V", "cannot end at a voltage"),
    ("Charge at 1C until C/20", "cannot end at a current"),
    ("Charge at 1 W until 2 mA", "cannot end at a current"),
    ("Charge at 1C until 2 W", "cannot end at a power"),
    ("Rest until 3 V", "ends by time only"),
    ("Rest at 1C for 1 h", "not understood in a rest"),
    ("Charge at 1C for 4.3 V", "'4.3 V' is not a time"),
    ("Charge at 1C for 30", "'30' is not a time"),
    ("Charge at 1C until 3 hours", 'write "for 3 hours"'),
    ("Charge at 1C until 4.3", "'4.3' is not a C-rate"),
    ("Charge at 1 until 4.3 V", "'1' is not a C-rate"),
    ("Charge at 1 m until 4.3 V", "'1 m' is not a C-rate"),
    ("Charge at 1 A/m until 4.3 V", "'1 A/m' is not a C-rate"),
    ("Charge at 4,3 mA until 4 V", "'4,3 mA' is not a C-rate"),
    ("Charge at 1..2 C until 4 V", "'1..2 C' is not a C-rate"),
    ("Charge at C/C until 4 V", "'C/C' is not a C-rate"),
    ("Charge at 0 A for 1 h", '"Rest for ..." for no current'),
    ("Charge at 0C for 1 h", '"Rest for ..." for no current'),
    ("Charge at -1C until 4.3 V", 'use "Charge" or "Discharge" for the sign'),
    ("Discharge at -2 mA until 3 V", 'use "Charge" or "Discharge" for the sign'),
    ("Discharge at 0 W for 1 h", '"Rest for ..." for no power'),
    ("Charge at C/0 until 4.3 V", "'C/0' is not a positive, finite value"),
    ("Charge at 1e400 C until 4.3 V", "not a positive, finite value"),
    ("Charge at 1C until -4.3 V", "voltages are against lithium and positive"),
    ("Hold at 0 V until C/20", "voltages are against lithium and positive"),
    ("Charge at 1C for 0 s", "times are positive"),
    ("Charge at 1C for -3 s", "times are positive"),
    ("Hold at 4.3 V until 0 A", "not a positive, finite value"),
    ("Charge at 1C until 4.3 V (fast period)", "'fast' is not a period"),
    ("Charge at 1C until 4.3 V (0 s period)", "is not a period"),
    ("Charge at 1C until 4.3 V (1 minute)", "'4.3 V (1 minute)' is not a C-rate"),
]


@pytest.mark.parametrize(("text", "expected"), BAD)
def test_refused_with_step_text_and_remedy(text, expected):
    with pytest.raises(ProtocolError) as caught:
        parse_step(text, number=3)
    message = str(caught.value)
    assert expected in message
    assert "step 3" in message
    assert text.strip() in message
    assert "Hold at 4.3 V until C/20" in message


@pytest.mark.parametrize("text", [3, None, b"Rest for 1 h", 4.3])
def test_steps_are_texts(text):
    with pytest.raises(ProtocolError, match="A step is a text"):
        parse_step(text)


TEXT = """
Charge discharge HOLD rest at until for or 1C C/20 C C/ 4.3 4.3V 2 mA A/m2 W V 30 minutes h m s % , ; / ( )
(1 minute period) -1 1e3 . and °C
"""
WORDS = TEXT.split()


@given(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join) | st.text(max_size=40))
@settings(max_examples=600, deadline=None)
def test_any_text_is_a_step_that_ends_or_a_protocol_error(text):
    try:
        step = parse_step(text)
    except ProtocolError:
        return
    assert 0 < step.duration < float("inf")
    assert step.terminations
    assert step.value > 0 or step.kind == "rest"
