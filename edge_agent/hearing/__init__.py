"""From sound to what the user said: whether it is meant for the agent, where it begins, and the words."""
