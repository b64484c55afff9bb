"""Entry point of `edge-agent` and `python -m edge_agent`."""

import sys

INTERRUPTED = 130  # as a shell has it of what Ctrl-C ended


def main() -> None:
    try:
        # here, so that Ctrl-C while it loads is no traceback either
        from edge_agent.cli.main import cli

        cli(prog_name="edge-agent")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
