"""The size space of NATS-Bench: the number of channels of each of five layers.

Source: X. Dong, L. Liu, K. Musial and B. Gabrys, "NATS-Bench: Benchmarking NAS Algorithms for
Architecture Topology and Size", IEEE TPAMI 2021.

An architecture is written as the benchmark writes it: ``8:16:24:32:40``. Every genotype is valid
and an architecture of its own.
"""

from mfnas_vec.spaces.categorical import CategoricalSpace

#: Numbers of channels that each layer may have.
CHANNELS = tuple(range(8, 65, 8))
N_LAYER = 5

NATS_SSS = CategoricalSpace(
    "nats-sss",
    {f"layer{i}": CHANNELS for i in range(1, N_LAYER + 1)},
    title="NATS-Bench size (5 layers, 8 numbers of channels)",
    source="Dong et al., TPAMI 2021",
)
