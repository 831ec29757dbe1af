"""The engine: owns JAX. Takes jobs in order, traces, compiles, dispatches, and answers in the same order."""

from .executables import Compiled
from .gather import ALONE, Batching
from .jobs import Job, Run, Session
from .scheduler import RETRY_AFTER_MS, Engine
from .stored import Stored

__all__ = ["ALONE", "RETRY_AFTER_MS", "Batching", "Compiled", "Engine", "Job", "Run", "Session", "Stored"]
