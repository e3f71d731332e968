"""Bond-valence barriers of olivine and layered oxides beside what others state, and the error of the grid.

Run: ``python benchmarks/atomistic_bond_valence.py``. Seconds on one core.
"""

from __future__ import annotations

import time
from typing import Any

import record

from microcell.atomistic.bond_valence import bond_valence, example
from microcell.atomistic.structures import layered

BVLAIN = "BVlain, page of the package: 1D 0.4395, 2D 3.3301 eV (grid 0.2 A, covalent radii)"
FIRST_PRINCIPLES = "0.27 eV, Morgan et al. 2004, doi 10.1149/1.1633511 (recalled)"
CONTEXT = "olivine: 0.1 to 0.3 eV along b, above 1 eV otherwise, doi 10.1557/s43578-022-00743-7"


def rows() -> list[dict[str, Any]]:
    """Return one row per structure and axis."""
    table = []
    for name, spacing in (("LiFePO4", 0.3), ("LiFePO4", 0.15), ("LiCoO2", 0.15), ("LiNiO2", 0.15)):
        atoms = example(name) if name == "LiFePO4" else layered(name, (1, 1, 1))
        begun = time.perf_counter()
        result = bond_valence(atoms, spacing=spacing)
        seconds = time.perf_counter() - begun
        for found in result.barriers:
            table.append(
                {
                    "what": f"{name} along {found.axis}, grid {spacing} A",
                    "reference": _reference(name, found.axis),
                    "computed": found.barrier,
                    "error bar": found.uncertainty,
                    "unit": "eV",
                    "wall_s": seconds,
                }
            )
    return table


def _reference(name: str, axis: str) -> str:
    if name == "LiFePO4":
        return f"{BVLAIN}; {FIRST_PRINCIPLES}" if axis == "b" else f"{BVLAIN}; {CONTEXT}"
    return "closed" if axis == "c" else "0.8 eV for a single vacancy (recalled), relaxed host"


def main() -> None:
    """Print and save the table."""
    table = rows()
    for row in table:
        print(f"{row['what']:32} {row['computed']:8.4f} ± {row['error bar']:.4f} eV  {row['wall_s']:5.1f} s")
    print(record.save("atomistic_bond_valence", {"rows": table}))


if __name__ == "__main__":
    main()
