"""Telemetry: metrics and log events, made of what the planner was told and what it answered."""
