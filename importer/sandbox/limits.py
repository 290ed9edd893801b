"""Rolling windows that count calls."""

from collections import deque


class RollingWindow:
    """Counts the arrivals of the last `seconds`, including refused ones, and remembers the maximum."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.worst = 0
        self._arrivals: deque[float] = deque()

    def arrive(self, now: float) -> int:
        """Count one arrival at `now` (monotonic seconds) and return how many the window then holds."""
        self._arrivals.append(now)
        count = self.count(now)
        self.worst = max(self.worst, count)
        return count

    def count(self, now: float) -> int:
        """Return how many arrivals are within the window that ends at `now`."""
        start = now - self.seconds
        while self._arrivals and self._arrivals[0] <= start:
            self._arrivals.popleft()
        return len(self._arrivals)
