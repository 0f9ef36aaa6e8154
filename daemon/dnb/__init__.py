"""The target: what is asked of DnB Regnskap, what its replies mean, and the procedures that keep a company equal.

Nothing in this package does I/O, reads a clock or draws a random number.
"""
