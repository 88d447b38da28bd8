"""Which judge to trust: prompted language models and reward models on preference benchmarks."""

__all__ = ["__version__"]

__version__ = "0.1.0"
