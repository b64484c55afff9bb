"""One picture at a time, as a small JPEG: from a camera (V4L2), a file, or a test pattern.

A camera is opened for each picture and closed after it, so that its own light shows when it looks. Blocks: for a
thread of its own, never for a loop.
"""

import importlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import CameraError
from edge_agent.profile import CameraProfile

PATTERN = "pattern"
DEVICES = "/dev/"
MAX_JPEG_BYTES = 200_000
LOWEST_QUALITY = 30
WARM_UP_FRAMES = 4  # until a camera has found its exposure
CURE = "pip install 'edge-agent[vision]'"
Image = NDArray[np.uint8]  # [height, width, 3], red green blue


class Camera:
    """What a profile names. Thread: one at a time."""

    def __init__(self, settings: CameraProfile) -> None:
        """Raises CameraError for what is not installed or not there; opens nothing."""
        self._settings = settings
        self._pillow = _library("PIL.Image")
        self._read = self._reader(settings.source)

    def take(self) -> bytes:
        """A JPEG of at most `MAX_JPEG_BYTES`. Raises CameraError."""
        picture = self._pillow.fromarray(self._read())
        picture.thumbnail((self._settings.max_side_px, self._settings.max_side_px))
        for quality in range(self._settings.quality, LOWEST_QUALITY - 1, -10):
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=quality)
            if file.tell() <= MAX_JPEG_BYTES:
                return file.getvalue()
        raise CameraError("the picture is too large: lower camera.max_side_px")

    def _reader(self, source: str) -> Callable[[], Image]:
        if source == PATTERN:
            return pattern
        if not Path(source).exists():
            raise CameraError(
                f"no camera or picture '{source}': give a device (/dev/video0), an image file or '{PATTERN}'"
            )
        if source.startswith(DEVICES):
            video = _library("cv2")
            return lambda: _frame(video, source)
        return lambda: self._file(source)

    def _file(self, path: str) -> Image:
        try:
            return np.asarray(self._pillow.open(path).convert("RGB"))
        except (OSError, ValueError):
            raise CameraError(f"'{path}' is no picture: give a JPEG or PNG file") from None


def pattern() -> Image:
    """Eight bars of colour, uint8 [480, 640, 3]."""
    bars = np.array([[(n >> 2 & 1) * 255, (n >> 1 & 1) * 255, (n & 1) * 255] for n in range(8)], np.uint8)
    return np.tile(np.repeat(bars, 80, axis=0), (480, 1, 1))


def _frame(video: Any, device: str) -> Image:
    capture = video.VideoCapture(device, video.CAP_V4L2)
    frame: Any = None
    try:
        for _ in range(1 + WARM_UP_FRAMES if capture.isOpened() else 0):
            frame = capture.read()[1]
    finally:
        capture.release()
    if frame is None:
        raise CameraError(f"camera '{device}' gives no picture: is another program using it?")
    return np.ascontiguousarray(frame[:, :, ::-1])  # it comes blue first


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise CameraError(f"camera.source needs a library that is not installed: {CURE}") from None
