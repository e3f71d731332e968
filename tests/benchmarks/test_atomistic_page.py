"""The table of atomistic references judges rightly, and the page shows what the results say."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
# by its file: the tests have a package of the same name
spec = spec_from_file_location("atomistic_table", BENCHMARKS / "atomistic.py")
assert spec is not None
assert spec.loader is not None
atomistic = module_from_spec(spec)
spec.loader.exec_module(atomistic)


@pytest.mark.parametrize(
    ("reference", "computed", "error", "said"),
    [
        (0.5, 0.53, 0.01, "3.0"),  # an exact reference
        (137.22, 137.225, 1e-9, "1.0"),  # off by half of the last digit of the reference
        (None, 1.0, 0.1, "–"),
        ("about one", 1.0, 0.1, "–"),
        (1.0, 1.1, None, "–"),
    ],
)
def test_differences_count_errors_and_the_last_digit(reference, computed, error, said):
    row = {"reference": reference, "computed": computed, "error bar": error}
    assert atomistic.verdict(row) == said


def test_the_page_is_true():
    """Results were measured again: run ``python benchmarks/atomistic.py --gather``."""
    assert atomistic.page(atomistic.gathered()) == atomistic.PAGE.read_text(encoding="utf-8")
