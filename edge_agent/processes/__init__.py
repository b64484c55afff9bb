"""The processes of a running agent: who starts and restarts them, and their priority."""
