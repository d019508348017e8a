"""Tasks shared between this process and some others: they begin at the front, and this one, when it is free, helps from
the back. What a task is about is not known here.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, NamedTuple, Self


class Task(NamedTuple):
    """A function of a module, and arguments that can be pickled; it must not care where it runs."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Workers:
    """A pool of `processes` - 1 others. Use as a context manager: tasks that have not begun are dropped at its end."""

    def __init__(self, processes: int) -> None:
        # Spawned and not forked: whoever calls may have threads, and a fork would copy their locks as they stand.
        self._pool = ProcessPoolExecutor(processes - 1, mp_context=get_context("spawn")) if processes > 1 else None
        self._tasks: list[tuple[Task, Future[Any] | None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, task: Task) -> None:
        """Let a task wait for the first process that is free."""
        future = None
        if self._pool is not None:
            try:
                future = self._pool.submit(task.function, *task.arguments)
            except BrokenProcessPool:
                self._pool = None
        self._tasks.append((task, future))

    def results(self) -> Iterator[tuple[Task, Any]]:
        """Each task with its result, in any order; this process does those from the back that nobody has begun.

        What a task raises is raised here. If the others die, this process does everything itself.
        """
        begun: list[tuple[Task, Future[Any]]] = []
        while self._tasks:
            task, future = self._tasks.pop()
            if future is None or future.cancel():
                yield task, task.function(*task.arguments)
            else:
                begun.append((task, future))
        for task, future in begun:
            try:
                result = future.result()
            except BrokenProcessPool:
                result = task.function(*task.arguments)
            yield task, result

    def done(self) -> int:
        """How many tasks are done already."""
        return sum(future is not None and future.done() for _task, future in self._tasks)
