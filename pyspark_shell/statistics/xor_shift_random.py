"""Spark's XORShiftRandom, as far as it decides where `repartition` puts a batch.

Source  Marsaglia's xorshift with shifts 21, 35, 4, seeded through MurmurHash3, and
        java.util.Random.nextInt over it.
"""

from __future__ import annotations

from typing import Final

_MASK_32: Final = 0xFFFF_FFFF
_MASK_64: Final = 0xFFFF_FFFF_FFFF_FFFF
_SEED_OF_SEEDS: Final = 0x3C07_4A61  # Scala's MurmurHash3.arraySeed


class XORShiftRandom:
    """A generator that gives Spark's numbers for Spark's seeds.

    Examples
    --------
    >>> [XORShiftRandom(partition).next_int(5) for partition in range(4)]
    [3, 3, 3, 2]
    """

    def __init__(self, seed: int) -> None:
        self._state = _hash_seed(seed)

    def next_int(self, bound: int) -> int:
        """A number from 0 to `bound` - 1."""
        bits = self._next_31_bits()
        if bound & (bound - 1) == 0:
            return (bound * bits) >> 31
        # A block of numbers that would not be complete within 31 bits is drawn again.
        while bits - bits % bound + bound - 1 >= 1 << 31:
            bits = self._next_31_bits()
        return bits % bound

    def _next_31_bits(self) -> int:
        state = self._state
        state ^= (state << 21) & _MASK_64
        state ^= state >> 35
        state ^= (state << 4) & _MASK_64
        self._state = state
        return state & 0x7FFF_FFFF


def _hash_seed(seed: int) -> int:
    words = (seed & _MASK_64).to_bytes(8, "big")
    low = _murmur3(words, _SEED_OF_SEEDS)
    return (_murmur3(words, low) << 32) | low


def _murmur3(eight_bytes: bytes, seed: int) -> int:
    """MurmurHash3, 32 bits, of eight bytes."""
    hashed = seed
    for start in (0, 4):
        word = int.from_bytes(eight_bytes[start : start + 4], "little")
        word = _rotate_left(word * 0xCC9E_2D51 & _MASK_32, 15) * 0x1B87_3593 & _MASK_32
        hashed = (_rotate_left(hashed ^ word, 13) * 5 + 0xE654_6B64) & _MASK_32
    hashed ^= len(eight_bytes)
    hashed = (hashed ^ (hashed >> 16)) * 0x85EB_CA6B & _MASK_32
    hashed = (hashed ^ (hashed >> 13)) * 0xC2B2_AE35 & _MASK_32
    return hashed ^ (hashed >> 16)


def _rotate_left(word: int, bits: int) -> int:
    return ((word << bits) | (word >> (32 - bits))) & _MASK_32
