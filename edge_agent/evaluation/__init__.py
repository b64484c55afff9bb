"""How good a listener is: figures with confidence intervals, for any bundle, on recordings of people."""
