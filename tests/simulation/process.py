"""An operating system's process in virtual time: it lives, stands still, goes on, and dies between any two doings."""

from collections.abc import Callable

from tests.simulation.timeline import Timeline

Act = Callable[[], None]


class Process:
    """One process and its clock. What it was to do while it stood still it does when it goes on."""

    def __init__(self, timeline: Timeline, *, clock_ahead: float) -> None:
        """Begin to live; `clock_ahead` is how wrong its clock is, in seconds."""
        self.is_alive = True
        self.is_stopped = False
        self._timeline = timeline
        self._clock_ahead = clock_ahead
        self._backlog: list[Act] = []

    def now(self) -> float:
        """Return the instant on the process's clock."""
        return self._timeline.now + self._clock_ahead

    @property
    def is_heard(self) -> bool:
        """Tell whether its heartbeats reach anybody."""
        return self.is_alive and not self.is_stopped

    def after(self, seconds: float, act: Act) -> None:
        """Do something later, if the process then lives; once it goes on, if it stands still then."""
        self._timeline.after(seconds, lambda: self.do(act))

    def do(self, act: Act) -> None:
        """Do something now, or once the process goes on."""
        if self.is_stopped:
            self._backlog.append(act)
        elif self.is_alive:
            act()

    def stop(self, seconds: float, going_on: Act) -> None:
        """Stand still, as by SIGSTOP, for so long; `going_on` is the first thing done afterwards."""
        self.is_stopped = True

        def go_on() -> None:
            if self.is_alive and self.is_stopped:
                self.is_stopped = False
                going_on()
                backlog, self._backlog = self._backlog, []
                for act in backlog:
                    self.do(act)

        self._timeline.after(seconds, go_on)

    def end(self) -> None:
        """End without a word."""
        self.is_alive = False
        self.is_stopped = False
