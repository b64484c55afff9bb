"""How phones are misheard: a P is now and then heard as K or B, seldom as S. Wake phrases are scored by it.

Row p, column q: natural log of how much likelier the listener hears q where p was said than in any speech; row 0 (of
the blank): between two phones of a phrase, where none is said. `export/fit_confusions.py` measures it and writes
it into the manifest; what stands here is a guess by the way phones are made, for bundles that have none.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.models.phones import BLANK, TOKEN_OF_PHONE, TOKENS

Ratios = tuple[tuple[float, ...], ...]

_ALIKE: Final = (
    "P B T D K G", "F V TH DH HH", "S Z SH ZH", "CH JH SH T D", "M N NG", "L R W Y",
    "AA AO AH AW", "AE EH AH", "IH IY EY Y", "UH UW OW W", "ER AH R", "AY AA EY", "OY AO OW",
)  # fmt: skip
_P_SAME, _P_MISSED, _P_ALIKE = 0.7, 0.1, 0.15
_P_SILENT, _P_SILENT_BETWEEN = 0.8, 0.98  # of all frames of speech, and of those between phones


def guessed() -> Ratios:
    """By the way phones are made."""
    num_phones = len(TOKENS) - 1
    heard = np.full((len(TOKENS), len(TOKENS)), (1.0 - _P_SAME - _P_MISSED - _P_ALIKE) / num_phones)
    heard[:, BLANK] = _P_MISSED
    for phone, token in TOKEN_OF_PHONE.items():
        heard[token, token] += _P_SAME
        alike = {other for group in _ALIKE if phone in group.split() for other in group.split()} - {phone}
        for other in alike:
            heard[token, TOKEN_OF_PHONE[other]] += _P_ALIKE / len(alike)
    heard[BLANK] = (1.0 - _P_SILENT_BETWEEN) / num_phones
    heard[BLANK, BLANK] = _P_SILENT_BETWEEN
    usual = np.full(len(TOKENS), (1.0 - _P_SILENT) / num_phones)
    usual[BLANK] = _P_SILENT
    return as_ratios(heard, usual)


def as_ratios(heard: NDArray[np.floating], usual: NDArray[np.floating]) -> Ratios:
    """heard: [40, 40], probabilities of what is heard where a phone is said; usual: [40], in any speech."""
    return tuple(tuple(float(value) for value in row) for row in np.round(np.log(heard / usual), 2))


GUESSED: Final = guessed()
