"""`optax`: losses. One value for each prediction, to be averaged by the caller."""

from ..registry import op
from .optimizers import of_optax

_AXES = "axis?: axis, where?: num bool"

for name, doc in (
    ("squared_error", "the squared difference"),
    ("l2_loss", "half the squared difference"),
    ("log_cosh", "about the difference where it is large, half its square where it is small"),
):
    op(
        f"optax.{name}",
        of_optax(name),
        "predictions: num A, targets: num B -> float(promote(A, B))",
        f"Equivalent to `optax.{name}`: {doc}.",
    )
op(
    "optax.huber_loss",
    of_optax("huber_loss"),
    "predictions: num A, targets: num B, { delta?: num } -> real(float(promote(A, B)))",
    "Equivalent to `optax.huber_loss`: half the squared difference, growing linearly beyond `delta` (1).",
)
for name in ("cosine_similarity", "cosine_distance"):
    op(
        f"optax.{name}",
        of_optax(name),
        "predictions: num A, targets: num B, { epsilon?: num, axis?: axis, where?: num bool } "
        "-> float(promote(A, B))",
        f"Equivalent to `optax.{name}`, of vectors along the last axis unless `axis` is given.",
    )
op(
    "optax.softmax_cross_entropy",
    of_optax("softmax_cross_entropy"),
    f"logits: num A, labels: num B, {{ {_AXES} }} -> float(promote(A, B))",
    "Equivalent to `optax.softmax_cross_entropy`: `labels` are probabilities of the classes along the last axis.",
)
op(
    "optax.softmax_cross_entropy_with_integer_labels",
    of_optax("softmax_cross_entropy_with_integer_labels"),
    f"logits: num A, labels: num Int, {{ {_AXES} }} -> float(A)",
    "Equivalent to `optax.softmax_cross_entropy_with_integer_labels`: `labels` are positions along the last axis.",
)
op(
    "optax.sigmoid_binary_cross_entropy",
    of_optax("sigmoid_binary_cross_entropy"),
    "logits: num A, labels: num B -> float(A)",
    "Equivalent to `optax.sigmoid_binary_cross_entropy`: `labels` are probabilities of the positive class.",
)
op(
    "optax.sigmoid_focal_loss",
    of_optax("sigmoid_focal_loss"),
    "logits: num A, labels: num B, { alpha?: static number, gamma?: num } -> float(A)",
    "Equivalent to `optax.sigmoid_focal_loss`: the binary cross-entropy, less of it where a prediction is sure.",
)
op(
    "optax.hinge_loss",
    of_optax("hinge_loss"),
    "predictor_outputs: num A, targets: num B -> number(promote(A, B))",
    "Equivalent to `optax.hinge_loss`; `targets` are -1 and 1.",
)
op(
    "optax.kl_divergence",
    of_optax("kl_divergence"),
    f"log_predictions: num A, targets: num B, {{ {_AXES} }} -> float(promote(A, B))",
    "Equivalent to `optax.kl_divergence`: of predicted log-probabilities from probabilities, along the last axis.",
)
op(
    "optax.smooth_labels",
    of_optax("smooth_labels"),
    "labels: num A, alpha: num -> float(A)",
    "Equivalent to `optax.smooth_labels`: moved by `alpha` towards the uniform distribution.",
)
