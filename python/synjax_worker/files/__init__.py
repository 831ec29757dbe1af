"""Programs as files: `load("tagger.synjax").functions["tag"](emission, lengths)`, without Node and without a worker."""

from .model import Model, load

__all__ = ["Model", "load"]
