"""People who act: the spoken lines of three adventure games, labelled by the games' own texts.

Some 11,000 lines, by characters who each have an accent and a temper of their own. Only one game (`steel_sky.py`)
tells which text belongs to which sound. For the others (`games.py`) the listener that ships, or a better network,
hears each sound, its phones are compared with those of every text, and the likeliest text becomes the label. Nothing
of the games is in what ships here.
"""

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein
from rich.progress import track
from torch.nn import functional as F

from edge_agent.models.bundle import find_bundle
from edge_agent.models.phones import BLANK, TOKEN_OF_PHONE
from edge_agent.models.pronounce import pronounce
from edge_agent.units import db_to_gain
from export.evaluate import Hear, bundle_hears, network_hears
from export.games import Clip, Game, amazon_queen, drascula, fetch
from export.people import MAX_S, MIN_PHONES, Utterance, write
from export.steel_sky import steel_sky
from export.train import load_average

GAMES: dict[str, Callable[[Path], Game]] = {
    "flight-of-the-amazon-queen": amazon_queen,
    "drascula": drascula,
    "beneath-a-steel-sky": steel_sky,
}
MIN_S = 0.3
NUM_CANDIDATES = 6
MOST_NATS = 3.8  # of a phone: what fits worse is a scream, or is in no text
LEAST_LEAD_NATS = 0.8  # of a phone, over the next text that sounds otherwise
IMAGE_DB = (-25.0, -8.0)
Floats = NDArray[np.float32]


def build(packages: Path, out: Path, seed: int, checkpoint: Path | None = None, num_rooms: int = 3) -> None:
    """Write `people_acted_GAME_K.npz`, one for each game and room; what is not under `packages` is fetched.

    `checkpoint`: the network to label with, where it is not the listener that ships.

    Raises GameError.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name, opened in GAMES.items():
        paths = [out / f"people_acted_{name}_{room}.npz" for room in range(num_rooms)]
        if all(path.exists() for path in paths):
            continue
        game = opened(fetch(name, packages))
        lines, phones = label(game, name, checkpoint)
        for room, path in enumerate(paths):
            rng = np.random.default_rng([seed, room])
            gains = [db_to_gain(float(rng.uniform(*IMAGE_DB))) if room else 0.0 for _ in lines]
            said: list[Utterance] = [
                (clip.brightened(gain), text) for gain, (clip, text) in zip(gains, lines, strict=True)
            ]
            write(path, said, phones.get, rng)


def label(game: Game, name: str, checkpoint: Path | None) -> tuple[list[tuple[Clip, str]], dict[str, list[str]]]:
    """The lines whose text is found, and the phones of the texts. On all cores."""
    clips = (clip for clip in game.clips if MIN_S <= len(clip.samples) / clip.rate_hz <= MAX_S)
    with multiprocessing.Pool(os.cpu_count(), _begin, (game.texts, checkpoint)) as pool:
        labelled = pool.imap(_label, clips, chunksize=16)
        found = track(labelled, total=game.num_clips, description=f"labelling {name}")
        return [(clip, text) for clip, text in found if text is not None], Texts(game.texts).phones


class Texts:
    """What may have been said. One thread."""

    def __init__(self, texts: list[str]) -> None:
        """First pronunciation of every text, predicted where no dictionary has a word; the unspeakable are left out."""
        said = pronounce({word for text in texts for word in text.split()}, {}).pronunciations
        every = {text: [said[word][:1] for word in text.split()] for text in texts}
        phones = {text: [phone for one in words for phone in one[0]] for text, words in every.items() if all(words)}
        self.phones = {text: each for text, each in phones.items() if len(each) >= MIN_PHONES}
        self._spelt = {text: _spelt(_tokens(each)) for text, each in self.phones.items()}

    def said(self, log_posteriors: Floats) -> str | None:
        """The text of a line, or None where none is likely enough or two are. log_posteriors [frames, tokens]."""
        heard = _spelt(_collapsed(log_posteriors.argmax(1)))
        found = process.extract(heard, self._spelt, scorer=Levenshtein.normalized_similarity, limit=NUM_CANDIDATES)
        texts = [text for _, _, text in found]
        nats = _nats_of_a_phone(log_posteriors, [_tokens(self.phones[text]) for text in texts])
        first, second = np.argsort(nats)[:2]
        sounds_alike = self._spelt[texts[first]] == self._spelt[texts[second]]
        is_sure = sounds_alike or nats[second] - nats[first] > LEAST_LEAD_NATS
        return texts[first] if nats[first] < MOST_NATS and is_sure else None

    def is_said(self, text: str, log_posteriors: Floats) -> bool:
        """Is a line what its text says. log_posteriors [frames, tokens]."""
        phones = self.phones.get(text)
        return phones is not None and bool(_nats_of_a_phone(log_posteriors, [_tokens(phones)])[0] < MOST_NATS)


_texts: Texts
_hear: Hear


def _begin(texts: list[str], checkpoint: Path | None) -> None:
    global _texts, _hear
    torch.set_num_threads(1)
    _texts = Texts(texts)
    _hear = network_hears(load_average(checkpoint)) if checkpoint else bundle_hears(find_bundle("default"), "auto")


def _label(clip: Clip) -> tuple[Clip, str | None]:
    heard = _hear(clip.at_16_khz())
    if clip.text is None:
        return clip, _texts.said(heard)
    return clip, clip.text if _texts.is_said(clip.text, heard) else None


def _tokens(phones: list[str]) -> list[int]:
    return [TOKEN_OF_PHONE[phone] for phone in phones]


def _spelt(tokens: list[int]) -> str:
    return "".join(chr(ord("0") + token) for token in tokens)


def _collapsed(tokens: NDArray[np.intp]) -> list[int]:
    changes = np.flatnonzero(np.diff(tokens, prepend=-1))
    return [int(token) for token in tokens[changes] if token != BLANK]


def _nats_of_a_phone(log_posteriors: Floats, said: list[list[int]]) -> Floats:
    lengths = torch.tensor([len(tokens) for tokens in said])
    tokens = torch.tensor([token for one in said for token in one])
    frames = torch.from_numpy(log_posteriors)[:, None].expand(-1, len(said), -1)
    nats = F.ctc_loss(frames, tokens, torch.full((len(said),), len(frames)), lengths, BLANK, "none")
    return (nats / lengths).numpy()  # type: ignore[no-any-return]
