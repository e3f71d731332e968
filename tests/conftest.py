"""Strict JAX for every test: float64 on, no silent dtype or rank promotion."""

from pathlib import Path

import jax
import pytest

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Reference volumes and tables beside the repository; tests that need them skip where they are absent."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "volumes").is_dir():
        pytest.skip("the reference folder ../shared is not beside this repository")
    return folder
