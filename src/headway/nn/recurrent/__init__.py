"""Recurrent cells, and the layer that runs them over sequences.

Batch norm has no place between the steps here: its statistics differ from step to step, and
MIT 6.867, lecture 11, counts recurrent networks among its current challenges.
"""

from headway.nn.recurrent.cell import RecurrentCell
from headway.nn.recurrent.gru import GRU
from headway.nn.recurrent.layer import Recurrent
from headway.nn.recurrent.lstm import LSTM, LSTM1997
from headway.nn.recurrent.ugrnn import UGRNN
from headway.nn.recurrent.vanilla import RecurrentActivation, VanillaRNN

__all__ = [
    "GRU",
    "LSTM",
    "LSTM1997",
    "UGRNN",
    "Recurrent",
    "RecurrentActivation",
    "RecurrentCell",
    "VanillaRNN",
]
