"""The sample BPX file with entries changed."""

import copy
import json

from tests.exchange import cells

CONTENT = json.loads(cells.LGM50.read_text())
POSITIVE = ("Parameterisation", "Positive electrode")


def changed(tmp_path, *edits):
    """Write the sample with entries changed: (path of keys, value); None removes."""
    content = copy.deepcopy(CONTENT)
    for keys, value in edits:
        block = content
        for key in keys[:-1]:
            block = block.setdefault(key, {})
        block[keys[-1]] = value
        if value is None:
            del block[keys[-1]]
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(content))
    return path


def blend(**second):
    keys = [key for key in CONTENT["Parameterisation"]["Positive electrode"] if "onductivity" not in key]
    geometry = ("Thickness [m]", "Porosity", "Transport efficiency")
    electrode = CONTENT["Parameterisation"]["Positive electrode"]
    particle = {key: electrode[key] for key in keys if key not in geometry}
    return {
        **{key: electrode[key] for key in (*geometry, "Conductivity [S.m-1]")},
        "Particle": {"A": particle, "B": {**particle, **second}},
    }
