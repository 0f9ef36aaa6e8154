"""The edges: each carries one thing the planner asks for out of the process, or into it."""
