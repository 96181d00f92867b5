"""Which of TensorFlow's operations may be run here, whoever wrote the graph: those that only compute, on what is in memory."""

from __future__ import annotations

import re

STATE = re.compile(
    r"VarHandleOp|ReadVariableOp|VarIsInitializedOp|VariableShape|Assign(Add|Sub)?VariableOp|DisableCopyOnRead|Variable(V2)?|"
    r"TemporaryVariable|Resource(Sparse)?Apply\w+|Resource(Gather|Scatter)\w*|ResourceStridedSliceAssign|ResourceCountUpTo|"
    r"(Anonymous)?(Mutable)?(Dense)?HashTable(OfTensors)?(V2)?|LookupTable\w+|InitializeTable(V2)?|"
    r"TensorArray\w*|Stack(Push|Pop|Close)?(V2)?|MutexV2|MutexLock|ConsumeMutexLock")
CALLS = re.compile(r"If|While|Case|StatefulPartitionedCall|Assert|Print(V2)?|CheckNumerics(V2)?|Empty|DeepCopy|GuaranteeConst|"
                   r"Timestamp|GraphDefVersion|RequiresOlderGraphVersion|IsResourceHandleRefCounting|DeviceIndex")
DRAWN = re.compile(r"Random(Uniform(Int)?|StandardNormal|Gamma|Poisson(V2)?|Shuffle|Crop)|(Parameterized)?TruncatedNormal|"
                   r"Multinomial|Stateful(Uniform(Int|FullInt)?|StandardNormal(V2)?|TruncatedNormal|RandomBinomial)|RngSkip|"
                   r"RngReadAndSkip|NonDeterministicInts|SampleDistortedBoundingBox(V2)?|StatelessRandomGetAlg|"
                   r"(Uniform|LogUniform|LearnedUnigram|ThreadUnsafeUnigram|All)CandidateSampler")
NOWHERE = re.compile(r"(Eager)?PyFunc")
"""Fails: no function of Python's is known to the process."""
REACHES = re.compile(r"\w*(File|Dataset|Iterator|Mlir)\w*|(Debug|Xla|TPU|Tpu|Reader|DecodeProto|EncodeProto|_)\w*|"
                     r"ImmutableConst|GenerateVocabRemapping|SymbolicGradient|Copy|CopyHost|GetElementAtIndex")
"""Of the operations that TensorFlow calls stateless, those that read or write files all the same, run what another compiler
makes, or call functions that the graph does not name."""
OWN = {"RestoreV2": 0, "Restore": 0, "RestoreSlice": 0, "InitializeTableFromTextFile": 1, "InitializeTableFromTextFileV2": 1}
"""What reads a file at loading, and which of its inputs is the file's name: no harm where that is one of the version's own."""


def is_harmless(operation: str) -> bool:
    """Whether an operation touches nothing but memory; what TensorFlow does not know cannot be run, and harms nobody."""
    from tensorflow.python.framework import op_def_registry
    known = op_def_registry.get(operation)
    if known is None:
        return True
    if known.is_stateful:
        return any(each.fullmatch(operation) for each in (STATE, CALLS, DRAWN, NOWHERE))
    return not REACHES.fullmatch(operation)
