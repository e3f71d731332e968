"""Strict JAX for every test: float64 on, no silent dtype or rank promotion; compiled programs kept between
runs."""

import os
from pathlib import Path

# XLA's older emitters compile in half the time, and most of the time of the tests is compiling
QUICK = "--xla_cpu_use_fusion_emitters=false"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {QUICK}".strip()

import jax  # noqa: E402
import pytest  # noqa: E402

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")


def pytest_configure(config: pytest.Config) -> None:
    """Keep what XLA compiles beside pytest's own cache, so that only the first run pays for it."""
    jax.config.update("jax_compilation_cache_dir", str(Path(config.rootpath) / ".pytest_cache" / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Reference volumes and tables beside the repository; tests that need them skip where they are absent."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "volumes").is_dir():
        pytest.skip("the reference folder ../shared is not beside this repository")
    return folder
