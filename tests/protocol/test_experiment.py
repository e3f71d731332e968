"""Whole protocols: order, repeats, start, voltage window, and SI values for a cell."""

import json

import pytest
from pydantic import ValidationError

from microcell.errors import ProtocolError
from microcell.protocol import Experiment, Initial, parse_step, resolve, validate

CCCV = ["Charge at 1C until 4.3 V", "Hold at 4.3 V until C/20"]


def test_steps_in_order_and_repeats():
    protocol = Experiment([*CCCV, "Discharge at 1C until 3.0 V"], initial="3.6 V", repeat=3)
    assert len(protocol.steps) == 9
    assert protocol.cycle_length == 3
    assert protocol.repeat == 3
    assert [step.text for step in protocol.steps[3:5]] == CCCV


def test_nested_sequences_are_flattened():
    nested = [CCCV[0], ("Rest for 1 h", ["Discharge at 1C for 1 h"]) * 2, parse_step(CCCV[1])]
    texts = [step.text for step in Experiment(nested, initial="3.6 V").steps]
    assert texts == [CCCV[0], "Rest for 1 h", "Discharge at 1C for 1 h", *texts[1:3], CCCV[1]]


def test_one_text_is_one_step():
    assert len(Experiment("Rest for 1 h", initial="3.6 V").steps) == 1


def test_common_period_leaves_own_periods():
    steps = ["Rest for 1 h", "Rest for 1 h (10 s period)"]
    assert [s.period for s in Experiment(steps, initial="3.6 V", period="1 minute").steps] == [60.0, 10.0]
    assert [s.period for s in Experiment(steps, initial="3.6 V").steps] == [None, 10.0]


def test_dictionary_round_trip():
    protocol = Experiment([*CCCV, "Rest for 1 h (10 s period)"], initial="x = 0.88", repeat=2, period=30)
    assert Experiment.from_dict(json.loads(json.dumps(protocol.to_dict()))) == protocol


def test_text_lists_steps():
    text = str(Experiment(CCCV, initial="3.6 V", repeat=2))
    assert text.splitlines() == ["start at voltage 3.6 V", f"1. {CCCV[0]}", f"2. {CCCV[1]}", "2 times"]


def test_experiments_are_frozen():
    protocol = Experiment(CCCV, initial="3.6 V")
    with pytest.raises(ValidationError):
        protocol.cycle_length = 7


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"steps": []}, "has no steps"),
        ({"steps": [()]}, "has no steps"),
        ({"steps": None}, "A step is a text"),
        ({"steps": [CCCV[0], "Rst for 1 h"]}, "step 2"),
        ({"steps": [CCCV[0], [CCCV[1], 7]]}, "step 3"),
        ({"steps": {"a": 1}}, "A drive cycle has no key 'a'"),
        ({"repeat": 0}, "repeat"),
        ({"repeat": 1.5}, "repeat"),
        ({"repeat": True}, "repeat"),
        ({"repeat": "2"}, "repeat"),
        ({"period": "often"}, "period"),
        ({"period": -1}, "period"),
        ({"period": True}, "period"),
        ({"initial": None}, "initial"),
    ],
)
def test_bad_protocols(arguments, expected):
    with pytest.raises(ProtocolError) as caught:
        Experiment(**{"steps": CCCV, "initial": "3.6 V"} | arguments)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"steps": CCCV}, 'add initial = "3.6 V"'),
        ({"initial": "3.6 V"}, "add steps"),
        ({"steps": CCCV, "initial": "3.6 V", "repeats": 2}, "did you mean 'repeat'"),
    ],
)
def test_bad_tables(content, expected):
    with pytest.raises(ProtocolError) as caught:
        Experiment.from_dict(content)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("given", "kind", "value"),
    [
        ("3.6 V", "voltage", 3.6),
        ("3600 mV", "voltage", 3.6),
        ("x = 0.88", "stoichiometry", 0.88),
        ("X=0.88", "stoichiometry", 0.88),
        ("88 % lithiated", "stoichiometry", 0.88),
        ("88% lithiation", "stoichiometry", 0.88),
        ({"stoichiometry": 0.9}, "stoichiometry", 0.9),
        ({"voltage": 3.6}, "voltage", 3.6),
        ({"voltage": "3.6 V"}, "voltage", 3.6),
        (Initial(kind="voltage", value=3.6), "voltage", 3.6),
    ],
)
def test_initial_states(given, kind, value):
    initial = Initial.parse(given)
    assert initial.kind == kind
    assert initial.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("50 %", 'write "50 % lithiated"'),
        ("3.6", 'write "3.6 V" or "x = 3.6"'),
        (3.6, "needs to say what it is"),
        (None, "needs to say what it is"),
        ("", "needs a unit"),
        ("full", "not understood"),
        ("3.6 A", "wrong dimension"),
        ("x = 1.2", "outside of 0 to 1"),
        ("x = 0", "outside of 0 to 1"),
        ("x = much", "not understood"),
        ("-3 V", "outside of 0 to 10"),
        ({"stoichiometry": 1.2}, "outside of 0 to 1"),
        ({"stoichiometry": float("nan")}, "not finite"),
        ({"voltge": 3.6}, "did you mean 'voltage'"),
        ({"voltage": 3.6, "stoichiometry": 0.5}, "one key"),
        ({}, "one key"),
        ({"voltage": None}, "not understood"),
    ],
)
def test_bad_initial_states(given, expected):
    with pytest.raises(ProtocolError) as caught:
        Initial.parse(given)
    assert expected in str(caught.value)
    assert "initial" in str(caught.value)


@pytest.mark.parametrize(
    ("steps", "initial", "key"),
    [
        (["Charge at 1C until 4.6 V"], "3.6 V", "step 1"),
        ([CCCV[0], "Hold at 4.6 V until C/20"], "3.6 V", "step 2"),
        (["Discharge at 1C until 2.4 V"], "3.6 V", "step 1"),
        (CCCV, "2 V", "initial"),
    ],
)
def test_voltages_outside_of_the_window(steps, initial, key):
    with pytest.raises(ProtocolError) as caught:
        validate(Experiment(steps, initial=initial), 2.5, 4.5)
    assert key in str(caught.value)
    assert "2.5 V to 4.5 V" in str(caught.value)


def test_voltages_inside_of_the_window():
    validate(Experiment([*CCCV, "Discharge at 1C until 2.5 V", "Rest for 1 h"], initial="x = 0.88"), 2.5, 4.5)


# A cell of 2 mm2 with a 1C current of 80 uA.
@pytest.mark.parametrize(
    ("text", "kind", "value", "voltage_limit", "current_limit", "seconds"),
    [
        ("Charge at C/2 until 4.3 V", "current", -40e-6, (4.3, 1), None, 4 * 3600),
        ("Discharge at 2 mA until 3 V", "current", 2e-3, (3.0, -1), None, 24 * 3600),
        ("Discharge at 10 A/m2 for 1 h", "current", 20e-6, None, None, 3600),
        ("Charge at 10 W/m2 until 4.3 V or for 1 h", "power", -20e-6, (4.3, 1), None, 3600),
        ("Discharge at 1 mW until 3 V", "power", 1e-3, (3.0, -1), None, 24 * 3600),
        ("Hold at 4.3 V until C/20", "voltage", 4.3, None, 4e-6, 24 * 3600),
        ("Hold at 4.3 V until 1 A/m2 or for 1 h", "voltage", 4.3, None, 2e-6, 3600),
        ("Rest for 10 minutes", "rest", 0.0, None, None, 600),
    ],
)
def test_resolved_to_si_with_positive_discharge(text, kind, value, voltage_limit, current_limit, seconds):
    step = resolve(parse_step(text), one_c_current=80e-6, area=2e-6)
    assert step.kind == kind
    assert step.value == pytest.approx(value, rel=1e-12)
    limit = step.voltage_limit
    assert (None if limit is None else (limit.value, limit.direction)) == voltage_limit
    assert step.current_limit == (None if current_limit is None else pytest.approx(current_limit, rel=1e-12))
    assert step.duration == pytest.approx(seconds)
    assert step.has_default_duration == ("for" not in text)
    assert step.text == text


@pytest.mark.parametrize(("current", "area"), [(0.0, 1.0), (1.0, 0.0), (float("nan"), 1.0)])
def test_a_cell_without_capacity_or_area_is_refused(current, area):
    with pytest.raises(ProtocolError, match="not positive"):
        resolve(parse_step("Rest for 1 h"), current, area)
