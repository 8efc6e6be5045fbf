"""What all surrogate models share: splits, trees, residuals drawn by hash, held-out quality.

A modelled number is a prediction plus a residual. Predictions of cells whose value is known come
from models that did not see it (cross-fitting), so that their residuals have the size of those of
all other cells. Residuals are drawn, by a hash of the architecture, from those found on known
architectures of similar prediction, so that the landscape is as rugged as the real one.
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
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Shares are pulled in by this much before their log odds are taken, so that 0 and 1 stay finite.
SHARE_MARGIN = 1e-3
N_FOLD = 5
HELD_OUT_SHARE = 0.2
#: Least number of held-out values in the top decile for which their correlation is told.
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


def split(n: int, seed: int) -> tuple[IntArray, IntArray]:
    """Indices to fit on and indices held out of every fit, both ascending."""
    order = np.random.default_rng(seed).permutation(n)
    n_held = round(HELD_OUT_SHARE * n)
    return np.sort(order[n_held:]), np.sort(order[:n_held])


def trees(**options: Any) -> HistGradientBoostingRegressor:
    """Gradient-boosted trees."""
    defaults = {"max_iter": 400, "learning_rate": 0.06, "max_leaf_nodes": 31, "l2_regularization": 1.0}
    return HistGradientBoostingRegressor(random_state=0, **(defaults | options))


class LineAndTrees:
    """Ridge regression and trees on what it leaves: unlike trees alone it goes on beyond the sample."""

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
    x: npt.NDArray[Any], y: FloatArray, known: IntArray, make: Callable[[], Any] = trees
) -> tuple[FloatArray, FloatArray]:
    """Predict all rows of ``x``; those of ``known``, whose values are ``y``, by models that did not see them.

    Returns
    -------
    prediction
        Shape ``(n_arch,)``: out of fold where known, else the mean over the folds' models.
    residual
        ``y`` less the prediction, shape ``(n_known,)``.
    """
    mean = np.zeros(len(x))
    crossed = np.zeros(len(known))
    for others, fold in KFold(N_FOLD, shuffle=True, random_state=0).split(known):
        part = make().fit(x[known[others]], y[others]).predict(x)
        mean += part / N_FOLD
        crossed[fold] = part[known[fold]]
    mean[known] = crossed
    return mean, y - crossed


def similar(known: FloatArray, wanted: FloatArray, n: int) -> IntArray:
    """Indices of the ``n`` known architectures of most similar prediction, shape ``(n_arch, n)``.

    Similar by rank: predictions, shapes ``(n_known, n_dim)`` and ``(n_arch, n_dim)``, are compared
    as places in the order of the known ones.
    """

    def place(values: FloatArray) -> FloatArray:
        sorts = [np.sort(column) for column in known.T]
        return np.column_stack([np.searchsorted(s, column) for s, column in zip(sorts, values.T, strict=True)])

    n = min(n, len(known))
    found = cKDTree(place(known).astype(np.float64)).query(place(wanted).astype(np.float64), k=n)[1]
    return np.asarray(found, dtype=np.int64).reshape(len(wanted), n)


def drawn(candidates: IntArray, uniform: FloatArray) -> IntArray:
    """One of each row's candidates, shape ``(n_arch,)``."""
    return candidates[np.arange(len(candidates)), (uniform * candidates.shape[1]).astype(np.int64)]


def normal_scores(values: FloatArray) -> FloatArray:
    """Standard normal quantiles of the ranks of values, ties at their mean rank."""
    return np.asarray(ndtri((rankdata(values) - 0.5) / len(values)))


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


def by_epoch(parts: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Attributes of several epochs as lists."""
    return {key: [part[key] for part in parts] for key in parts[0]}


def rounded(values: FloatArray, bits: int = 12) -> npt.NDArray[np.float32]:
    """Values with ``bits`` bits of mantissa: more would be noise that does not compress."""
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.rint(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(np.float32)
