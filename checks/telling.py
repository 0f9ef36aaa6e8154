"""What the steps of a long check say, and how they end it."""


def say(line: str) -> None:
    """Tell a step that is done."""
    print(f"  {line}", flush=True)


def expect(expected: object, actual: object) -> None:
    """End the check if these differ."""
    if expected != actual:
        raise SystemExit(f"expected {expected!r}, found {actual!r}")
