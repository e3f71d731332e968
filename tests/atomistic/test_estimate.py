import numpy as np
import pytest

from microcell.atomistic.estimate import Estimate, require_samples
from microcell.errors import AtomisticError


def test_mean_and_standard_error() -> None:
    """1, 2, 3, 4: mean 2.5, variance 5/3, standard error sqrt(5/12)."""
    found = Estimate.of([1.0, 2.0, 3.0, 4.0])
    assert found.mean == 2.5
    assert found.standard_error == pytest.approx(np.sqrt(5 / 12))
    assert "±" in str(found)


@pytest.mark.parametrize("values", [[1.0], [], [1.0, np.nan]])
def test_samples_without_an_error_bar_are_refused(values: list[float]) -> None:
    with pytest.raises(AtomisticError, match="error bar"):
        Estimate.of(values)


def test_numbers_of_samples() -> None:
    assert require_samples(5, "samples") == 5
    with pytest.raises(AtomisticError, match="samples"):
        require_samples(1, "samples")
