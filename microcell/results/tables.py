"""Tables as csv text that gives every digit back."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd

from microcell.errors import ResultsError

TIME = "Time [s]"
# pandas 3 reads floats exactly and warns when asked to; before, it did so only when asked.
_EXACT: dict[str, Any] = {"float_precision": "round_trip"} if int(pd.__version__.split(".")[0]) < 3 else {}


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as csv with a header and as many digits as the values need."""
    buffer = io.StringIO()
    table.to_csv(buffer, index=False)
    return buffer.getvalue()


def read_csv(path: Path) -> pd.DataFrame:
    """Read a csv exactly as it was written; an empty table where the file is missing or empty.

    Raises
    ------
    ResultsError
        The file is damaged.
    """
    try:
        return pd.read_csv(path, **_EXACT)
    except (FileNotFoundError, pd.errors.EmptyDataError):
        return pd.DataFrame()
    except (OSError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ResultsError(f"{path.name} is damaged: {error}", file=path, fix="run the case again") from error


def read_until(path: Path, limit: float) -> pd.DataFrame:
    """Read the rows of a csv up to a time [s]."""
    table = read_csv(path)
    return table[table[TIME] <= limit].reset_index(drop=True) if len(table) else table
