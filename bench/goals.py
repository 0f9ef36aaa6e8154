"""What is to be reached: each goal names the figure that tells, and rows tell whether it was."""

from bench.judging import Goal, never

SESSION_TIMEOUT_SECONDS = 30.0
"""What the setting `session` is by default: README here tells why."""

TAKEOVER_SECONDS = 3.0
"""So long the others may take once Kafka has missed a dead member: as long as a start may, they read the same."""

GROWING = (
    *("tenants-1", "tenants-100", "tenants-5000"),
    *("ledger-10000", "ledger-100000", "ledger-1000000"),
    *("replicas-1", "replicas-2", "replicas-4"),
)

BEHIND_THE_BACKLOG = (
    "a partition is read in order, so what lies behind a backlog in it is seen when that has been read past; more "
    "partitions concern fewer tenants, and only a second reader at its end would see it before"
)
NOBODY_LEARNS = (
    "what a refusal teaches is learned for its tenant alone, and one that calls now and then has no rate to cut, so "
    "that the client goes on at what is configured; a rate that is learned for the client would end it"
)
UNTIL_THE_SESSION_ENDS = (
    "Kafka notices a dead member only after the session timeout (30 s by default), and until then its share of the "
    "quota is used by nobody, since it might still use it; a shorter `MOMENT_DNB_SESSION` brings it"
)

QUOTA = (
    Goal(what="share of the quota that is used", scenario="quota", figure="utilisation", at_least=0.995),
    never("calls beyond the quota", "quota", "rejected"),
    Goal(what="seconds until the quota is used", scenario="quota", figure="converged_s", at_most=5),
    Goal(
        what="share of the quota where twice as much is configured",
        scenario="quota-double",
        figure="of_allowed",
        at_least=0.95,
    ),
    Goal(
        what="share of the quota where twice as much is configured, 200 tenants with little to do",
        scenario="quota-many",
        figure="of_allowed",
        at_least=0.95,
    ),
    Goal(
        what="share of the quota where twice as much is configured, without Retry-After",
        scenario="quota-bare",
        figure="of_allowed",
        at_least=0.95,
        hindrance="a refusal is all that tells of the quota: a tenant's rate falls by 30 % at its first, grows by a "
        "twentieth a second until it is near the refused one and then by 0.2 %; where all four are cut at once, some "
        "30 s may pass until they use 95 % together; a quicker growth would come there sooner, and be refused more "
        "often",
    ),
    *(
        Goal(
            what="calls refused for each that is let in, where twice as much is configured",
            scenario=scenario,
            figure="refused_share",
            at_most=0.05,
            hindrance=NOBODY_LEARNS if scenario == "quota-many" else "",
        )
        for scenario in ("quota-double", "quota-many", "quota-bare")
    ),
    Goal(
        what="share of what is configured, where that is half the quota",
        scenario="quota-half",
        figure="of_allowed",
        at_least=0.95,
    ),
    never("calls beyond the quota, where half of it is configured", "quota-half", "rejected"),
    never("calls earlier than Retry-After", "retry-after", "early"),
    Goal(
        what="how much later than Retry-After, as a share of it",
        scenario="retry-after",
        figure="late_share",
        at_most=0.05,
    ),
    Goal(
        what="share of its quota that a tenant uses beside those that were told to wait",
        scenario="retry-after",
        figure="beside_utilisation",
        at_least=0.95,
    ),
    never("calls of that tenant beyond its quota", "retry-after", "beside_rejected"),
    Goal(what="share of the quota that three replicas use", scenario="replicas", figure="utilisation", at_least=0.95),
    Goal(
        what="most calls of all replicas in any second, let in or not: the quota of 100 and one burst",
        scenario="replicas",
        figure="most_in_a_second",
        at_most=200,
        by="worst",
    ),
    never(
        "calls of the three beyond the quota and one burst, which is the bucket's depth",
        "replicas",
        "rejected_together",
    ),
    never("calls of them beyond that from the first start to the end, the kill included", "replicas", "rejected"),
    Goal(
        what="seconds from the kill of one until the others use 95 % of the quota",
        scenario="replicas",
        figure="settled_s",
        at_most=10,
        hindrance=UNTIL_THE_SESSION_ENDS,
    ),
    Goal(
        what="seconds until then from when the others have its partitions",
        scenario="replicas",
        figure="settled_after_rebalance_s",
        at_most=10,
    ),
)

FAIRNESS = (
    Goal(
        what="records of a backlog read past in a second", scenario="fairness", figure="read_per_second", at_least=8_000
    ),
    Goal(
        what="p99 of small tenants behind the backlog, beyond an idle system's",
        scenario="fairness",
        figure="beyond_idle_s",
        at_most=1,
    ),
    Goal(
        what="p99 of all small tenants while it is read",
        scenario="fairness",
        figure="p99_while_read_s",
        at_most=3,
        hindrance=BEHIND_THE_BACKLOG,
    ),
    Goal(
        what="p99 of those in other partitions while it is read",
        scenario="fairness",
        figure="p99_other_partitions_s",
        at_most=3,
    ),
    Goal(
        what="p99 of those behind it in its own partition",
        scenario="fairness",
        figure="p99_same_partition_s",
        at_most=3,
        hindrance=BEHIND_THE_BACKLOG,
    ),
    Goal(what="Jain's index of equal tenants", scenario="jain", figure="jain", at_least=0.99),
    Goal(what="distance from the weights' shares", scenario="jain", figure="weights_off", at_most=0.02),
    Goal(
        what="p99 of live changes behind their tenant's replays, beyond that without any",
        scenario="replays",
        figure="beyond_idle_s",
        at_most=1,
    ),
    Goal(what="share of the quota that both use", scenario="replays", figure="utilisation", at_least=0.95),
    Goal(
        what="share of the others' calls that a customer of 12 s a call costs",
        scenario="slow-entity",
        figure="lost",
        at_most=0.02,
        hindrance="one of 64 calls in flight is 1.56 % by itself, so 0.44 % are left for all else; with more calls in "
        "flight (`MOMENT_DNB_CONCURRENCY`) one weighs less",
    ),
)

CONCURRENCY = (
    Goal(
        what="share of concurrency ÷ latency",
        scenario="concurrency",
        figure="of_possible",
        at_least=0.98,
        hindrance="each call waits some two milliseconds for the one event loop, twice: before it leaves, and when it "
        "is answered; less where other processors carry Kafka and the far end",
    ),
    Goal(
        what="calls in flight after 5 s at a tenth of the pace, of 100",
        scenario="concurrency",
        figure="slow_in_flight_5s",
        at_most=50,
    ),
    Goal(
        what="calls in flight after 10 s at a tenth of the pace, of 100",
        scenario="concurrency",
        figure="slow_in_flight",
        at_most=50,
    ),
    Goal(
        what="seconds from the end of the slow time to 95 % of the rate before",
        scenario="concurrency",
        figure="recovered_s",
        at_most=15,
    ),
)

CALLS = (
    never("calls for what is stale", "stale", "calls"),
    never("calls for what is unchanged", "unchanged", "calls"),
    Goal(what="writes for twenty queued edits", scenario="edits", figure="writes_per_customer", at_most=1.1),
    Goal(what="share of customers that have the last of twenty edits", scenario="edits", figure="complete", at_least=1),
)

COST = (
    Goal(
        what="stale changes for a second of one core",
        scenario="stale",
        figure="records_per_cpu_second",
        at_least=20_000,
    ),
    Goal(
        what="unchanged changes for a second of one core",
        scenario="unchanged",
        figure="records_per_cpu_second",
        at_least=8_000,
    ),
    Goal(
        what="µs of a change outside the HTTP client",
        scenario="unique",
        figure="overhead_us_per_record",
        at_most=150,
        hindrance="`stale` tells what reading and looking up cost, `unchanged` what deciding costs besides; the rest "
        "is what only a delivered change takes: its turn, the steps of its procedure, the reply, and its record and "
        "row in the ledger, each in Python; fewer steps that are taken change by change, and more that take a batch, "
        "would bring it down",
    ),
    Goal(
        what="processor time of a change against one client per slot",
        scenario="unique",
        figure="cpu_us_per_record",
        beside="slots",
        at_most=0.7,
    ),
    Goal(
        what="processor time of a change against the stream processor's core",
        scenario="unique",
        figure="cpu_us_per_record",
        beside="benthos",
        at_most=1.3,
        hindrance="reading, sending and keeping a ledger in Python; aiokafka and aiohttp alone, without any of the "
        "daemon's work, are the contender `aiohttp`",
    ),
    Goal(
        what="MiB with 1,000,000 entries, at the peak",
        scenario="ledger-1000000",
        figure="rss_mib",
        at_most=150,
        hindrance="the peak is not the entries', which are on disk: it is what a restore onto an empty disk lets "
        "SQLite keep in memory (16 MiB a partition, `cold_ready_mib`), and what a backlog holds open; less of either "
        "makes a restore, or reading past a backlog, slower",
    ),
    Goal(
        what="MiB with 1,000,000 entries, ready and before any work",
        scenario="ledger-1000000",
        figure="ready_mib",
        at_most=150,
    ),
    Goal(what="seconds from start to first delivery", scenario="start", figure="first_delivery_s", at_most=2),
)

QUIET = (
    Goal(what="calls in an outage of 20 s", scenario="outage", figure="calls_while_down", at_most=25),
    Goal(what="seconds from the end of an outage to work", scenario="outage", figure="resumed_s", at_most=2),
    Goal(what="seconds from a start after SIGKILL to work", scenario="restart", figure="first_delivery_s", at_most=3),
    Goal(
        what="seconds from a SIGKILL without a start until others serve all: the session timeout of 30, and 3",
        scenario="restart",
        figure="silence_s",
        at_most=SESSION_TIMEOUT_SECONDS + TAKEOVER_SECONDS,
    ),
)

ORDER = tuple(
    never("older versions behind newer ones", scenario, "misordered")
    for scenario in ("edits", "fairness", "replays", "outage", "restart", "start", "concurrency")
)
OVERLAPS = tuple(
    never("calls about a customer at once", scenario, "overlaps")
    for scenario in ("concurrency", "slow-entity", "restart", "replicas")
)
ARRIVED = tuple(
    never("changes that did not arrive", scenario, "missing")
    for scenario in ("unique", "fairness", "replays", "outage", *GROWING)
)

GOALS = (*QUOTA, *FAIRNESS, *CONCURRENCY, *CALLS, *COST, *QUIET, *ORDER, *OVERLAPS, *ARRIVED)
