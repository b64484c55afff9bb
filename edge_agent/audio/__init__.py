"""Where sound comes from and goes to: `device`, `wav`, `memory` and a simulated `room`, all a `base.Duplex`."""
