"""A bounded queue: when it is full the oldest item goes, and is counted."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Ring(Generic[T]):
    """At most `capacity` items, first in first out. Raises ValueError for a capacity below 1."""

    __slots__ = ("_items", "dropped")

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"a ring needs room for at least one item, not {capacity}")
        self._items: deque[T] = deque(maxlen=capacity)
        self.dropped = 0
        """Items that went because a newer one needed the room."""

    @property
    def capacity(self) -> int:
        """The greatest number of items held."""
        capacity = self._items.maxlen
        assert capacity is not None
        return capacity

    def push(self, item: T) -> None:
        """Add the newest item; the oldest goes when there is no room."""
        if len(self._items) == self._items.maxlen:
            self.dropped += 1
        self._items.append(item)

    def pop(self) -> T | None:
        """Take the oldest item, or None when empty."""
        return self._items.popleft() if self._items else None

    def newest(self) -> T | None:
        """Return the newest item without taking it, or None when empty."""
        return self._items[-1] if self._items else None

    def clear(self) -> None:
        """Forget all items; they do not count as dropped."""
        self._items.clear()

    def __len__(self) -> int:
        return len(self._items)
