"""What was said in one turn, as models tell it: piece by piece, and often all of it once more at its end."""

from edge_agent.link.cloud.base import Role, Transcript


class Words:
    """One turn. Thread: any one."""

    def __init__(self) -> None:
        self._said: dict[Role, str] = {}

    def of(self, role: Role) -> str:
        """All that was said by one side."""
        return self._said.get(role, "").strip()

    def add(self, told: Transcript) -> str:
        """What of it is new; models do not agree on the spaces between pieces."""
        said, whole = self._said.get(told.role, ""), told.text.strip()
        known, new = said.strip(), told.text
        if told.final and known.endswith(whole):
            new = ""
        elif told.final and whole.startswith(known):
            new = whole[len(known) :]
            new = new.lstrip() if said != known else new
        self._said[told.role] = said + new
        return new
