"""Where sound comes from and goes to: a file each for `device`, `wav`, `memory` and a simulated `room`, all a `base.Duplex`."""
