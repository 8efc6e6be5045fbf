"""The network of one cell in torch: an independent implementation that the compiled one is compared with."""

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from mfnas_vec.spaces.nb201 import EDGES


class Convolution(nn.Module):
    """ReLU, convolution without bias, batch norm."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(c_in, c_out, kernel, stride=stride, padding=kernel // 2, bias=False)
        self.relu, self.norm = nn.ReLU(), nn.BatchNorm1d(c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(self.relu(x)))


class Cell(nn.Module):
    """Node v is the sum over its edges of the operation on the source node."""

    def __init__(self, genes: list[int], channels: int) -> None:
        super().__init__()
        edges: list[nn.Module] = []
        for op in genes:
            if op in (2, 3):
                edges.append(Convolution(channels, channels, 1 if op == 2 else 3, 1))
            elif op == 4:
                edges.append(nn.AvgPool1d(3, stride=1, padding=1, count_include_pad=False))
            else:
                edges.append(nn.Identity())
        self.genes, self.edges = genes, nn.ModuleList(edges)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        nodes = [x]
        for v in (1, 2, 3):
            total = torch.zeros_like(x)
            for e, (a, b) in enumerate(EDGES):
                if b == v and self.genes[e]:
                    total = total + self.edges[e](nodes[a])
            nodes.append(total)
        return nodes[3]


class Network(nn.Module):
    """Stem, cell, reduction, cell, classifier."""

    def __init__(self, genes: list[int], n_channel: int, n_class: int) -> None:
        super().__init__()
        self.stem = nn.Conv1d(n_channel, 8, 3, stride=2, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm1d(8)
        self.first, self.reduction, self.second = Cell(genes, 8), Convolution(8, 16, 3, 2), Cell(genes, 16)
        self.last_norm, self.linear = nn.BatchNorm1d(16), nn.Linear(16, n_class)
        self.relu = nn.ReLU()

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Features before pooling."""
        x = self.second(self.reduction(self.first(self.stem_norm(self.stem(x)))))
        return self.relu(self.last_norm(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(self.features(x).mean(dim=2))

    def load(self, weights: Any) -> None:
        """Copy the parameters of the compiled network (`Weights`)."""

        def norm(module: nn.BatchNorm1d, affine: Any) -> None:
            module.weight.copy_(torch.from_numpy(affine[0]))
            module.bias.copy_(torch.from_numpy(affine[1]))

        with torch.no_grad():
            self.stem.weight.copy_(torch.from_numpy(weights.stem))
            norm(self.stem_norm, weights.stem_norm)
            self.reduction.conv.weight.copy_(torch.from_numpy(weights.reduction))
            norm(self.reduction.norm, weights.reduction_norm)
            norm(self.last_norm, weights.last_norm)
            self.linear.weight.copy_(torch.from_numpy(weights.linear))
            self.linear.bias.copy_(torch.from_numpy(weights.bias))
            for cell, edges, affine in (
                (self.first, weights.first, weights.first_norm),
                (self.second, weights.second, weights.second_norm),
            ):
                for e, op in enumerate(cell.genes):
                    if op in (2, 3):
                        taps = edges[e][:, :, 1:2] if op == 2 else edges[e]
                        cell.edges[e].conv.weight.copy_(torch.from_numpy(taps.copy()))
                        norm(cell.edges[e].norm, affine[e])


def train(network: Network, x: Any, y: Any, orders: list[Any], parts: list[Any], batch: int, rate: float) -> list[Any]:
    """Train by torch's own SGD and cosine schedule; loss sums and right answers of train, val and test by epoch."""
    signals, labels = torch.from_numpy(x.transpose(0, 2, 1).copy()), torch.from_numpy(y)
    optimizer = torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9, nesterov=True, weight_decay=5e-4)
    total = len(orders) * math.ceil(len(orders[0]) / batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 0.5 * (1 + math.cos(math.pi * t / total)))
    rows = []
    for order in orders:
        network.train()
        row = [[0.0, 0]]
        for index in torch.from_numpy(order).split(batch):
            logits = network(signals[index])
            loss = functional.cross_entropy(logits, labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            row[0][0] += loss.item() * len(index)
            row[0][1] += int((logits.argmax(1) == labels[index]).sum())
        network.eval()
        with torch.no_grad():
            for part in parts:
                logits = network(signals[torch.from_numpy(part)])
                right = labels[torch.from_numpy(part)]
                loss = functional.cross_entropy(logits, right, reduction="sum")
                row.append([loss.item(), int((logits.argmax(1) == right).sum())])
        rows.append(row)
    return rows
