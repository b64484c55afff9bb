"""What commands do: one file per domain, wired in `registry.py`."""

from edge_agent.skills.home import Home
from edge_agent.skills.registry import Skills
from edge_agent.skills.reply import Act, Reply
from edge_agent.skills.timers import Alarm

__all__ = ["Act", "Alarm", "Home", "Reply", "Skills"]
