"""What JAX compiles in a stretch of a program: programs, seconds, functions."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import jax

EVENTS = {
    "/jax/core/compile/jaxpr_trace_duration": "trace",
    "/jax/core/compile/jaxpr_to_mlir_module_duration": "lower",
    "/jax/core/compile/backend_compile_duration": "compile",
}
CACHE_HIT = "/jax/compilation_cache/cache_hits"


class Compilations:
    """Counts programs handed to XLA while it is entered, those found in the persistent cache included.

    Attributes
    ----------
    programs, cache_hits : int
        Programs asked for, and those of them that came from the persistent cache.
    """

    def __init__(self) -> None:
        self.programs, self.cache_hits = 0, 0
        self._spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._functions: dict[str, float] = defaultdict(float)

    def __enter__(self) -> Compilations:
        jax.monitoring.register_event_time_span_listener(self._span)
        jax.monitoring.register_event_listener(self._event)
        return self

    def __exit__(self, *_: Any) -> None:
        jax.monitoring.unregister_event_time_span_listener(self._span)
        jax.monitoring.unregister_event_listener(self._event)

    def _span(self, event: str, begun: float, ended: float, **details: Any) -> None:
        kind = EVENTS.get(event)
        if kind is None:
            return
        self._spans[kind].append((begun, ended))
        if kind == "compile":
            self.programs += 1
            self._functions[str(details.get("fun_name", "?"))] += ended - begun

    def _event(self, event: str, **_: Any) -> None:
        self.cache_hits += event == CACHE_HIT

    def report(self, longest: int = 8) -> dict[str, Any]:
        """Return numbers for JSON: programs, seconds (nested traces count once), longest functions."""
        longest_first = sorted(self._functions.items(), key=lambda item: -item[1])
        return {
            "programs": self.programs,
            "from_cache": self.cache_hits,
            "xla_s": covered(self._spans["compile"]),
            "trace_and_lower_s": covered(self._spans["trace"] + self._spans["lower"]),
            "longest_s": dict(longest_first[:longest]),
        }


def covered(spans: list[tuple[float, float]]) -> float:
    """Length of the union of time spans [s]."""
    total, reached = 0.0, float("-inf")
    for begun, ended in sorted(spans):
        total += max(0.0, ended - max(begun, reached))
        reached = max(reached, ended)
    return total
