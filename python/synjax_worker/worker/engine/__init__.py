"""The engine: owns JAX. Takes jobs in order, traces, compiles, dispatches, and answers in the same order."""

from .jobs import Job, Run, Session
from .scheduler import RETRY_AFTER_MS, Engine
from .stored import Stored

__all__ = ["RETRY_AFTER_MS", "Engine", "Job", "Run", "Session", "Stored"]
