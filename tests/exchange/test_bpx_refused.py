"""BPX files that no reduced model can be, or that are none: refused, with the file named."""

import pytest

from microcell.errors import ParameterError
from microcell.exchange import read_bpx
from tests.exchange.bpx_files import POSITIVE, blend, changed

AGED = {"LLI": 0.1, "LAM: Positive electrode": 0.0, "LAM: Negative electrode": 0.0}


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([((*POSITIVE, "OCP [V]"), "exit(1)")], "not a formula"),
        ([((*POSITIVE, "OCP [V]"), "__import__('os')")], "not a formula"),
        ([((*POSITIVE, "Porosity"), None)], "not valid BPX"),
        ([((*POSITIVE, "Porosity"), 0.5)], "active fraction"),
        ([((*POSITIVE, "Maximum concentration [mol.m-3]"), 5.0)], "outside of the allowed range"),
        ([(POSITIVE, blend(**{"Maximum concentration [mol.m-3]": 5e4}))], "blend"),
        ([(("Header", "BPX"), None)], "not valid BPX"),
        ([(("Parameterisation",), None)], "not a BPX file"),
        ([(("Header", "Model"), "Partial"), (("Parameterisation", "Separator"), None)], "no separator"),
        ([(("State", "Degradation"), AGED)], "aged"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_file_named(tmp_path, edits, message):
    path = changed(tmp_path, *edits)
    with pytest.raises(ParameterError, match=message) as caught:
        read_bpx(path)
    assert caught.value.file == path


def test_single_particle_files_are_refused(tmp_path):
    path = changed(
        tmp_path,
        (("Header", "Model"), "SPM"),
        *[(("Parameterisation", block), None) for block in ("Electrolyte", "Separator")],
        *[
            (("Parameterisation", f"{side} electrode", key), None)
            for side in ("Negative", "Positive")
            for key in ("Porosity", "Transport efficiency", "Conductivity [S.m-1]")
        ],
    )
    with pytest.raises(ParameterError, match="no electrolyte, separator, porosity"):
        read_bpx(path)


@pytest.mark.parametrize("name", ["missing.json", "broken.json", "broken.yaml"])
def test_files_that_cannot_be_read_are_named(tmp_path, name):
    if name.startswith("broken"):
        (tmp_path / name).write_text("{: [")
    with pytest.raises(ParameterError, match="cannot be read") as caught:
        read_bpx(tmp_path / name)
    assert caught.value.file == tmp_path / name
