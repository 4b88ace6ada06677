"""Public name of the samplers, as `pyspark.rddsampler`."""

from pyspark_shell.statistics.sampler import (
    RDDRangeSampler,
    RDDSampler,
    RDDSamplerBase,
    RDDStratifiedSampler,
)

__all__ = ["RDDRangeSampler", "RDDSampler", "RDDSamplerBase", "RDDStratifiedSampler"]
