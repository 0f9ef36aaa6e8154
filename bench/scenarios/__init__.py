"""What is measured: one module a scenario, whose docstring tells exactly what, and against which goal."""
