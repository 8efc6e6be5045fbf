"""What torch gives for some cells, in float64; ``python tests/nb201_mnist1d/torch_facts.py`` records it.

The recorded file lets the comparison run where torch is not installed.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).parents[1] / "golden" / "nb201_mnist1d_torch.json"
EPOCHS = 2
#: Cells with every operation, without a convolution, and without a way from input to output.
CELLS = ((3, 3, 3, 3, 3, 3), (2, 4, 3, 1, 3, 4), (3, 4, 0, 4, 2, 2), (0, 0, 0, 4, 0, 0), (0, 0, 0, 0, 0, 0))


def small_data() -> Any:
    """A part of MNIST-1D; the last training batch is smaller than the others."""
    from benchmarks_zarr.build.nb201_mnist1d.data import Data, mnist1d, split

    data = mnist1d()
    return Data(data.x[:500], data.y[:500], **split(500, (200, 120, 180)))


def facts(cell: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Losses and right answers by epoch of train, validation and test; all scores."""
    import torch
    import torch_network
    import torch_scores

    from benchmarks_zarr.build.nb201_mnist1d import proxies, trainer

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    data, settings = small_data(), trainer.Training(epochs=EPOCHS)
    scorer = proxies.Scorer(data, settings)
    probe = proxies.Probe(scorer.trainer, np.array(cell, np.int8), seed)

    def network() -> Any:
        made = torch_network.Network(list(cell), 1, 10)
        made.load(probe.weights)
        return made

    x64 = scorer.trainer.x
    orders = [data.train[trainer.epoch_order(seed, epoch, data.train.size)] for epoch in range(EPOCHS)]
    curves = torch_network.train(network(), x64, data.y, orders, [data.val, data.test], settings.batch, settings.rate)

    net = network()
    x = torch.from_numpy(x64[probe.index].transpose(0, 2, 1).copy())
    y = torch.from_numpy(data.y[probe.index])
    score = torch_scores.all_scores(net, x, y)
    gaussian = proxies.gaussian([seed, 3, 0], probe.vector.shape)
    probe.vector[:] = np.where(probe.is_weight & (probe.vector != 0), gaussian, probe.vector)
    probe.weights.bias[:] = 0
    shape = (len(x), *data.x.shape[1:])
    first, noise = (torch.from_numpy(proxies.gaussian([seed, 3, i], shape).transpose(0, 2, 1).copy()) for i in (1, 2))
    score["zen"] = torch_scores.zen(network(), first, first + noise / 100)
    defined = {name: value if math.isfinite(value) else None for name, value in score.items()}
    return {"cell": cell, "seed": seed, "curves": curves, "scores": defined}


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[2]))
    FILE.write_text(json.dumps([facts(cell, i) for i, cell in enumerate(CELLS)], indent=1) + "\n")
