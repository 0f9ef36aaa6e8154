"""Tests of what measures: the comparisons, not the figures."""
