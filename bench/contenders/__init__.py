"""Who contends: this daemon, and what one would otherwise write or run to bring records from Kafka to an HTTP API.

Each is a process of its own that is told by its environment where Kafka and the sink are, and how many calls it may
have in flight. All try again until a record has arrived, so that nothing is lost.
"""
