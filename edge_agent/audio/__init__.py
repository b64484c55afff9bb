"""Where sound comes from and goes to: a file each for `device`, `wav` and `memory`, all a `base.Duplex`."""
