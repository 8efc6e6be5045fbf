"""What all surrogate models share: splits, trees, residuals drawn by hash, held-out quality.

Most modelled numbers are a prediction plus a residual. Where models are cross-fitted, predictions
of cells whose value is known come from models that did not see it, so that their residuals have the
size of those of all other cells. Residuals are drawn, by a hash of the architecture, from those of
other known architectures of similar prediction, so that the landscape is as rugged as the real one.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.special import ndtri
from scipy.stats import rankdata, spearmanr
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Shares are pulled in by this much before their log odds are taken, so that 0 and 1 stay finite.
SHARE_MARGIN = 1e-3
N_FOLD = 5
#: Known architectures that may be the same network as one, and are passed over when its residual is drawn.
N_SAME = 400
HELD_OUT_SHARE = 0.2
#: Least number of held-out values in the top decile for which their correlation is given.
N_TOP = 10


def to_logit(percent: npt.ArrayLike) -> FloatArray:
    """Log odds of a percentage, finite at 0 and 100."""
    share = np.asarray(percent, dtype=np.float64) / 100
    return np.asarray(np.log((share + SHARE_MARGIN) / (1 - share + SHARE_MARGIN)))


def to_percent(logit: FloatArray) -> FloatArray:
    """Inverse of ``to_logit``, within 0 and 100."""
    odds = np.exp(np.minimum(logit, 50))
    return 100 * np.clip((odds * (1 + SHARE_MARGIN) - SHARE_MARGIN) / (1 + odds), 0, 1)


def hashed_uniforms(keys: Sequence[str], name: str) -> FloatArray:
    """A number of (0, 1) per architecture that depends on its key and a name only, shape ``(n_arch,)``."""
    start = hashlib.sha256(f"{name}/".encode())
    drawn = np.empty(len(keys), dtype="<u8")
    for i, key in enumerate(keys):
        state = start.copy()
        state.update(key.encode())
        drawn[i] = int.from_bytes(state.digest()[:6], "big")
    return (drawn + 0.5) / 2.0**48


def hashed_normals(keys: Sequence[str], name: str) -> FloatArray:
    """A standard normal number per architecture that depends on its key and a name only."""
    return np.asarray(ndtri(hashed_uniforms(keys, name)))


def split(groups: npt.ArrayLike, seed: int) -> tuple[IntArray, IntArray]:
    """Indices to fit on and indices held out of the fit, both ascending; members of a group stay together."""
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    order = np.random.default_rng(seed).permutation(names.size)
    held = np.zeros(names.size, bool)
    held[order[: round(HELD_OUT_SHARE * names.size)]] = True
    return np.flatnonzero(~held[member]), np.flatnonzero(held[member])


def trees(**options: Any) -> HistGradientBoostingRegressor:
    """Gradient-boosted trees."""
    defaults = {"max_iter": 400, "learning_rate": 0.06, "max_leaf_nodes": 31, "l2_regularization": 1.0}
    return HistGradientBoostingRegressor(random_state=0, **(defaults | options))


class LineAndTrees:
    """Ridge regression and trees on what it leaves: unlike trees alone it extrapolates beyond the sample."""

    def __init__(self) -> None:
        self.line = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 11)))
        self.trees = trees(max_iter=80, learning_rate=0.05, max_leaf_nodes=7, min_samples_leaf=8)

    def fit(self, x: Any, y: FloatArray) -> "LineAndTrees":
        """Fit both."""
        self.line.fit(x, y)
        self.trees.fit(x, y - self.line.predict(x))
        return self

    def predict(self, x: Any) -> FloatArray:
        """Their sum."""
        return np.asarray(self.line.predict(x) + self.trees.predict(x))


def cross_fit(
    x: npt.NDArray[Any],
    y: FloatArray,
    known: IntArray,
    make: Callable[[], Any] = trees,
    groups: npt.NDArray[Any] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Predict all rows of ``x``; those of ``known``, whose values are ``y``, by models that did not see them.

    ``groups``, shape ``(n_arch,)``, names rows that are the same network: a model that predicts one
    for the others saw none of them.

    Returns
    -------
    prediction
        Shape ``(n_arch,)``: out of fold where known, else the mean over the folds' models.
    residual
        ``y`` less the prediction, shape ``(n_known,)``.
    """
    mean = np.zeros(len(x))
    crossed = np.zeros(len(known))
    members = known if groups is None else groups[known]
    folds = GroupKFold(N_FOLD, shuffle=True, random_state=0)
    for others, fold in folds.split(known, groups=members):
        part = make().fit(x[known[others]], y[others]).predict(x)
        mean += part / N_FOLD
        crossed[fold] = part[known[fold]]
    mean[known] = crossed
    return mean, y - crossed


def similar(prediction: FloatArray, known: IntArray, n: int, groups: npt.NDArray[Any] | None = None) -> IntArray:
    """Places in ``known`` of the ``n`` known architectures of most similar prediction, shape ``(n_arch, n)``.

    Similar by rank: ``prediction``, shape ``(n_dim, n_arch)``, is compared as places in the order of
    the known ones. An architecture is never similar to itself, nor to one of its group: its own
    residual would give its own published value back. Where too few others are near, -1 stands at
    the end.
    """
    ordered = [np.sort(column[known]) for column in prediction]
    place = np.column_stack([np.searchsorted(s, column) for s, column in zip(ordered, prediction, strict=True)])
    member = np.arange(prediction.shape[1]) if groups is None else groups
    n_asked = min(n + (1 if groups is None else N_SAME), len(known))
    near = cKDTree(place[known].astype(np.float64)).query(place.astype(np.float64), k=n_asked)[1]
    near = np.asarray(near, dtype=np.int64).reshape(len(place), n_asked)
    own = member[known][near] == member[:, None]
    order = np.argsort(own, axis=1, kind="stable")[:, :n]
    return np.where(np.take_along_axis(own, order, axis=1), -1, np.take_along_axis(near, order, axis=1))


def drawn(candidates: IntArray, uniform: FloatArray) -> IntArray:
    """One of each row's candidates, shape ``(n_arch,)``."""
    n = (candidates >= 0).sum(axis=1)
    if (n == 0).any():
        raise ValueError("an architecture has no other of similar prediction")
    return candidates[np.arange(len(candidates)), (uniform * n).astype(np.int64)]


def normal_scores(values: FloatArray) -> FloatArray:
    """Standard normal quantiles of the ranks of values, ties at their mean rank."""
    return np.asarray(ndtri((rankdata(values) - 0.5) / len(values)))


def normal_scores_among(values: FloatArray, fitted: FloatArray) -> FloatArray:
    """Standard normal quantiles of values by their rank among others."""
    ordered = np.sort(fitted)
    rank = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2
    return np.asarray(ndtri(np.clip(rank, 0.5, len(fitted) - 0.5) / len(fitted)))


def spearman(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Spearman's rank correlation, rounded for attributes; 0 where one side is constant."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return round(float(spearmanr(a, b)[0]), 4)


def quality(prediction: FloatArray, truth: FloatArray) -> dict[str, float]:
    """Held-out quality of a prediction, as attributes."""
    error = prediction - truth
    top = truth >= np.quantile(truth, 0.9)
    found = {
        "held_out_n": int(truth.size),
        "held_out_spearman": spearman(prediction, truth),
        "held_out_r2": round(float(1 - (error**2).mean() / truth.var()), 4),
        "held_out_rmse": round(float(np.sqrt((error**2).mean())), 4),
        "held_out_residual_sd": round(float(error.std()), 4),
    }
    if top.sum() >= N_TOP:
        found["held_out_top_decile_spearman"] = spearman(prediction[top], truth[top])
    return found


def unseen_quality(prediction: FloatArray, truth: FloatArray, held: IntArray, fit: IntArray) -> dict[str, float]:
    """The same over held-out cells whose network, numbers ``held``, has no cell among the fitted ones, ``fit``."""
    unseen = ~np.isin(held, fit)
    error = (prediction - truth)[unseen]
    return {
        "unseen_network_n": int(unseen.sum()),
        "unseen_network_spearman": spearman(prediction[unseen], truth[unseen]),
        "unseen_network_rmse": round(float(np.sqrt((error**2).mean())), 4),
    }


def by_epoch(parts: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Attributes of several epochs as lists."""
    return {key: [part[key] for part in parts] for key in parts[0]}


def rounded(values: FloatArray, bits: int = 12) -> npt.NDArray[np.float32]:
    """Values with ``bits`` bits of mantissa: more would be noise that does not compress."""
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.rint(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(np.float32)
