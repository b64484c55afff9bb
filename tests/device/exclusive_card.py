"""A sound device that one process at a time may use, called "exclusive", in an ALSA configuration of its own."""

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).with_name("exclusive_card.c")
CONFIGURATION = """\
</usr/share/alsa/alsa.conf>
pcm_type.exclusive {{ lib "{library}" }}
pcm.exclusive {{ type exclusive hint {{ show on description "one program at a time" }} }}
"""


def build(folder: Path) -> Path:
    """Compile the device; the path of its ALSA configuration, for ALSA_CONFIG_PATH."""
    library, configuration = folder / "libexclusive.so", folder / "asound.conf"
    command = ["gcc", "-shared", "-fPIC", f'-DLOCK_FOLDER="{folder}"', "-o", str(library), str(SOURCE)]
    subprocess.run([*command, "-l:libasound.so.2"], check=True)
    configuration.write_text(CONFIGURATION.format(library=library), encoding="utf-8")
    return configuration


@contextmanager
def held(folder: Path, *directions: str) -> Iterator[None]:
    """Meanwhile another program uses the device: "playback", "capture", or both."""
    files = [(folder / direction).open("w") for direction in directions]
    try:
        for file in files:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        for file in files:
            file.close()
