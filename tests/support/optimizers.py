"""The optimizers of the package that have a reference implementation.

``OPTIMIZERS`` grows when adapters and plug-ins are imported, so that tests cannot be parametrized with it.
"""

from mfnas_vec.reference import REFERENCE

BUILT_IN = tuple(REFERENCE)
