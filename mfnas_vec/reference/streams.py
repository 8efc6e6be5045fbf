"""Where the reference implementation draws its random choices from.

``KernelStream`` is the kernels' own generator in plain Python integers. ``PublishedStream`` draws
what the published MF-NAS code draws, in its order: NumPy's legacy ``RandomState`` for samples,
positions and shuffles, Python's ``random.Random`` for evolution's tournaments and mutations.
"""

import functools
import itertools
import operator
import random
from collections.abc import Iterator, Sequence

import numpy as np

from mfnas_vec.spaces.arrays import NO_ARCH
from mfnas_vec.spaces.base import ARCHITECTURES, SearchSpace

_MASK = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15


def _mix(z: int) -> int:
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _MASK
    return z ^ (z >> 31)


def _mix_step(z: int) -> int:
    z = (z ^ (z >> 33)) * 0xFF51AFD7ED558CCD & _MASK
    z = (z ^ (z >> 33)) * 0xC4CEB9FE1A85EC53 & _MASK
    z = (z ^ (z >> 33)) | 1
    return z ^ 0xAAAAAAAAAAAAAAAA if (z ^ (z >> 1)).bit_count() < 24 else z


class KernelStream:
    """The generator of run ``run`` of ``seed``, as the kernels have it.

    A choice among one draws nothing.
    """

    def __init__(self, seed: int, run: int) -> None:
        root = _mix(seed + _GOLDEN & _MASK)
        place = root + 2 * run * _GOLDEN
        self._position = _mix(place + _GOLDEN & _MASK)
        self._step = _mix_step(place + 2 * _GOLDEN & _MASK)
        self._order: list[int] = []
        self._kept: int | None = None

    def bits(self) -> int:
        """The next 64 random bits."""
        self._position = self._position + self._step & _MASK
        return _mix(self._position)

    def index(self, n: int) -> int:
        """A uniform integer of ``[0, n)``."""
        return self._choose(self.bits() >> 32, n) if n > 1 else 0

    def _choose(self, half: int, n: int) -> int:
        """The same of 32 random bits that are there; of new ones in the rare case that they are biased."""
        product = half * n
        while product % 2**32 < (2**32 - n) % n:
            product = (self.bits() >> 32) * n
        return product >> 32

    def unit(self) -> float:
        """A uniform float of ``[0, 1)``."""
        return float(self.bits() >> 11) * 2.0**-53

    def sample(self, space: SearchSpace) -> int:
        """A valid code, uniform as the space says."""
        if space.sampling == ARCHITECTURES:
            return int(space.arch_code[self.index(space.n_arch)])
        while True:
            code = self.index(space.n_code)
            if space.row_of(code) != NO_ARCH:
                return code

    def positions(self, n: int) -> Iterator[int]:
        """``range(n)`` in random order; each sweep begins with the order the last one left.

        The lower half of each draw is kept for the first choice of the shuffle that follows.
        """
        if len(self._order) != n:
            self._order = list(range(n))
        for last in range(n - 1, -1, -1):
            bits = self.bits()
            i = self._choose(bits >> 32, last + 1)
            self._order[i], self._order[last] = self._order[last], self._order[i]
            self._kept = bits & 0xFFFFFFFF
            yield self._order[last]

    def shuffled(self, items: Sequence[int]) -> Iterator[int]:
        """The items in random order, drawn as they are asked for; one alone draws nothing."""
        left, kept, self._kept = list(items), self._kept, None
        for last in range(len(left) - 1, -1, -1):
            i = self.index(last + 1) if kept is None else self._choose(kept, last + 1)
            kept = None
            left[i], left[last] = left[last], left[i]
            yield left[last]

    def subset(self, n: int, k: int) -> list[int]:
        """``k`` of ``range(n)``, ascending; nothing is drawn for all of them."""
        if k >= n:
            return list(range(n))
        taken: set[int] = set()
        for last in range(n - k, n):
            place = self.index(last + 1)
            taken.add(last if place in taken else place)
        return sorted(taken)

    def mutant(self, genes: Sequence[int], cardinality: Sequence[int], threshold: float) -> list[int]:
        """Genes of which each is replaced by another value with probability ``threshold``."""
        child = list(genes)
        for i, gene in enumerate(genes):
            if self.unit() < threshold:
                value = self.index(cardinality[i] - 1)
                child[i] = value + (value >= gene)
        return child

    bred = mutant

    def chance(self, probability: float) -> bool:
        """``True`` with a probability."""
        return self.unit() < probability

    def segment(self, n: int) -> tuple[int, int]:
        """Two distinct cuts of ``[1, n - 1)``, ascending."""
        low, up = self.subset(n - 2, 2)
        return 1 + low, 1 + up


class PublishedStream:
    """The two generators of the published code, both seeded with the run's seed.

    NumPy's legacy generator draws the same words as Python's, and makes numbers below ``n`` of as many
    low bits of a word as ``n - 1`` has, drawn again while they are too large.
    """

    def __init__(self, seed: int) -> None:
        _, key, position, *_ = np.random.RandomState(seed).get_state(legacy=True)
        words = random.Random()
        words.setstate((3, (*map(int, key), int(position)), None))
        self._word = functools.partial(words.getrandbits, 32)
        self._python = random.Random(seed)

    def sample(self, space: SearchSpace) -> int:
        """A valid code, drawn gene by gene as published."""
        draw = getattr(self, f"_sample_{space.name}")
        while True:
            code: int = sum(map(operator.mul, draw(), space.weight))
            if space.row_of(code) != NO_ARCH:
                return code

    def _sample_nb201(self) -> list[int]:
        return [self.index(5) for _ in range(6)]

    def _sample_nb101(self) -> list[int]:
        matrix = [self._word() & 1 for _ in range(49)]
        ops = [self.index(3) for _ in range(7)]
        return [matrix[7 * a + b] for a in range(7) for b in range(a + 1, 7)] + ops[1:6]

    def _sample_nbasr(self) -> list[int]:
        a, b, c = (self.index(6) for _ in range(3))
        d, e, f, g, h, i = (self.index(2) for _ in range(6))
        return [a, d, b, e, f, c, g, h, i]

    def index(self, n: int) -> int:
        """A uniform integer of ``[0, n)``; nothing is drawn for ``n = 1``."""
        mask = (1 << (n - 1).bit_length()) - 1
        value = self._word() & mask if mask else 0
        while value >= n:
            value = self._word() & mask
        return value

    def _unit(self) -> float:
        """A uniform float of ``[0, 1)``."""
        return ((self._word() >> 5) * 2**26 + (self._word() >> 6)) / 2**53

    def positions(self, n: int) -> Iterator[int]:
        """``range(n)`` in random order; those left keep their order."""
        left = list(range(n))
        while left:
            yield left.pop(self.index(len(left)))

    def shuffled(self, items: Sequence[int]) -> Iterator[int]:
        """The items in random order, all drawn at once."""
        order = list(items)
        for i in range(len(order) - 1, 0, -1):
            j = self.index(i + 1)
            order[i], order[j] = order[j], order[i]
        return iter(order)

    def subset(self, n: int, k: int) -> list[int]:
        """``k`` of ``range(n)``, ascending."""
        return sorted(self._python.sample(range(n), k))

    def mutant(self, genes: Sequence[int], cardinality: Sequence[int], threshold: float) -> list[int]:
        """Genes of which each is replaced by another value with probability ``threshold``."""
        child = list(genes)
        for i, gene in enumerate(genes):
            if self._python.random() < threshold:
                child[i] = self._python.choice([v for v in range(cardinality[i]) if v != gene])
        return child

    def bred(self, genes: Sequence[int], cardinality: Sequence[int], threshold: float) -> list[int]:
        """The same, as the genetic algorithm draws it."""
        child = list(genes)
        changes = [self._unit() <= threshold for _ in genes]
        for i in itertools.compress(range(len(genes)), changes):
            others = [v for v in range(cardinality[i]) if v != genes[i]]
            child[i] = others[self.index(len(others))]
        return child

    def chance(self, probability: float) -> bool:
        """``True`` with a probability."""
        return self._unit() < probability

    def segment(self, n: int) -> tuple[int, int]:
        """Two distinct cuts of ``[1, n - 1)``, ascending."""
        low, up = sorted(list(self.shuffled(range(1, n - 1)))[:2])
        return low, up


#: The random choices of one run.
Stream = KernelStream | PublishedStream
