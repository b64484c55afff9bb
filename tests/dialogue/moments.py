"""Moments that dialogues happen at."""

from datetime import datetime

NOON = datetime(2026, 3, 14, 12, 0)
