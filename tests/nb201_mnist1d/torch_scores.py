"""Zero-cost scores in torch, by automatic differentiation: independent of the compiled network."""

import copy
import math
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional


def layers(net: nn.Module) -> list[Any]:
    return [m for m in net.modules() if isinstance(m, nn.Conv1d | nn.Linear)]


def loss_gradients(net: nn.Module, x: torch.Tensor, y: torch.Tensor, **options: bool) -> tuple[torch.Tensor, ...]:
    loss = functional.cross_entropy(net(x), y)
    weights = [m.weight for m in layers(net)]
    return torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True, **options)


def input_gradients(net: nn.Module, x: torch.Tensor) -> np.ndarray:
    x = x.clone().requires_grad_(True)
    net(x).sum().backward()
    return np.zeros((len(x), x[0].numel())) if x.grad is None else x.grad.reshape(len(x), -1).numpy()


def grasp(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    fixed = [g.detach() for g in loss_gradients(net, x, y)]
    live = loss_gradients(net, x, y, create_graph=True)
    weights = [m.weight for m in layers(net)]
    product = sum((a * b).sum() for a, b in zip(fixed, live, strict=True))
    if not product.requires_grad:
        return 0.0
    hessian = torch.autograd.grad(product, weights, allow_unused=True)
    return -sum(float((w * h).sum().detach()) for w, h in zip(weights, hessian, strict=True) if h is not None)


def fisher(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    kept: list[tuple[Any, torch.Tensor]] = []
    hooks = [m.register_forward_hook(lambda m, _, out: kept.append((m, out))) for m in layers(net)]
    loss = functional.cross_entropy(net(x), y)
    gradients = torch.autograd.grad(loss, [out for _, out in kept], allow_unused=True, materialize_grads=True)
    for hook in hooks:
        hook.remove()
    total = 0.0
    for (module, out), gradient in zip(kept, gradients, strict=True):
        product = out * gradient
        if product.dim() > 2:
            product = product.sum(dim=2)
        channels = product.pow(2).mean(0) / 2
        total += float(channels.sum().detach()) * module.weight[0].numel()
    return total


def synflow(net: nn.Module, shape: tuple[int, int]) -> float:
    net = copy.deepcopy(net)
    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm1d):
                setattr(module, name, nn.Identity())
    with torch.no_grad():
        for p in net.parameters():
            p.abs_()
    net(torch.ones(1, *shape)).sum().backward()
    return sum(float((m.weight * m.weight.grad).abs().sum().detach()) for m in layers(net) if m.weight.grad is not None)


def nwot(net: nn.Module, x: torch.Tensor, relu_inputs: list[torch.Tensor]) -> float:
    kernel = np.zeros((len(x), len(x)))
    for value in relu_inputs:
        on = (value.reshape(len(x), -1) > 0).double()
        kernel += (on @ on.T + (1 - on) @ (1 - on.T)).numpy()
    return float(np.linalg.slogdet(kernel)[1])


def jacov(gradients: np.ndarray) -> float:
    v = np.linalg.eig(np.corrcoef(gradients))[0].real
    return float(-np.sum(np.log(v + 1e-5) + 1.0 / (v + 1e-5)))


def epe_nas(gradients: np.ndarray, label: np.ndarray) -> float:
    total = 0.0
    for c in sorted(set(label.tolist())):
        rows = [g for g, own in zip(gradients, label, strict=True) if own == c]
        matrix = np.array([[np.corrcoef(a, b)[0, 1] for b in rows] for a in rows])
        total += abs(np.log(np.abs(matrix) + 1e-5).sum())
    return total


def zen(net: nn.Module, x: torch.Tensor, changed: torch.Tensor) -> float:
    """Of a network that has Gaussian weights; ``net.features`` are those before pooling."""
    variances: list[torch.Tensor] = []
    hooks = [
        m.register_forward_hook(lambda _, given, __: variances.append(given[0].var(dim=(0, 2), correction=0)))
        for m in net.modules()
        if isinstance(m, nn.BatchNorm1d)
    ]
    with torch.no_grad():
        before = net.features(x)
    for hook in hooks:
        hook.remove()
    with torch.no_grad():
        change = (before - net.features(changed)).abs().sum(dim=(1, 2)).mean()
    if not change:
        return math.nan
    return math.log(change) + sum(0.5 * math.log(v.mean()) for v in variances)


def all_scores(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    """All scores but zen of an untrained network on a batch."""
    macs: list[int] = []
    relu_inputs: list[torch.Tensor] = []
    hooks = [
        m.register_forward_hook(lambda m, _, out: macs.append(m.weight.numel() * out[0, 0].numel()))
        for m in layers(net)
    ]
    hooks += [
        m.register_forward_hook(lambda _, given, __: relu_inputs.append(given[0].detach()))
        for m in net.modules()
        if isinstance(m, nn.ReLU)
    ]
    with torch.no_grad():
        net(x)
    for hook in hooks:
        hook.remove()
    weights, gradients = [m.weight.detach() for m in layers(net)], loss_gradients(net, x, y)
    products = [w * g for w, g in zip(weights, gradients, strict=True)]
    with np.errstate(all="ignore"):
        jacobian = input_gradients(net, x)
        constant = not np.isfinite(np.corrcoef(jacobian)).all()
        return {
            "params": sum(p.numel() for p in net.parameters()),
            "flops": sum(macs),
            "synflow": synflow(net, tuple(x.shape[1:])),
            "jacov": math.nan if constant else jacov(jacobian),
            "snip": sum(float(p.abs().sum()) for p in products),
            "grasp": grasp(net, x, y),
            "fisher": fisher(net, x, y),
            "grad_norm": sum(float(g.norm()) for g in gradients),
            "plain": sum(float(p.sum()) for p in products),
            "l2_norm": sum(float(w.norm()) for w in weights),
            "nwot": nwot(net, x, relu_inputs),
            "epe_nas": math.nan if constant else epe_nas(jacobian, y.numpy()),
        }
