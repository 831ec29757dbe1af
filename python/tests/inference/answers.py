"""What NumPyro says of the models that `tests/contract/inference.test.ts` writes in TypeScript, as JSON."""

from __future__ import annotations

import json

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro import handlers
from numpyro.infer import MCMC, NUTS
from numpyro.infer.util import log_density

from tests.inference.schools import EFFECTS, ERRORS


def beta_bernoulli() -> None:
    probs = numpyro.sample("probs", dist.Beta(1.0, 1.0))
    numpyro.sample("x", dist.Bernoulli(probs), sample_shape=(10,))


def subsampled() -> None:
    with numpyro.plate("rows", 4, dim=-2), numpyro.plate("items", 10, subsample_size=3) as indices:
        numpyro.sample("x", dist.Normal(indices.astype(jnp.float32), 1.0))


def schools(effects: jax.Array) -> None:
    mu = numpyro.sample("mu", dist.Normal(0, 5))
    tau = numpyro.sample("tau", dist.HalfCauchy(5))
    with numpyro.plate("schools", 8):
        z = numpyro.sample("z", dist.Normal(0, 1))
        theta = numpyro.deterministic("theta", mu + tau * z)
        numpyro.sample("effect", dist.Normal(theta, jnp.asarray(ERRORS)), obs=effects)


def drawn(model: object, *args: object) -> dict[str, list]:
    trace = handlers.trace(handlers.seed(model, jax.random.key(3))).get_trace(*args)
    kinds = ("sample", "deterministic")
    return {name: np.asarray(site["value"]).tolist() for name, site in trace.items() if site["type"] in kinds}


def chains() -> dict[str, list]:
    mcmc = MCMC(
        NUTS(schools),
        num_warmup=20,
        num_samples=10,
        num_chains=2,
        chain_method="vectorized",
        progress_bar=False,
    )
    mcmc.run(jax.random.key(1), jnp.asarray(EFFECTS))
    return {name: np.asarray(value).tolist() for name, value in mcmc.get_samples(group_by_chain=True).items()}


def main() -> None:
    effects = jnp.asarray(EFFECTS)
    values = {"mu": jnp.float32(1.0), "tau": jnp.float32(2.0), "z": jnp.arange(8.0) / 8}
    density, slopes = jax.value_and_grad(lambda at: log_density(schools, (effects,), {}, at)[0])(values)
    seeded = handlers.seed(subsampled, jax.random.key(3))
    said = {
        "betaBernoulli": drawn(beta_bernoulli),
        "subsampled": drawn(subsampled),
        "subsampledLogDensity": float(
            sum(
                jnp.sum(site["fn"].log_prob(site["value"])) * site["scale"]
                for site in handlers.trace(seeded).get_trace().values()
                if site["type"] == "sample"
            )
        ),
        "schools": drawn(schools, effects),
        "logDensity": float(density),
        "slopes": {name: np.asarray(slope).tolist() for name, slope in slopes.items()},
        "chains": chains(),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
