"""The public names, and what importing them costs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import microcell


def test_every_public_name_is_there() -> None:
    for name in microcell.__all__:
        assert getattr(microcell, name) is not None
    assert set(dir(microcell)) == set(microcell.__all__)
    assert set(microcell._HOME) | {"__version__"} == set(microcell.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="HalfCel"):
        _ = microcell.HalfCel


def python(code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60
    )


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom microcell.cli import main\n"
        "try: main(['run', '--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('numpy', 'jax', 'pandas', 'matplotlib', 'h5py') if name in sys.modules])"
    )
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_importing_changes_no_setting_of_jax() -> None:
    done = python(
        "import jax, microcell as mc\n[getattr(mc, name) for name in mc.__all__]\n"
        "print(jax.config.jax_enable_x64, jax.config.jax_compilation_cache_dir)"
    )
    assert done.stdout.split() == ["False", "None"], done.stderr
