"""Independent streams of random numbers: one for each (seed, epoch, batch, …)."""

import torch

MASK = 2**64 - 1


def splitmix64(x: int) -> int:
    """Mix the 64 bits of ``x``: every input bit changes about half of the output bits.

    With all arithmetic mod 2⁶⁴ and ⊕ for exclusive or,

        z = x + 0x9E3779B97F4A7C15
        z = (z ⊕ (z >> 30)) · 0xBF58476D1CE4E5B9
        z = (z ⊕ (z >> 27)) · 0x94D049BB133111EB
        return z ⊕ (z >> 31)

    Each line is invertible, so no two inputs have the same output.

    Example:
        >>> splitmix64(1), splitmix64(2)
        (10451216379200822465, 10905525725756348110)

    Reference: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    z = (x + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def stream(*numbers: int) -> torch.Generator:
    """Return a new generator whose seed is a hash of ``numbers``, such as (seed, epoch).

        h₀ = 0,   hᵢ = splitmix64(hᵢ₋₁ ⊕ numberᵢ)

    A sum such as seed + epoch is not enough: seed 0 in epoch 1 would equal seed 1 in epoch 0, so
    independent runs would share their shuffles. Nor may seeds differ only in their high bits:
    torch's CPU generator uses only the low 32. The hash spreads every bit over all bits.

    Args:
        numbers: integers in [0, 2⁶⁴); their order and their count matter.

    Returns:
        A new generator on the CPU.

    Raises:
        ValueError: if a number is outside: it would give the same as one inside.

    Example:
        >>> stream(0, 1).initial_seed(), stream(1, 0).initial_seed()
        (627405149472732430, 6791897765849424158)
    """
    state = 0
    for number in numbers:
        if not 0 <= number <= MASK:
            raise ValueError(f"seed must be in [0, 2**64), got {number}")
        state = splitmix64(state ^ number)
    return torch.Generator().manual_seed(state)
