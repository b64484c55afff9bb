"""What retraining calls and imports, asked for before it begins: hours later is late to learn that a voice lacks."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from edge_agent.errors import EdgeAgentError

PROGRAMS = ("flite", "festival", "espeak-ng", "fluidsynth", "npm", "apt-get", "dpkg")  # as Debian's packages are called
VOICES = {  # of festival, and the packages that have them
    "kal_diphone": "festvox-kallpc16k",
    "ked_diphone": "festvox-kdlpc16k",
    "cmu_us_slt_arctic_hts": "festvox-us-slt-hts",
}
MODULES = ("torch", "scipy", "onnx", "onnxscript", "litert_torch", "rapidfuzz", "openvino", "mido", "pocketsphinx")
VOICES_FOLDER = Path("/usr/share/festival/voices")


class NeedsError(EdgeAgentError):
    """Something has to be installed first."""


def check_needs() -> None:
    """Raises NeedsError, which names all that is missing."""
    packages, modules = list(_missing_packages()), [name for name in MODULES if find_spec(name) is None]
    cures = [f"apt-get install {' '.join(packages)}"] if packages else []
    cures += [f"pip install 'edge-agent[export]' (no {', '.join(modules)})"] if modules else []
    if cures:
        raise NeedsError(f"not everything is installed; first {' and '.join(cures)}")


def _missing_packages() -> Iterator[str]:
    yield from (name for name in PROGRAMS if shutil.which(name) is None)
    yield from (package for voice, package in VOICES.items() if not any(VOICES_FOLDER.glob(f"*/{voice}")))
