"""Work by the thousand: many independent programs at once, on all cores of a machine or of a cluster."""

from .crew import Threads, cores, each
from .render import JobErrors, render_many

__all__ = ["JobErrors", "Threads", "cores", "each", "render_many"]
