"""The states of a hand-written LSTM are cloned by way of .data at every step.

So no gradient reaches an earlier step, and the network learns to read the last line only.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/allenai/allennlp/issues/2530"
CAUSES = ("gradient_wiring",)


class AugmentedLstm(nn.Module):
    """Reads a sequence with one cell; keeps the states of all sequences in one tensor."""

    def __init__(self, input_size, hidden_size, clone_data):
        super().__init__()
        self.hidden_size = hidden_size
        self.clone_data = clone_data
        self.input_linearity = nn.Linear(input_size, 4 * hidden_size)
        self.state_linearity = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        for i in range(4):
            rows = slice(i * hidden_size, (i + 1) * hidden_size)
            nn.init.orthogonal_(self.state_linearity.weight.data[rows])
        self.input_linearity.bias.data.fill_(0.0)
        self.input_linearity.bias.data[hidden_size : 2 * hidden_size].fill_(1.0)

    def forward(self, sequence_tensor):
        batch_size, total_timesteps, _ = sequence_tensor.shape
        full_memory = sequence_tensor.new_zeros(batch_size, self.hidden_size)
        full_state = sequence_tensor.new_zeros(batch_size, self.hidden_size)
        for timestep in range(total_timesteps):
            previous_memory = (full_memory.data if self.clone_data else full_memory).clone()
            previous_state = (full_state.data if self.clone_data else full_state).clone()
            projected = self.input_linearity(sequence_tensor[:, timestep])
            projected = projected + self.state_linearity(previous_state)
            i, f, g, o = projected.chunk(4, dim=-1)
            full_memory = i.sigmoid() * g.tanh() + f.sigmoid() * previous_memory
            full_state = o.sigmoid() * full_memory.tanh()
        return full_state


class Classifier(nn.Module):
    def __init__(self, clone_data):
        super().__init__()
        self.encoder = AugmentedLstm(14, 48, clone_data)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(48, 10)

    def forward(self, lines):
        return self.output(self.dropout(self.encoder(lines)))


def make(seed, clone_data):
    torch.manual_seed(seed)
    (images, ids), (val_images, val_ids) = data.mnist(2400, side=14)
    mean, std = images.mean(), images.std()
    train = TensorDataset((images[:, 0] - mean) / std, ids)
    val = TensorDataset((val_images[:, 0] - mean) / std, val_ids)
    model = Classifier(clone_data)
    return {
        "model": model,
        "loss_fn": F.cross_entropy,
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(val, batch_size=200),
        "epochs": 7,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, clone_data=True)


def make_fixed(seed=0):
    return make(seed, clone_data=False)
