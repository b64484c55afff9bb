"""A voice agent that lives on the device."""

__version__ = "0.1.0"
