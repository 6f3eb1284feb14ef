"""Conditionings, baselines and measures as a reader writes them."""

from analysis.names import Spelling

written = Spelling({"frechet": "Fréchet", "held out": "held-out", "ifgsm": "IFGSM", "one hot": "one-hot"})
