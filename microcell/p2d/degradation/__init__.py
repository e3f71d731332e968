"""Degradation of the positive electrode: mechanisms with their equations, numbers and sources."""
