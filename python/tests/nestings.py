"""The nestings of transforms that `tests/fixtures/nestings.ts` describes, written with JAX.

Reads `{"nestings": [...], "x": [...], "env": [[...], ...]}` and writes the value and the gradient of each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from synjax_worker.distributions import LinearChainCRF

F = Callable[[Array, list[Array]], Array]


def _rows(x: Array) -> Array:
    return jnp.stack([x, 0.5 * x])


def _grad(f: F, *_: Any) -> F:
    return lambda x, env: jax.grad(lambda y: f(y, [*env, x]).sum())(x)


def _value_and_grad(f: F, *_: Any) -> F:
    def call(x, env):
        value, slopes = jax.value_and_grad(lambda y, env: f(y, env).sum(), argnums=(0, 1))(x, env)
        return slopes[0] + slopes[1][0] + value

    return call


def _jvp(f: F, _: F, choose: Any, __: float) -> F:
    def call(x, env):
        value, tangent, aux = jax.jvp(lambda y: (f(y, env), y), (x,), (choose(env),), has_aux=True)
        return value + tangent + aux

    return call


def _vjp(f: F, _: F, choose: Any, __: float) -> F:
    def call(x, env):
        value, pullback = jax.vjp(lambda y, p: f(y, [*env, p["a"]]), x, {"a": choose(env)})
        by_x, by_p = pullback(x)
        return value + by_x + pullback(choose(env))[1]["a"] + by_p["a"]

    return call


def _jacfwd(f: F, _: F, choose: Any, __: float) -> F:
    return lambda x, env: jax.jacfwd(lambda y: f(y, env))(x) @ choose(env)


def _jacrev(f: F, _: F, choose: Any, __: float) -> F:
    return lambda x, env: choose(env) @ jax.jacrev(lambda y: f(y, env))(x)


def _hessian(f: F, _: F, choose: Any, __: float) -> F:
    return lambda x, env: jax.hessian(lambda y: f(y, [*env, x]).sum())(x) @ choose(env)


def _vmap(f: F, *_: Any) -> F:
    mapped = lambda env: jax.vmap(lambda p, e: f(p["y"], [*env, e]), in_axes=({"y": 1}, None), out_axes=-1)
    return lambda x, env: mapped(env)({"y": _rows(x).T}, x).sum(-1)


def _map(f: F, *_: Any) -> F:
    return lambda x, env: lax.map(lambda p: f(p["y"], [*env, x]), {"y": _rows(x)}).sum(0)


def _scan(f: F, _: F, __: Any, k: float) -> F:
    def call(x, env):
        step = lambda carry, s: ({"c": f(carry["c"] * s, env), "n": [carry["n"][0] + k]}, carry["c"])
        carry, ys = lax.scan(step, {"c": x, "n": [x]}, jnp.array([0.5, 1.5]), reverse=True)
        return carry["c"] + carry["n"][0] + ys.sum(0)

    return call


def _associative_scan(f: F, *_: Any) -> F:
    return lambda x, env: lax.associative_scan(jnp.multiply, jnp.stack([x, f(x, env), x + 1]))[-1]


def _cond(f: F, other: F, *_: Any) -> F:
    return lambda x, env: lax.cond(x.sum() > 0, lambda y: f(y, env), lambda y: other(y, [*env, x]), x)


def _switch(f: F, other: F, *_: Any) -> F:
    branches = lambda env: [lambda y: f(y, env), lambda y: other(y, env), jnp.sin]
    return lambda x, env: lax.switch(jnp.argmax(x), branches(env), x)


def _while_loop(f: F, _: F, __: Any, k: float) -> F:
    def call(x, env):
        start = (lax.stop_gradient(f(x, env)), 0)
        return lax.while_loop(lambda c: c[1] < 3, lambda c: (jnp.sin(c[0] + k), c[1] + 1), start)[0] * x

    return call


def _custom_jvp(f: F, _: F, __: Any, k: float) -> F:
    def call(x, env):
        g = jax.custom_jvp(f)

        @g.defjvp
        def rule(primals, tangents):
            (y, env), (dy, d) = primals, tangents
            return g(y, env), dy * jnp.sin(y) + d[0] * k

        return g(x, env)

    return call


def _custom_vjp(f: F, _: F, __: Any, k: float) -> F:
    def call(x, env):
        g = jax.custom_vjp(lambda y, power, env: f(y, env) * power, nondiff_argnums=(1,))
        g.defvjp(
            lambda y, power, env: (g(y, power, env), (y, env[0], len(env))),
            lambda power, left, by: (by * jnp.sin(left[0]) + left[1] * power, None),
        )
        return g(x, k, env)

    return call


def _distribution(f: F, *_: Any) -> F:
    def call(x, env):
        initial, transition = jnp.array([0.0, 1.0]), jnp.array([[0.0, 1.0], [0.5, 0.0]])
        emission = jnp.stack([x, f(x, env)], -1)
        crf = LinearChainCRF(initial=initial, transition=transition, emission=emission)
        step = lambda carry, s: (carry.with_temperature(s), carry.log_partition() + crf.log_partition())
        last, ys = lax.scan(step, crf, jnp.array([0.5, 1.5]))
        return x * ys.sum() + last.emission[:, 0]

    return call


MAKE: dict[str, Callable[..., F]] = {
    "grad": _grad,
    "valueAndGrad": _value_and_grad,
    "jvp": _jvp,
    "vjp": _vjp,
    "jacfwd": _jacfwd,
    "jacrev": _jacrev,
    "hessian": _hessian,
    "vmap": _vmap,
    "map": _map,
    "scan": _scan,
    "associativeScan": _associative_scan,
    "cond": _cond,
    "switchCase": _switch,
    "whileLoop": _while_loop,
    "checkpoint": lambda f, *_: lambda x, env: jax.checkpoint(f)(x, env),
    "jit": lambda f, *_: lambda x, env: jax.jit(f)(x, [*env, x]),
    "stopGradient": lambda f, *_: lambda x, env: f(lax.stop_gradient(x), env) + x,
    "customJvp": _custom_jvp,
    "customVjp": _custom_vjp,
    "distribution": _distribution,
}


def function_of(nesting: dict[str, Any]) -> F:
    """The function that a nesting describes."""
    choose = lambda env: env[nesting["a"] % len(env)]
    if nesting["kind"] == "leaf":
        return lambda x, env: jnp.sin(x * choose(env) + nesting["k"])
    f, other = map(function_of, nesting["of"])
    return MAKE[nesting["kind"]](f, other, choose, nesting["k"])


def answer(nesting: dict[str, Any], x: Array, env: Sequence[Array]) -> dict[str, Any]:
    f = function_of(nesting)
    both = jax.jit(lambda x, env: (f(x, env), jax.grad(lambda x, env: f(x, env).sum(), (0, 1))(x, env)))
    value, (by_x, by_env) = both(x, list(env))
    return {"value": value.tolist(), "gradient": [by_x.tolist(), *(each.tolist() for each in by_env)]}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    point, environment = jnp.array(asked["x"]), [jnp.array(each) for each in asked["env"]]
    json.dump([answer(each, point, environment) for each in asked["nestings"]], sys.stdout)
