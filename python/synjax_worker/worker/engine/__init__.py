"""The engine: owns JAX. Takes jobs in order, traces, compiles, dispatches, and answers in the same order."""

from .executables import Compiled
from .failures import unknown_handle
from .gather import ALONE, Batching
from .handles import Handle, Outcome, signature_of
from .jobs import Job, Run, Session
from .scheduler import Engine
from .steps import RETRY_AFTER_MS
from .stored import Stored

__all__ = [
    "ALONE",
    "RETRY_AFTER_MS",
    "Batching",
    "Compiled",
    "Engine",
    "Handle",
    "Job",
    "Outcome",
    "Run",
    "Session",
    "Stored",
    "signature_of",
    "unknown_handle",
]
