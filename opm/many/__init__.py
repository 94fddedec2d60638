"""Work by the thousand: many independent programs at once, on all cores of a machine or of a cluster."""

from .crew import cores
from .render import JobErrors, render_many

__all__ = ["JobErrors", "cores", "render_many"]
