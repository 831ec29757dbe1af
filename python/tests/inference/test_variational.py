"""Variational inference in blocks of steps is NumPyro's SVI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import optax
import pytest
from numpyro import infer
from numpyro.distributions import constraints

from synjax_worker.errors import InvalidArgument
from synjax_worker.inference.guides import AUTOMATIC
from synjax_worker.inference.variational import (
    LOSSES,
    svi_advance,
    svi_evaluate,
    svi_params,
    svi_start,
)
from tests.inference.programs import AsProgram

DATA = np.asarray([0.3, -1.2, 2.0, 0.7], np.float32)
OPTIMIZER = optax.adam(0.05)
STEPS = 4  # in blocks of three


def model(data, size=40):
    scale = numpyro.sample("scale", dist.HalfNormal(2.0))
    mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
    with numpyro.plate("items", size, 4):
        numpyro.sample("x", dist.Normal(mean, scale), obs=data)


def whole_model(data):
    model(data, size=4)


def guide(data):
    spread = numpyro.param("spread", 0.5, constraint=constraints.positive)
    numpyro.sample("scale", dist.LogNormal(0.0, spread))
    numpyro.sample("mean", dist.Normal(numpyro.param("center", 0.1), spread))


def mixture(data):
    first = numpyro.sample("first", dist.Bernoulli(0.4))
    numpyro.sample("x", dist.Normal(2.0 * first, 1.0).expand([4]).to_event(1), obs=data)


def mixture_guide(data):
    numpyro.sample("first", dist.Bernoulli(logits=numpyro.param("logit", 0.2)))


class Fitted:
    """The ops, compiled, over programs."""

    def __init__(self, programs: list[Callable], loss: tuple[str, dict], automatic: Any = None):
        settings = {"programs": len(programs), "guide": automatic, "loss": loss}
        operands = (*map(AsProgram, programs), DATA)
        fixed = {"optimizer": OPTIMIZER, "settings": settings}
        self.start = jax.jit(lambda key: svi_start(*operands, key=key, **fixed)[0])
        self.params = lambda state, names: svi_params(*operands, state=state, names=names, **fixed)[0]
        self.evaluate = lambda state, **more: svi_evaluate(*operands, state=state, **more, **fixed)[0]
        self.update = lambda state, **more: svi_advance(*operands, state=state, **more, **fixed)[0]
        self.advance = jax.jit(lambda state, steps: self.update(state, steps=steps, block=3))


@pytest.mark.parametrize(
    ("programs", "loss", "automatic"),
    [
        ((model,), ("trace", {"num_particles": 2}), ("normal", {"init_scale": 0.2})),
        ((model, guide), ("traceMeanField", {}), None),
        ((whole_model, guide), ("renyi", {"alpha": 0.5}), None),
        ((mixture, mixture_guide), ("traceGraph", {"num_particles": 3}), None),
    ],
    ids=["trace", "traceMeanField", "renyi", "traceGraph"],
)
def test_blocks_find_what_numpyro_finds_in_one_go(programs: Any, loss: Any, automatic: Any):
    fitted = Fitted(list(programs), loss, automatic)
    own = infer.autoguide.AutoNormal(model, init_scale=0.2) if automatic else programs[1]
    bound = getattr(infer, LOSSES[loss[0]])(**loss[1])
    expected = infer.SVI(programs[0], own, OPTIMIZER, bound).run(
        jax.random.key(3), STEPS, DATA, progress_bar=False
    )
    state, first = fitted.advance(fitted.start(jax.random.key(3)), 3)
    state, last = fitted.advance(state, 1)
    losses = np.concatenate([first, last[:1]])
    np.testing.assert_allclose(losses, expected.losses, rtol=1e-5)
    names = tuple(expected.params)
    found = jax.jit(lambda state: fitted.params(state, names))(state)
    for name, value in zip(names, found, strict=True):
        np.testing.assert_allclose(value, expected.params[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_a_step_by_itself_is_one_of_a_block_and_evaluate_says_its_loss_before():
    fitted = Fitted([model, guide], ("trace", {}))

    @jax.jit
    def both(key):
        start = fitted.start(key)
        state, loss = fitted.update(start)
        again, losses = fitted.update(start, steps=1, block=2)
        sites = (("guide", "mean"), ("model", "x"))
        return loss, losses, fitted.evaluate(start, names=("spread",), scored=sites), state, again

    loss, losses, (evaluated, finite, scores), state, again = both(jax.random.key(1))
    np.testing.assert_allclose([losses[0], evaluated], [loss, loss], rtol=1e-6)
    np.testing.assert_array_equal(finite, [True])
    assert scores.shape == (2,)
    np.testing.assert_allclose(_floats(state), _floats(again), rtol=1e-6)


def _floats(words: Any) -> np.ndarray:
    """The words of a state that are its parameters': what follows the count of steps."""
    return np.asarray(words)[1:3].view(np.float32)


def test_scores_say_which_variable_is_no_number():
    def broken(data):
        numpyro.sample("mean", dist.Normal(0.0, 1.0))
        numpyro.sample("x", dist.Normal(0.0, 1.0).expand([4]).to_event(1), obs=data)
        numpyro.factor("bad", jnp.log(-jnp.sum(data**2)))

    def simple(data):
        numpyro.sample("mean", dist.Normal(numpyro.param("center", jnp.nan), 1.0, validate_args=False))

    fitted = Fitted([broken, simple], ("trace", {}))
    scored = (("model", "x"), ("model", "bad"))
    loss, finite, scores = jax.jit(
        lambda key: fitted.evaluate(fitted.start(key), names=("center",), scored=scored)
    )(jax.random.key(0))
    assert np.isnan(loss)
    np.testing.assert_array_equal(finite, [False])
    np.testing.assert_array_equal(np.isfinite(scores), [True, False])


# The names of their parameters as TypeScript knows them: src/inference/auto-guide.ts.
PARAMETERS = {
    "normal": ("scale_auto_loc", "scale_auto_scale", "mean_auto_loc", "mean_auto_scale"),
    "diagonal_normal": ("auto_loc", "auto_scale"),
    "multivariate_normal": ("auto_loc", "auto_scale_tril"),
    "low_rank_multivariate_normal": ("auto_loc", "auto_cov_factor", "auto_scale"),
    "delta": ("scale_auto_loc", "mean_auto_loc"),
    "laplace_approximation": ("auto_loc",),
    "iaf_normal": ("auto_arn__0$params", "auto_arn__1$params", "auto_arn__2$params"),
    "bnaf_normal": ("auto_arn__0$params",),
}


@pytest.mark.parametrize("kind", AUTOMATIC)
def test_automatic_guides_have_these_parameters(kind: str):
    fitted = Fitted([model], ("trace", {}), (kind, {}))
    words = jax.eval_shape(fitted.start, jax.random.key(0))
    found = jax.eval_shape(lambda state: fitted.params(state, PARAMETERS[kind]), words)
    # With those of Adam: the count of steps of each, and the key
    counted = 2 + 2 + 3 * sum(int(np.prod(leaf.shape)) for leaf in found)
    constrained = 3 if kind == "multivariate_normal" else 0  # a triangle travels without its zeros
    assert words.shape == (counted - constrained,)


def test_a_state_of_another_optimizer_is_refused():
    fitted = Fitted([model, guide], ("trace", {}))
    with pytest.raises(InvalidArgument, match="another model, guide or optimizer"):
        jax.eval_shape(fitted.update, jax.ShapeDtypeStruct((3,), jnp.uint32))


@pytest.mark.parametrize(
    ("programs", "automatic", "says"),
    [
        ([mixture], ("normal", {}), "automatic guides are of continuous variables"),
        ([mixture, mixture_guide], None, "the gradient of elbo.trace has no part for it"),
    ],
)
def test_discrete_variables_are_refused_where_there_is_no_gradient(programs: Any, automatic: Any, says: str):
    fitted = Fitted(programs, ("trace", {}), automatic)
    with pytest.raises(InvalidArgument, match=says) as error:
        jax.eval_shape(fitted.start, jax.random.key(0))
    assert error.value.argument == "first"


def test_a_variable_of_another_shape_in_the_guide_is_refused():
    def wide(data):
        numpyro.sample("more", dist.Normal(np.zeros(2), 1.0).to_event(1))

    def of_events(data):
        numpyro.sample("more", dist.MultivariateNormal(numpyro.param("center", np.zeros(2)), np.eye(2)))

    def of_a_batch(data):
        numpyro.sample("more", dist.Normal(numpyro.param("center", np.zeros(2)), 1.0))

    jax.eval_shape(Fitted([wide, of_events], ("trace", {})).start, jax.random.key(0))
    with pytest.raises(InvalidArgument, match=r"`more` has shape \(2,\), of which the last 1") as error:
        jax.eval_shape(Fitted([wide, of_a_batch], ("trace", {})).start, jax.random.key(0))
    assert error.value.argument == "more"


def test_a_stable_step_leaves_parameters_where_the_loss_is_no_number():
    def broken(data):
        numpyro.sample("mean", dist.Normal(0.0, 1.0))
        numpyro.factor("bad", jnp.log(-jnp.sum(data**2)) * numpyro.param("weight", 1.5))

    fitted = Fitted([broken, lambda data: numpyro.sample("mean", dist.Normal(0.0, 1.0))], ("trace", {}))

    @jax.jit
    def weights(key: Any) -> Any:
        start = fitted.start(key)
        ends = [fitted.update(start, stable=stable)[0] for stable in (True, False)]
        return [fitted.params(state, ("weight",))[0] for state in ends]

    stable, other = weights(jax.random.key(0))
    assert stable == 1.5
    assert np.isnan(other)
