"""The exceptions of moment-dnb, split by whose repair they wait for.

    MomentDnbError
    ├── ConfigurationError   the operator's: settings, tenants file or topics; exit code 78
    ├── SourceError          Kafka's: it cannot be reached, or refuses what the daemon must do
    ├── SinkError            DnB's: its identity server or API cannot be used at all
    └── InvariantError       ours: a rule of planner, ledger or offsets is broken; stop, do not commit

What is expected to go wrong with one change or one call is a value (`Undecodable`, `Refused`, …), never an exception.
"""


class MomentDnbError(Exception):
    """Anything that stops the daemon; its text tells what to repair and holds no personal data."""


class ConfigurationError(MomentDnbError):
    """Settings, tenants or topics that the daemon cannot run with; all findings in one text, one line each."""


class SourceError(MomentDnbError):
    """Kafka cannot be used: unreachable, or an operation it must allow is refused."""


class SinkError(MomentDnbError):
    """DnB cannot be used at all: the identity server or the API is not what the settings say."""


class InvariantError(MomentDnbError):
    """A rule that the code itself must keep is broken: our bug. The process stops and commits nothing more."""
