"""Faults planted on purpose: small mutations of the daemon, each of which a test must catch.

A fault names what is broken, the file, which text is replaced by which, and its own test. The list is kept: a fault
that nothing catches asks for a better test.
"""

from tests.simulation.planted_among_tenants import AMONG_TENANTS
from tests.simulation.planted_in_dnb import TOWARDS_DNB
from tests.simulation.planted_inside import IN_THE_PLANNER
from tests.simulation.planted_outside import AROUND_THE_PLANNER
from tests.simulation.planting import Fault

FAULTS: tuple[Fault, ...] = (*IN_THE_PLANNER, *AMONG_TENANTS, *AROUND_THE_PLANNER, *TOWARDS_DNB)
