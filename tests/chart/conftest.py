"""Where there is no Helm the chart's tests are skipped, and fail if CI is set."""

import os

import pytest

from tests.chart.rendering import HelmUnavailable, helm


@pytest.fixture(autouse=True, scope="session")
def found_helm() -> str:
    """Helm's path."""
    try:
        return helm()
    except HelmUnavailable as reason:
        text = str(reason)
    if os.environ.get("CI"):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)
