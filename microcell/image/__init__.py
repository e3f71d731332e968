"""Segmented images: reading, inspecting, telling particles apart, and generating them."""

from __future__ import annotations
