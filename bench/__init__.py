"""Measuring commands: each prints what the program does on the machine it runs on."""
