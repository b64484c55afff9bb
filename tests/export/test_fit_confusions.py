"""What a listener mishears is found out from sentences whose words are known."""

import numpy as np

from edge_agent.models.phones import TOKEN_OF_PHONE, TOKENS
from export.fit_confusions import fit_confusions, phones_of
from tests.models.posteriors import said

WORDS = "K AH M P Y UW T ER", "P AE T", "T AA P", "B AE D", "P EH T", "HH AE P IY"


def test_a_phone_heard_as_another_speaks_for_it_afterwards() -> None:
    """This listener hears half of all P as K."""
    utterances = []
    for seed in range(40):
        spoken = WORDS[seed % len(WORDS)]
        heard = spoken.replace("P", "K") if seed % 2 else spoken
        phones = np.array([TOKEN_OF_PHONE[phone] for phone in spoken.split()], np.uint8)
        utterances.append((phones, said(heard, seed=seed)))
    ratios = np.array(fit_confusions(utterances, [posteriors for _, posteriors in utterances]))
    assert ratios.shape == (len(TOKENS), len(TOKENS))
    p, k, s = (TOKEN_OF_PHONE[phone] for phone in "PKS")
    assert ratios[p, p] > ratios[p, k] > 0.5
    assert ratios[p, s] < ratios[p, k] - 1.0
    assert ratios[0, 0] > 0.0 > ratios[0, k]


def test_words_that_no_dictionary_has_are_left_out() -> None:
    assert phones_of("Turn on, please.") is not None
    assert phones_of("turn zorblaxing on") is None
    assert phones_of("") is None
