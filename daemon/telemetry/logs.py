"""The log: JSON lines, one event each, named `noun.verb_past`; never a body, key, token or personal data."""

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import Processor

from daemon.core.actions import Action
from daemon.core.events import Assigned, Event, Lost, Revoking
from daemon.core.model import Entity
from daemon.core.notices import (
    Checked,
    Conflicted,
    Fenced,
    Held,
    HoldEnded,
    Misbehaved,
    Notice,
    Reasserted,
    Remarked,
    Retried,
    Settled,
)

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_logs(level: str, stream: TextIO = sys.stderr) -> None:
    """Write all logs, Kafka's client included, as JSON lines to the stream, from the given level on."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(LEVELS[level], logging.WARNING))


class Logging:
    """Writes what a person should be able to read afterwards: what was not simply delivered, and the group's doings."""

    def __init__(self) -> None:
        """Use the log as it is configured now."""
        self._log = structlog.get_logger()
        self._tells_all = self._log.is_enabled_for(logging.DEBUG)

    def observe(self, event: Event, output: list[Action | Notice], now: float) -> None:  # noqa: ARG002 - the stamp is the log's
        """Log an event and what the planner answered, as far as they are worth a line."""
        self._event(event)
        for item in output:
            if isinstance(item, Notice):
                self._notice(item)

    def _event(self, event: Event) -> None:
        match event:
            case Assigned():
                self._log.info(
                    "partition.restored",
                    topic=event.partition.topic,
                    partition=event.partition.number,
                    generation=event.generation.number,
                    position=event.position,
                    parked=event.parked,
                    handed_over=event.handed_over,
                )
            case Revoking(partitions) | Lost(partitions):
                name = "partitions.revoked" if isinstance(event, Revoking) else "partitions.lost"
                self._log.info(name, partitions=[partition.number for partition in partitions])
            case _:
                pass

    def _notice(self, notice: Notice) -> None:
        match notice:
            case Settled():
                self._settled(notice)
            case Retried(entity, version, reason, attempt, wait):
                self._log.info(
                    "change.retried", **_of(entity), version=version, reason=reason, attempt=attempt, wait=wait
                )
            case Conflicted(entity, version):
                self._log.warning("change.conflicted", **_of(entity), version=version)
            case Remarked(entity, version, reason):
                self._log.warning("delivery.remarked", **_of(entity), version=version, reason=reason)
            case Misbehaved(entity, version, reason):
                self._log.error("change.misbehaved", **_of(entity), version=version, reason=reason)
            case _:
                self._about_no_version(notice)

    def _about_no_version(self, notice: Notice) -> None:
        match notice:
            case Held(tenant, reason, wait):
                self._log.warning("calls.held", tenant=tenant, reason=reason, wait=wait)
            case HoldEnded(tenant):
                self._log.info("calls.released", tenant=tenant)
            case Checked(result, entity):
                self._log.info("entity.checked", **_of(entity), result=result)
            case Reasserted(entity):
                self._log.warning("entry.reasserted", **_of(entity))
            case Fenced(ticket):
                self._log.info("reply.fenced", ticket=ticket)
            case _:
                pass

    def _settled(self, notice: Settled) -> None:
        is_loud = notice.settlement in {"parked", "dead_lettered"} and notice.reason != "waiting"
        if not is_loud and not self._tells_all:
            return
        where = {"partition": notice.partition.number, "offset": notice.offset}
        of = _of(notice.entity) if notice.entity else {}
        name = f"change.{notice.settlement}" if notice.entity else f"record.{notice.settlement}"
        log = self._log.warning if is_loud else self._log.debug
        log(name, **of, **where, version=notice.version, reason=notice.reason)


def _of(entity: Entity) -> dict[str, str | int]:
    return {"tenant": entity.tenant, "kind": entity.kind, "id": entity.id}
