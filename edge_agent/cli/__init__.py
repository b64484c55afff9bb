"""The command line, one file per command.

Commands import what they use inside the function: `--help` must be instant, and must work where sound does not.
"""
