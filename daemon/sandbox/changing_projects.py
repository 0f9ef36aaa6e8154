"""What happens to projects in Moment, as the records that tell of it: everyday changes and every trouble."""

from collections.abc import Iterator, Mapping
from typing import Final

from daemon.sandbox import planning, spoiling
from daemon.sandbox.changing_customers import Customers
from daemon.sandbox.firms import Deck, Episode, Firm, World
from daemon.sandbox.planting import Item, Planted

BURST: Final = (4, 9)  # edits of one project by somebody who saves after every field
SOON: Final = (5, 40)  # records until what is referred to follows
REPAIRED_AFTER: Final = (30, 120)  # records


class Projects:
    """The episodes of projects; they need the customers' for those that are refused."""

    def __init__(self, world: World, customers: Customers) -> None:
        self._world = world
        self._chance = world.chance
        self._customers = customers
        self._wrong_deck = Deck(world.chance, len(spoiling.WRONG_PROJECTS))
        self._spoiled = 0

    def cards(self) -> Mapping[Episode, int]:
        """How often each episode happens in about six hundred records."""
        return {
            self.new: 32, self._edit: 20, self._go_on: 14, self._hand_over: 3, self._unseen: 2, self._burst: 1,
            self._reordered: 3, self._there_and_back: 2, self._renumber: 2, self._wrong: 5, self._ahead: 3,
            self._orphan: 1, self._of_refused: 1, self._deleted: 2,
        }  # fmt: skip

    def new(self, firm: Firm) -> Iterator[Planted]:
        """A new project of some customer."""
        project = self.newcomer(firm, self._chance.choice(firm.customers))
        firm.projects.append(project)
        yield self._world.pen.changed(project, project.good)

    def newcomer(self, firm: Firm, customer: Item) -> Item:
        """A project that no record has told of yet."""
        data = planning.newcomer(self._chance, firm.project_number(), customer, self._world.today)
        return Item(firm.tenant, "project", firm.next_id("project"), data)

    def refused(self, firm: Firm) -> tuple[Item, Planted]:
        """A new project that must be refused, and the record of it; every other is repaired later."""
        project = self.newcomer(firm, self._chance.choice(firm.customers))
        wrong = spoiling.WRONG_PROJECTS[self._wrong_deck.deal()]
        self._spoiled += 1
        if self._spoiled % 2:
            self._world.later(REPAIRED_AFTER, firm, lambda owner: self._repaired(owner, project))
        record = self._world.pen.written(project, wrong.spoil(project.good), "wrong_project", wrong.reason)
        return project, record

    def _wrong(self, firm: Firm) -> Iterator[Planted]:
        yield self.refused(firm)[1]

    def _repaired(self, firm: Firm, project: Item) -> Iterator[Planted]:
        firm.projects.append(project)
        yield self._edited(project, planning.touched, "project_repaired")

    def _edit(self, firm: Firm) -> Iterator[Planted]:
        yield self._edited(self._some(firm), planning.touched)

    def _go_on(self, firm: Firm) -> Iterator[Planted]:
        yield self._edited(self._some(firm), planning.gone_on)

    def _unseen(self, firm: Firm) -> Iterator[Planted]:
        yield self._edited(self._some(firm), planning.unseen, "project_unchanged")

    def _hand_over(self, firm: Firm) -> Iterator[Planted]:
        """The project goes to another customer."""
        project, customer = self._some(firm), self._chance.choice(firm.customers)
        yield self._world.pen.changed(project, planning.handed_over(project.good, customer), "project_handed_over")

    def _renumber(self, firm: Firm) -> Iterator[Planted]:
        """Another number; not where projects are not transferred, as invoices find them by it there."""
        if "project" not in firm.kinds:
            yield from self._edit(firm)
            return
        project = self._some(firm)
        data = planning.renumbered(self._chance, project.good, firm.project_number())
        yield self._world.pen.changed(project, data, "project_renumbered")

    def _there_and_back(self, firm: Firm) -> Iterator[Planted]:
        project = self._some(firm)
        before = project.good
        yield self._edited(project, planning.touched, "project_there_and_back")
        yield self._world.pen.changed(project, before, "project_there_and_back")

    def _burst(self, firm: Firm) -> Iterator[Planted]:
        project = self._some(firm)
        for _ in range(self._chance.randint(*BURST)):
            yield self._edited(project, planning.touched, "project_edited_in_a_burst")

    def _reordered(self, firm: Firm) -> Iterator[Planted]:
        project = self._some(firm)
        older = self._edited(project, planning.touched, "project_reordered")
        yield self._edited(project, planning.touched)
        yield older

    def _ahead(self, firm: Firm) -> Iterator[Planted]:
        """A project that comes before its customer."""
        [record] = self._customers.new(firm)
        self._world.later(SOON, firm, lambda _: iter((record,)))
        project = self.newcomer(firm, firm.customers[-1])
        firm.projects.append(project)
        yield self._world.pen.changed(project, project.good, "project_ahead")

    def _orphan(self, firm: Firm) -> Iterator[Planted]:
        """A project of a customer that never comes."""
        project = self.newcomer(firm, planning.stranger(firm))
        yield self._world.pen.written(project, project.good, "project_without_customer")

    def _of_refused(self, firm: Firm) -> Iterator[Planted]:
        """A project of a customer that is refused."""
        customer, record = self._customers.refused(firm)
        yield record
        project = self.newcomer(firm, customer)
        yield self._world.pen.written(project, project.good, "project_of_refused")

    def _deleted(self, firm: Firm) -> Iterator[Planted]:
        """Somebody deletes a project in Moment, which is never transferred."""
        project = self._some(firm)
        record = self._world.pen.record(project, project.version + 1, {})
        value = self._world.pen.encoded(spoiling.deleted(record))
        tenant = firm.tenant
        yield Planted(
            tenant.encode(), value, tenant, project.id, project.version + 1, "project_deleted", "", "ignore", "project"
        )

    def _edited(self, project: Item, edit: planning.Edit, trouble: str = "") -> Planted:
        return self._world.pen.changed(project, edit(self._chance, project.good), trouble)

    def _some(self, firm: Firm) -> Item:
        return self._chance.choice(firm.projects)
