"""The table of bars judges rightly, and the page shows what the results say."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import bars


def bar(limit, at_most):
    return bars.Bar("a number", limit, at_most, "nowhere", bars.stated("number"), "s")


@pytest.mark.parametrize(
    ("limit", "at_most", "measured", "verdict"),
    [
        (4.0, True, 4.0, "met"),
        (4.0, True, 6.0, "**not met**, by a factor of 1.50"),
        (15.0, False, 15.0, "met"),
        (15.0, False, 5.0, "**not met**, by a factor of 3.00"),
        (0.0, True, 0.0, "met"),
        (0.0, True, 3.0, "**not met**"),
        (15.0, False, 0.0, "**not met**"),
        (4.0, True, float("nan"), "**not met**"),
        (4.0, True, None, "not measured"),
    ],
)
def test_verdicts(limit, at_most, measured, verdict):
    assert bar(limit, at_most).verdict(measured) == verdict


def test_results_that_are_missing_or_silent_are_not_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(bars.record, "RESULTS", tmp_path)
    assert bars.row(bar(4.0, True))[2:] == ["", "not measured", ""]
    (tmp_path / "nowhere.json").write_text('{"bars": {"another": 1.0}}')
    assert bars.row(bar(4.0, True))[3] == "not measured"


def test_growth_needs_both_sizes():
    rows = [{"size": 64, "device": "cpu", "job": "charge, hold, discharge", "wall_s": 100.0}]
    assert bars.growth({"runs": rows}) is None
    rows.append({"size": 128, "device": "cpu", "job": "first 5 min of the charge", "wall_s": 10.0})
    assert bars.growth({"runs": rows}) is None
    rows.append({"size": 128, "device": "cpu", "job": "charge, hold, discharge", "wall_s": 850.0})
    assert bars.growth({"runs": rows}) == pytest.approx(8.5)


def test_the_page_shows_the_results():
    """Results were measured again, or the bars changed: run ``python benchmarks/bars.py``."""
    assert bars.page() == bars.PAGE.read_text(encoding="utf-8")
