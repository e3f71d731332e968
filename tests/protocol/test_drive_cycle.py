"""Drive cycles: tables, texts, mappings, and what is refused."""

import numpy as np
import pytest

from microcell.errors import ProtocolError
from microcell.protocol import Experiment, Profile, follow, resolve

TABLE = "Time [s],Current [A]\n0,1\n10,-2\n30,4\n"


@pytest.fixture
def drive(tmp_path):
    (tmp_path / "drive.csv").write_text(TABLE)
    return tmp_path


def test_a_text_follows_a_table(drive):
    step = Experiment(["Follow drive.csv until 3 V"], initial="3.6 V", folder=drive).steps[0]
    assert step.profile.times == (0.0, 10.0, 30.0)
    assert step.profile.values == (1.0, -2.0, 4.0)
    assert (step.kind, step.duration, step.direction) == ("current", 30.0, 1)
    resolved = resolve(step, one_c_current=5.0, area=2.0)
    assert resolved.profile[1] == (1.0, -2.0, 4.0)
    assert (resolved.voltage_limit.value, resolved.voltage_limit.direction) == (3.0, -1)


@pytest.mark.parametrize(
    ("unit", "scale"), [("A", 1.0), ("A.m-2", 2.0), ("C", 5.0), ("W", 1.0), ("W.m-2", 2.0)]
)
def test_units(unit, scale):
    step = follow(Profile.of([0, 1], [-1, -3], unit))
    resolved = resolve(step, one_c_current=5.0, area=2.0)
    np.testing.assert_allclose(resolved.profile[1], np.array([-1, -3]) * scale)
    assert resolved.kind == ("power" if unit.startswith("W") else "current")
    assert step.direction == -1


def test_it_survives_the_file(drive):
    """What is stored with a run holds the table itself."""
    before = Experiment([{"follow": "drive.csv", "until": "2.5 V"}, "Rest for 1 s"], "3.6 V", folder=drive)
    (drive / "drive.csv").unlink()
    after = Experiment.from_dict(before.to_dict())
    assert after.steps[0].profile == before.steps[0].profile
    assert after.steps[0].terminations == before.steps[0].terminations


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("Time [s],Amps\n0,1\n1,1\n", r"Current \[A\]"),
        ("Time [s],Current [A]\n0,1\n", "1 times"),
        ("Time [s],Current [A]\n0,1\n2,1\n2,1\n", "after row 2"),
        ("Time [s],Current [A]\n1,1\n2,1\n", "begins at 1 s"),
        ("Time [s],Current [A]\n0,1\n2,\n", "row 2"),
        ("", "cannot be read"),
    ],
)
def test_bad_tables_name_file_and_row(tmp_path, table, expected):
    (tmp_path / "drive.csv").write_text(table)
    with pytest.raises(ProtocolError, match=expected) as caught:
        Experiment(["Rest for 1 s", "Follow drive.csv"], initial="3.6 V", folder=tmp_path)
    assert "step 2" in str(caught.value)
    assert "drive.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("Follow", "not understood"),
        ("Follow nothing.csv", "cannot be read"),
        ("Follow drive.csv until 3 A", "at a voltage"),
        ({"times": [0, 1], "values": [1, 1]}, "unit"),
        ({"times": [0, 1], "values": [1, 1], "unit": "kg"}, "no unit"),
        ({"folow": "drive.csv"}, "follow"),
    ],
)
def test_bad_steps(drive, item, expected):
    with pytest.raises(ProtocolError, match=expected):
        Experiment([item], initial="3.6 V", folder=drive)
