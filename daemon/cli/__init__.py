"""The commands of moment-dnb, one module each: `HELP`, `add_arguments(parser)`, `run(arguments) -> exit code`."""
