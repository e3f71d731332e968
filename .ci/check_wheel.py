"""Check the built distributions: everything a user needs is in the wheel, and its command answers."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

NEEDED = (
    "microcell/__init__.py",
    "microcell/py.typed",
    "microcell/cli/__init__.py",
    "microcell/parameters/data/nmc811.toml",
    "microcell/parameters/data/laws.toml",
    "microcell/parameters/data/nmc811_ocp_sturm2019.csv",
    "microcell/results/templates/report.html.j2",
    "microcell/results/templates/style.css",
    "microcell/verification/templates/dossier.html.j2",
    "microcell/verification/templates/dossier.md.j2",
    "microcell_kernels/__init__.py",
    "microcell_kernels/multigrid.py",
)
NEEDED_IN_SOURCE = ("LICENSE", "README.md", "CHANGELOG.md", "tests/conftest.py", "data/cathode_32x24x24.tif")
UNWANTED = ("tests/", "kernels/", "notebooks/", "benchmarks/")


def main(folder: Path) -> None:
    """Check the newest wheel and source distribution of a folder."""
    (wheel,) = folder.glob("*.whl")
    (source,) = folder.glob("*.tar.gz")
    check_wheel(wheel)
    check_source(source)
    with tempfile.TemporaryDirectory() as scratch:
        check_command(wheel, Path(scratch))
    print(f"{wheel.name}: complete, and its command answers")


def check_wheel(wheel: Path) -> None:
    """Refuse a wheel that lacks files or carries too many."""
    names = zipfile.ZipFile(wheel).namelist()
    missing = [name for name in NEEDED if name not in names]
    extra = [name for name in names if name.startswith(UNWANTED)]
    if missing or extra:
        sys.exit(f"{wheel.name}: missing {missing}, unwanted {extra}")


def check_source(source: Path) -> None:
    """Refuse a source distribution without tests or licence."""
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    missing = [
        name for name in ("LICENSE", "README.md", "CHANGELOG.md", "tests/conftest.py") if name not in names
    ]
    if missing:
        sys.exit(f"{source.name}: missing {missing}")


def check_command(wheel: Path, scratch: Path) -> None:
    """Install the wheel beside the dependencies of this environment, and call its command.

    The environment sees the packages of this one, so nothing is downloaded; the wheel itself is installed.
    """
    venv.create(scratch / "venv", with_pip=False)
    site = next((scratch / "venv/lib").glob("python*/site-packages"))
    here = [path for path in map(Path, sys.path) if path.name == "site-packages"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)],
        check=True,
    )
    # Not a .pth file: it would also follow the editable installation of the source tree.
    python = scratch / "venv/bin/python"
    code = (
        f"import sys; sys.path += {[str(path) for path in here]!r}; "
        "import microcell, microcell_kernels; "
        f"assert microcell.__file__.startswith({str(site)!r}), microcell; "
        f"assert microcell_kernels.__file__.startswith({str(site)!r}), microcell_kernels; "
        "microcell.ParameterSet.builtin('nmc811'); from microcell.cli import main; main(['--help'])"
    )
    subprocess.run([python, "-c", code], check=True, stdout=subprocess.DEVNULL, cwd=scratch)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
