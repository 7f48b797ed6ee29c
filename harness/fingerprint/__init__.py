"""What a fingerprint is: the state of an environment, reduced to what can be compared; how two are compared, in words.

Pure data: taking one is `harness.environment.fingerprint`, judging two is `harness.checks`.
"""

from harness.fingerprint.allow import Allowance
from harness.fingerprint.compare import Comparison, Difference, compare
from harness.fingerprint.model import Fingerprint
from harness.fingerprint.parts import PARTS, StatePart
from harness.fingerprint.quiet import quiet
from harness.fingerprint.words import in_words, number_of_causes

__all__ = [
    "PARTS",
    "Allowance",
    "Comparison",
    "Difference",
    "Fingerprint",
    "StatePart",
    "compare",
    "in_words",
    "number_of_causes",
    "quiet",
]
