"""What is said: clip bank, text-to-speech programs, and the mixer that plays them."""

from edge_agent.voice.ahead import VoiceAhead
from edge_agent.voice.mixer import Mixer
from edge_agent.voice.voice import Voice

__all__ = ["Mixer", "Voice", "VoiceAhead"]
