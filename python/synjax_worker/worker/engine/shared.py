"""Shared trees: arrays that have a name, so that the clients of a worker use one copy of them.

A name keeps the arrays alive, and so does each handle that was taken by it. So a tree outlives the client that shared
it, and what was taken outlives the name. Nobody may overwrite a shared array, neither the client that shared it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax

from ...errors import InvalidArgument, SynjaxError
from ...limits import Limits
from ..codec import Share, Take, Unshare, aval_of
from .failures import PoisonedInput, not_a_tensor, root_error, unknown_handle
from .handles import Handle, SharedHandle
from .jobs import Job, Session, Step
from .replies import Replies

_NAMES_SHOWN = 10  # in the error of a name that is not there


class _Tree(NamedTuple):
    nodes: list  # as in the reply: a leaf is its place among the leaves
    leaves: list[SharedHandle]


class SharedTrees:
    """The shared trees of a worker, by name. Only jobs touch them, and jobs run one after the other."""

    def __init__(self, limits: Limits, replies: Replies, wait_until_done: Callable[[], None]):
        """`wait_until_done` waits until all earlier calls are known to have succeeded or failed."""
        self._limits = limits
        self._replies = replies
        self._wait_until_done = wait_until_done
        self._trees: dict[str, _Tree] = {}

    def __len__(self) -> int:
        return len(self._trees)

    @property
    def bytes(self) -> int:
        """Bytes on the device of all trees; an array counts once."""
        return _bytes_of(leaf for tree in self._trees.values() for leaf in tree.leaves)

    def step(self, job: Job, message: Share | Take | Unshare) -> Step:
        """Does what a message asks for. Returns what answers it."""
        try:
            if job.refused is not None:
                raise job.refused
            if isinstance(message, Share):
                answer = self._share(job.session, message)
            elif isinstance(message, Take):
                answer = self._take(job.session, message)
            else:
                answer = self._unshare(message)
        except Exception as error:
            failure = root_error(error, message.seq)
            return Step(lambda: self._replies.error(job, failure))
        return Step(lambda: self._replies.value(job, answer))

    def _share(self, session: Session, share: Share) -> None:
        held = self._trees.get(share.name)
        if held is not None and not share.replace:
            raise _bad_name(
                share.name, "a name that nothing is shared by, or `replace`", "that name is taken"
            )
        if held is None and len(self._trees) >= self._limits.shared_names:
            raise SynjaxError(
                "LIMIT_SHARED",
                f"{len(self._trees)} shared trees; at most {self._limits.shared_names}. Unshare some",
            )
        # A value that is not right yet, or whose call may still fail, is none to give to others.
        self._wait_until_done()
        leaves = [_computed(session.handles.get(id_), id_) for id_ in share.handles]
        others = [leaf for name, tree in self._trees.items() if name != share.name for leaf in tree.leaves]
        size = _bytes_of([*others, *leaves])
        if size > self._limits.shared_bytes:
            raise SynjaxError(
                "LIMIT_SHARED",
                f"{size} bytes of shared trees; at most {self._limits.shared_bytes}. Unshare some",
            )
        # The client's own handles are read-only from now on, too.
        shared = {id_: SharedHandle.of(leaf) for id_, leaf in zip(share.handles, leaves, strict=True)}
        session.handles.update(shared)
        self._trees[share.name] = _Tree(share.tree, [shared[id_] for id_ in share.handles])

    def _take(self, session: Session, take: Take) -> list:
        tree = self._found(take.name)
        if len(session.handles) + len(tree.leaves) > self._limits.handles:
            raise SynjaxError(
                "LIMIT_HANDLES",
                f"{len(session.handles)} live results; at most {self._limits.handles}. Dispose of some",
            )
        ids = range(take.first_handle, take.first_handle + len(tree.leaves))
        session.handles.update(
            (id_, SharedHandle.of(leaf)) for id_, leaf in zip(ids, tree.leaves, strict=True)
        )
        return [tree.nodes, [aval_of(leaf.value) for leaf in tree.leaves]]

    def _unshare(self, unshare: Unshare) -> None:
        self._found(unshare.name)
        del self._trees[unshare.name]

    def _found(self, name: str) -> _Tree:
        tree = self._trees.get(name)
        if tree is None:
            names = sorted(self._trees)
            shown = ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")
            raise _bad_name(
                name, shown or "a name that something is shared by", "nothing is shared by that name"
            )
        return tree


def _bytes_of(leaves) -> int:
    sizes = {id(leaf.value): leaf.value.nbytes for leaf in leaves}
    return sum(sizes.values())


def _computed(handle: Handle | None, id_: int) -> Handle:
    """A handle whose array is known to be right."""
    if handle is None:
        raise unknown_handle(id_)
    handle.outcome.settle()
    if handle.outcome.error is not None:
        raise PoisonedInput(handle.outcome.error)
    if not isinstance(handle.value, jax.Array):
        raise not_a_tensor(handle.value)
    handle.value.block_until_ready()
    return handle


def _bad_name(name: str, expected: str, problem: str) -> InvalidArgument:
    return InvalidArgument(
        f"`name`: {problem}: {name!r}; expected {expected}", argument="name", expected=expected, received=name
    )
