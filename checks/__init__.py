"""Checks of the house that no linter offers; `make check` runs each as `python -m checks.<name>`."""
