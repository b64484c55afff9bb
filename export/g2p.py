"""Learn to predict pronunciations from the shipped dictionary: python -m export.g2p

Aligns letters with phones (hard expectation-maximisation), counts n-grams of the units, writes
edge_agent/models/data/g2p.xz, and prints how many words kept aside it gets right. Deterministic; about five minutes.
"""

import argparse
import zlib
from collections import Counter
from collections.abc import Iterable
from math import inf, log
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from edge_agent.models.g2p import END, ORDER, UNIT_BITS, G2p, pack, unpack
from edge_agent.models.lexicon import Pronunciation, full_dictionary

Unit = tuple[str, Pronunciation]  # a letter and its 0..2 phones
Pair = tuple[str, Pronunciation]  # a word and one pronunciation

TARGET = Path(__file__).resolve().parents[1] / "edge_agent" / "models" / "data" / "g2p.xz"
HELD_OUT_SHARE = 20  # one word in twenty
ALIGNMENT_PASSES = 5
PASS_WORDS = 30_000  # words of all passes but the last
MIN_COUNT = (1, 1, 1, 1, 1)  # rarer n-grams of 1, 2 ... units are left out
MIN_UNIT_COUNT = 4


def is_held_out(word: str) -> bool:
    """True for the words that measure accuracy and are never learned from."""
    return zlib.crc32(word.encode()) % HELD_OUT_SHARE == 0


def align(word: str, phones: Pronunciation, cost: dict[Unit, float], unknown: float) -> tuple[float, list[Unit]]:
    """Cheapest way to give each letter 0..2 phones, and its cost; no units if there is none."""
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for index, letter in enumerate(word):
        reached: dict[int, tuple[float, int]] = {}
        num_left = len(word) - index - 1
        for start, (so_far, _) in best[index].items():
            for end in range(max(start, len(phones) - 2 * num_left), min(start + 2, len(phones)) + 1):
                total = so_far + cost.get((letter, phones[start:end]), unknown)
                if total < reached.get(end, (inf, 0))[0]:
                    reached[end] = (total, start)
        best.append(reached)
    if len(phones) not in best[-1]:
        return inf, []
    units: list[Unit] = []
    end = len(phones)
    for index in reversed(range(len(word))):
        start = best[index + 1][end][1]
        units.append((word[index], phones[start:end]))
        end = start
    return best[-1][len(phones)][0], units[::-1]


def learn_alignment(pairs: list[Pair]) -> list[list[Unit]]:
    """Units of all words that can be aligned."""
    cost: dict[Unit, float] = {}
    unknown = 1.0
    for number in range(ALIGNMENT_PASSES):
        is_last = number == ALIGNMENT_PASSES - 1
        step = 1 if is_last else max(1, len(pairs) // PASS_WORDS)
        chains = []
        for word, phones in track(pairs[::step], f"alignment {number + 1}/{ALIGNMENT_PASSES}"):
            per_unit, units = align(word, phones, cost or _flat_costs(word, phones), unknown)
            if units and per_unit < inf:
                chains.append(units)
        cost, unknown = _costs(chains)
    return chains


def _flat_costs(word: str, phones: Pronunciation) -> dict[Unit, float]:
    """First guess: one phone a letter, in step with each other."""
    single: dict[Unit, float] = {(letter, (phone,)): 0.5 for letter in word for phone in phones}
    for index, letter in enumerate(word):
        for phone in phones[max(0, index - 1) : index + 2]:
            single[letter, (phone,)] = 0.2
    return single


def _costs(chains: Iterable[list[Unit]]) -> tuple[dict[Unit, float], float]:
    counts = Counter(unit for chain in chains for unit in chain)
    of_letter = Counter[str]()
    for (letter, _), count in counts.items():
        of_letter[letter] += count
    return {unit: log(of_letter[unit[0]] / count) for unit, count in counts.items()}, 12.0


def count_ngrams(chains: list[list[Unit]]) -> tuple[list[Unit], list[Counter[int]]]:
    """Units in use (after the two that mark begin and end), and the n-grams of each order as packed keys."""
    unit_counts = Counter(unit for chain in chains for unit in chain)
    units: list[Unit] = [("", ()), ("", ())]
    units += sorted(unit for unit, count in unit_counts.items() if count >= MIN_UNIT_COUNT)
    number = {unit: index for index, unit in enumerate(units) if index > END}
    orders = [Counter[int]() for _ in range(ORDER)]
    mask = (1 << (UNIT_BITS * ORDER)) - 1
    for chain in track(chains, "counting"):
        if any(unit not in number for unit in chain):
            continue
        key = 0
        for unit in [*(number[unit] for unit in chain), END]:
            key = (key << UNIT_BITS | unit) & mask
            orders[-1][key] += 1
    for order in reversed(
        range(ORDER - 1)
    ):  # below the top, what counts is after how many different units (Kneser-Ney)
        orders[order].update(key & ((1 << (UNIT_BITS * (order + 1))) - 1) for key in orders[order + 1])
    return units, orders


def train(pairs: list[Pair]) -> bytes:
    """The packed model of these words."""
    units, orders = count_ngrams(learn_alignment(pairs))
    packed = []
    for counts, min_count in zip(orders, MIN_COUNT, strict=True):
        kept = sorted((key, min(count, 255)) for key, count in counts.items() if count >= min_count)
        packed.append((np.array([key for key, _ in kept], np.uint64), np.array([n for _, n in kept], np.uint8)))
    return pack([letter for letter, _ in units], [phones for _, phones in units], packed)


def word_accuracy(model: G2p, words: dict[str, list[Pronunciation]]) -> tuple[float, float]:
    """Shares of words whose best, and whose best or second, prediction is one of the listed pronunciations."""
    firsts = either = 0
    for word, listed in track(words.items(), "measuring"):
        predicted = [phones for _, phones in model.predict(word)[:2]]
        firsts += bool(predicted) and predicted[0] in listed
        either += any(phones in listed for phones in predicted)
    return firsts / len(words), either / len(words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--measure-words", type=int, default=2000, help="how many of the words kept aside to try")
    options = parser.parse_args()
    words = {word: listed for word, listed in full_dictionary().items() if word.isalpha() and 1 < len(word) < 25}
    pairs = [(word, phones) for word, listed in words.items() if not is_held_out(word) for phones in listed]
    packed = train(pairs)
    options.out.write_bytes(packed)
    held_out = [word for word in words if is_held_out(word)]
    step = max(1, len(held_out) // options.measure_words)
    first, either = word_accuracy(unpack(packed), {word: words[word] for word in held_out[::step]})
    Console().print(
        f"{options.out}: {len(packed) / 1e6:.2f} MB; of {len(held_out[::step])} words kept aside {first:.1%} are right "
        f"at once, {either:.1%} with the second choice"
    )


if __name__ == "__main__":
    main()
