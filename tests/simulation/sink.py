"""A process's way to DnB: one token for all its calls, and no call after its time has passed."""

from typing import TYPE_CHECKING

from daemon.core.actions import Send
from daemon.core.events import NotSent, Replied
from daemon.core.procedure import Answered, Reply
from daemon.dnb.tokens import Token, TokenBook, renewal, token_reply

if TYPE_CHECKING:
    from tests.simulation.replica import Replica
    from tests.simulation.source import Ownership


class Sink:
    """Does what `edges.http_sink` does, in the same order, over the simulated network."""

    def __init__(self, replica: "Replica") -> None:
        """Begin without a token."""
        self.in_flight: dict[int, Send] = {}
        self.made_for: dict[int, Ownership | None] = {}
        self._replica = replica
        self._book = TokenBook()
        self._wanting: list[Send] = []
        self._is_renewing = False

    def submit(self, send: Send) -> None:
        """Make a call, or wait for a token first."""
        self.in_flight[send.ticket] = send
        partition = self._replica.world.home(send.entity) if send.entity is not None else None
        self.made_for[send.ticket] = self._replica.source.owned.get(partition) if partition is not None else None
        now = self._replica.process.now()
        token = self._book.current(now)
        if token is None:
            self._wanting.append(send)
            self._renew()
        elif now >= send.not_after:
            self._end(send, NotSent(send.ticket, "fenced"))
        else:
            self._carry(send, token)

    def _carry(self, send: Send, token: Token) -> None:
        replica, serial = self._replica, self._book.serial
        world, process = replica.world, replica.process

        def hear(reply: Reply) -> None:
            process.do(lambda: self._hear(send, serial, reply))

        def leave() -> None:
            world.carry(replica, send, token, hear, applied if world.timeline.now > sent_at else None)

        sent_at, applied = world.timeline.now, world.network.applied
        world.watch.sent(replica, send)
        if world.when_sending is not None:
            world.when_sending(replica, send)
        process.do(leave)

    def _hear(self, send: Send, serial: int, reply: Reply) -> None:
        now = self._replica.process.now()
        if isinstance(reply, Answered) and self._book.must_repeat(send.tenant, serial, reply.status, now):
            self._end(send, NotSent(send.ticket, "token_expired"))
        else:
            self._end(send, Replied(send.ticket, reply))

    def _end(self, send: Send, event: Replied | NotSent) -> None:
        del self.in_flight[send.ticket], self.made_for[send.ticket]
        self._replica.put(event)

    def _renew(self) -> None:
        if self._is_renewing:
            return
        self._is_renewing = True
        process = self._replica.process
        self._replica.world.watch.asked_for_token(self._replica)
        self._replica.world.network.ask_for_token(process.now(), lambda reply: process.do(lambda: self._renewed(reply)))

    def _renewed(self, reply: Reply) -> None:
        """Take the token; what has waited for it takes its turn again."""
        self._is_renewing = False
        now = self._replica.process.now()
        outcome = token_reply(reply, now)
        if isinstance(outcome, Token):
            self._book.renew(outcome, now)
        self._replica.world.watch.answered_with_token(self._replica, reply)
        self._replica.put(renewal(outcome))
        wanting, self._wanting = self._wanting, []
        for send in wanting:
            self._end(send, NotSent(send.ticket, "token_awaited" if isinstance(outcome, Token) else "no_token"))
