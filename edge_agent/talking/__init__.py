"""The agent's side of the talk: what it says, when it begins, reacts and yields."""
