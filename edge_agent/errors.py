"""Every error a user can meet, as one tree.

    EdgeAgentError
    +-- ProfileError     a profile that cannot be used: unknown key, bad value, missing file
    +-- BundleError      a model folder that is missing, altered, or of another shape than its manifest
    +-- CommandsError    a commands file that cannot be parsed, pronounced or decided
    +-- AudioError       a recording or a sound device that cannot be used
    +-- BackendError     a runtime that is not installed or refuses a graph
    +-- VoiceError       a clip bank or a text-to-speech program that cannot be used
    +-- CloudError       a cloud service that cannot be used: no key, no network, refused
    +-- EvaluationError  an evaluation that asks for what is not there
    +-- CameraError      a camera or a picture that cannot be used
    +-- HomeError        a Home Assistant that cannot be used: no token, not at home
    +-- SafetyError      a file of safety rules that cannot be used

Raised at construction only, with one line that names the thing and the cure.
The hop never raises: it substitutes, counts and reports (see `meters.py`).
"""


class EdgeAgentError(Exception):
    """Base of all errors that are the user's to cure; printed as one line, exit status 2."""


class ProfileError(EdgeAgentError):
    """A profile cannot be used."""


class BundleError(EdgeAgentError):
    """A model bundle is missing, altered, or does not match its manifest."""


class CommandsError(EdgeAgentError):
    """A commands file cannot be parsed, pronounced or decided."""


class AudioError(EdgeAgentError):
    """A recording or a sound device cannot be used."""


class BackendError(EdgeAgentError):
    """A runtime is not installed or refuses a graph."""


class VoiceError(EdgeAgentError):
    """A clip bank or a text-to-speech program cannot be used."""


class CloudError(EdgeAgentError):
    """A cloud service cannot be used."""


class CameraError(EdgeAgentError):
    """A camera or a picture cannot be used."""


class HomeError(EdgeAgentError):
    """Home Assistant cannot be used."""


class SafetyError(EdgeAgentError):
    """A file of safety rules cannot be used."""


class EvaluationError(EdgeAgentError):
    """An evaluation asks for a part, a library or a place that is not there."""
