"""Shared trees: arrays that have a name, so that the clients of a worker use one copy of them.

A name keeps the arrays alive, and so does each handle that was taken by it. So a tree outlives the client that shared
it, and what was taken outlives the name. Nobody may overwrite a shared array, nor may the client that shared it.

Where clients have names, a tree counts to the quota of the one that shared it, and only that one may replace or unshare
it. Clients without a name are one in this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import jax

from ...errors import InvalidArgument, SynjaxError
from ..codec import Share, Take, Unshare, aval_of
from .failures import PoisonedInput, not_a_tensor, root_error, unknown_handle
from .handles import Handle, SharedHandle
from .jobs import Job, Session, Step
from .replies import Replies

_NAMES_SHOWN = 10  # in the error of a name that is not there


class _Tree(NamedTuple):
    nodes: list  # as in the reply: a leaf is its place among the leaves
    leaves: list[SharedHandle]
    owner: str | None  # the client that shared it, where clients have names


class SharedTrees:
    """The shared trees of a worker, by name. Only jobs touch them, and jobs run one after the other."""

    def __init__(self, replies: Replies, wait_until_done: Callable[[], None]):
        """`wait_until_done` waits until all earlier calls are known to have succeeded or failed."""
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
                answer = self._unshare(job.session, message)
        except Exception as error:
            failure = root_error(error, message.seq)
            return Step(lambda: self._replies.error(job, failure))
        return Step(lambda: self._replies.value(job, answer))

    def _share(self, session: Session, share: Share) -> None:
        held, limits = self._trees.get(share.name), session.limits
        if held is not None and not share.replace:
            raise _bad_name(
                share.name, "a name that nothing is shared by, or `replace`", "that name is taken"
            )
        if held is not None:
            _check_owner(session, share.name, held)
        others = [t for n, t in self._trees.items() if n != share.name and t.owner == session.name]
        if len(others) >= limits.shared_names:
            raise SynjaxError(
                "LIMIT_SHARED", f"{len(others)} shared trees; at most {limits.shared_names}. Unshare some"
            )
        # A value that is not right yet, or whose call may still fail, is none to give to others.
        self._wait_until_done()
        leaves = [_computed(session.handles.get(id_), id_) for id_ in share.handles]
        size = _bytes_of([*leaves, *(leaf for tree in others for leaf in tree.leaves)])
        if size > limits.shared_bytes:
            raise SynjaxError(
                "LIMIT_SHARED", f"{size} bytes of shared trees; at most {limits.shared_bytes}. Unshare some"
            )
        # The client's own handles are read-only from now on, too.
        shared = {id_: SharedHandle.of(leaf) for id_, leaf in zip(share.handles, leaves, strict=True)}
        session.handles.update(shared)
        self._trees[share.name] = _Tree(share.tree, [shared[id_] for id_ in share.handles], session.name)

    def _take(self, session: Session, take: Take) -> list:
        tree = self._found(take.name)
        if len(session.handles) + len(tree.leaves) > session.limits.handles:
            raise SynjaxError(
                "LIMIT_HANDLES",
                f"{len(session.handles)} live results; at most {session.limits.handles}. Dispose of some",
            )
        ids = range(take.first_handle, take.first_handle + len(tree.leaves))
        taken = {id_: SharedHandle.of(leaf) for id_, leaf in zip(ids, tree.leaves, strict=True)}
        session.handles.update(taken)
        return [tree.nodes, [aval_of(leaf.value) for leaf in tree.leaves]]

    def _unshare(self, session: Session, unshare: Unshare) -> None:
        _check_owner(session, unshare.name, self._found(unshare.name))
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


def _check_owner(session: Session, name: str, tree: _Tree) -> None:
    if tree.owner != session.name:
        raise _bad_name(
            name, "one of your own", f"it was shared by {tree.owner or 'a client without a name'}"
        )


def _bytes_of(leaves: Iterable[Handle]) -> int:
    """Bytes on the device; an array that is there twice counts once."""
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
