"""A stand-in for DnB Regnskap, faithful enough to be the judge of what the daemon sends.

There is no public test company, so this package keeps the books of invented ones and answers DnB's API over them: the
query language with its silent traps, writes that merge, guids that may be used once, OAuth2 with signed assertions,
quotas and faults. `emulator.Emulator` is pure: a request and an instant go in, a response comes out, and the same
calls always give the same answers, so a simulation can run days of it in seconds. `server.serving` puts it behind a
real port. What was written and which rules were broken is kept in `history.History`; a judge reads it afterwards.
Entities are data (`entities.py`), so a new one is a declaration and, where DnB has rules of its own for it, one
module of rules. Nothing here is shared with the rest of the daemon: a mistake made there cannot be repeated here by
import.
"""
