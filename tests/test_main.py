"""The command line as a whole."""

import pytest

from daemon import __version__
from daemon.__main__ import COMMANDS
from tests.cli.command import ran


async def test_the_version_is_told() -> None:
    """`--version` names the program and its version on one line."""
    ended = await ran("--version")
    assert (0, f"moment-dnb {__version__}\n", "") == (ended.code, ended.out, ended.err)


async def test_the_help_names_every_command() -> None:
    """`--help` lists the commands with what each does."""
    ended = await ran("--help")
    assert (0, "") == (ended.code, ended.err)
    assert [True] * len(COMMANDS) == [f"\n    {name} " in ended.out for name in COMMANDS]


@pytest.mark.parametrize("arguments", [(), ("fly",), ("run", "--fast")])
async def test_a_wrong_call_is_told_how_to_call_it(arguments: tuple[str, ...]) -> None:
    """A missing or unknown command, or an unknown option, costs nothing but a line and exit code 2."""
    ended = await ran(*arguments)
    assert (2, "") == (ended.code, ended.out)
    assert ended.err.startswith("usage: moment-dnb ")


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_has_a_help_of_its_own(command: str) -> None:
    """`COMMAND --help` works without settings, Kafka or DnB."""
    ended = await ran(command, "--help")
    assert (0, "") == (ended.code, ended.err)
    assert ended.out.startswith(f"usage: moment-dnb {command} ")
