"""Compiled programs are dropped before the system's limit on memory regions, and come back."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from microcell.simulation import programs


@pytest.mark.skipif(not programs.MAPS.exists(), reason="memory regions are counted on Linux only")
def test_programs_are_dropped_and_compiled_again() -> None:
    """At a share of nothing everything goes; the function answers as before. At the default nothing goes."""
    double = jax.jit(lambda x: 2 * x)
    assert double(jnp.ones(3)).sum() == 6
    assert not programs.make_room(share=0.99)
    assert double._cache_size() == 1
    assert programs.make_room(share=0.0)
    assert double._cache_size() == 0
    assert double(jnp.ones(3)).sum() == 6


def test_a_system_that_does_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the files, or with nonsense in them, nothing is dropped."""
    monkeypatch.setattr(programs, "LIMIT", tmp_path / "none")
    assert not programs.make_room(share=0.0)
    (tmp_path / "none").write_text("many")
    assert not programs.make_room(share=0.0)
