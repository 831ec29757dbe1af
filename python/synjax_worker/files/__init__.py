"""Programs as files: `load("tagger.synjax").functions["tag"](emission, lengths)`, without Node and without a worker."""

from .function import StoredFunction
from .mapped import MappedFunction
from .model import Model, load

__all__ = ["MappedFunction", "Model", "StoredFunction", "load"]
