"""Passes: a network to one that computes the same in other words. `Network` and the contract of all passes are here.

A pass is a function of a network, with `@checked` before it: what comes in and what goes out are legal, or PassError says
which pass broke what. Names of nodes that stay are kept, for they are the names of weights and of layers.
"""

from archspec.graph.passes.dilation import dilated
from archspec.graph.passes.fold import fold_affine
from archspec.graph.passes.inference import counterparts, for_inference, reaching
from archspec.graph.passes.network import Network, Pass, PassError, checked, problems, rewired
from archspec.graph.passes.parallel import sum_parallel

__all__ = ["Network", "Pass", "PassError", "checked", "counterparts", "dilated", "fold_affine", "for_inference", "problems",
           "reaching", "rewired", "sum_parallel"]
