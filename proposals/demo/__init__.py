"""A county in miniature that runs all five steps in simulated time, through every branch of the process."""

from proposals.demo.branches import BRANCHES, Branch
from proposals.demo.clock import BEGINNING, SimulatedClock
from proposals.demo.founding import found_county
from proposals.demo.matter import Matter
from proposals.demo.running import run, run_matters
from proposals.demo.summary import Summary

__all__ = [
    "BEGINNING",
    "BRANCHES",
    "Branch",
    "Matter",
    "SimulatedClock",
    "Summary",
    "found_county",
    "run",
    "run_matters",
]
