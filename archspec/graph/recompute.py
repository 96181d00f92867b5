"""Which results the backward pass computes again where a spec says `memory: recompute`, so that nothing keeps them.

What convolutions and attention give is kept: it is most of the work, and in a DenseNet little of the memory. Norms,
activations and concatenations between them are cheap and wide (Pleiss et al. 2017, 1707.06990).
"""

from __future__ import annotations

from collections.abc import Sequence

from archspec.graph.ir import Graph, Node
from archspec.graph.learned import Attend, Attention
from archspec.graph.ops import Concat


def recomputed(graph: Graph) -> frozenset[str]:
    """The names of the nodes whose results are computed again."""
    if not any(node.recompute for node in graph.nodes):
        return frozenset()
    growing = {node.name for node in graph.nodes if _grows(node, graph.users[node.name])}
    outputs = {value.name for value in (graph.output, *graph.auxiliary.values())}
    return frozenset(growing.union(node.name for node in graph.nodes if node.name not in outputs
                                   and _has_one_user(node, graph.users[node.name], growing)))


def _grows(node: Node, users: Sequence[Node]) -> bool:
    """Whether this is a concatenation that others only lengthen, but for one: DenseNet's state.

    It is never made as such: each that needs it concatenates the parts, which are kept.
    """
    others = [user for user in users if not isinstance(user.op, Concat)]
    return (node.recompute and isinstance(node.op, Concat) and len(users) > 1 and len(others) < 2
            and all(user.recompute for user in users))


def _has_one_user(node: Node, users: Sequence[Node], growing: set[str]) -> bool:
    """Whether this lies on the way to one other result, so that computing that again takes it along.

    With a second user it would be computed more than twice; what is part of a growing concatenation, too.
    """
    costly = node.op.weighted or isinstance(node.op, Attention | Attend)
    return (node.recompute and not costly and len(users) == 1 and bool(node.inputs)
            and users[0].recompute and users[0].name not in growing)
