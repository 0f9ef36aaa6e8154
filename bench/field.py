"""The field: all who contend, by name."""

from collections.abc import Mapping

from bench.contenders.compiled import benthos, bento, parallel_consumer
from bench.contending import DAEMON, Contender, daemon_command, module

FIELD: Mapping[str, Contender] = {
    one.name: one
    for one in (
        Contender(name=DAEMON, command=daemon_command),
        Contender(name="loop", command=module("loop")),
        Contender(name="batches", command=module("batches")),
        Contender(name="slots", command=module("slots")),
        Contender(name="aiohttp", command=module("aiohttp_batches")),
        Contender(name="parallel-consumer", command=parallel_consumer),
        Contender(name="benthos", command=benthos),
        Contender(name="bento", command=bento),
    )
}
