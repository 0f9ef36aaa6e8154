"""The pure planner: events in, actions out; no await, clock, randomness, logging or I/O in this package.

Instants are seconds since the Unix epoch as floats, told by the caller and never stepping back within a process;
durations are seconds as floats.
"""
