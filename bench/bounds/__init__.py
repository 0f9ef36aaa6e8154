"""What is bounded by what, measured: real daemons on a real Kafka, figure against goal, one line each."""
