"""`moment-dnb schema`: the event contract as JSON Schema."""

import argparse
import json

HELP = "print the JSON Schema of the change events"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add no option: there is one contract."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    from daemon.moment.schema import change_schema

    del arguments
    print(json.dumps(change_schema(), indent=2, ensure_ascii=False))
    return 0
