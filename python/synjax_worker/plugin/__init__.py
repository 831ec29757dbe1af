"""Functions of other packages as operations of programs.

    from synjax_worker.plugin import op


    @op("x: num A, { width?: size } -> float(A)")
    def smooth(x, width=3):
        \"\"\"A moving average over the last axis.\"\"\"
        ...

A worker that is started with `--plugin my_pkg` imports that package, and has what it declares as `my_pkg.smooth`.
`exported(name, path)` declares a program that `jax.export` wrote.
"""

from .declared import op
from .stablehlo import exported

__all__ = ["exported", "op"]
