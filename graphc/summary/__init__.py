"""Summaries of what happens in training, in event files that TensorBoard shows."""

from graphc.summary.message import Summary
from graphc.summary.ops import SummaryTensor, histogram, image, merge, merge_all, scalar, text
from graphc.summary.writer import FileWriter

__all__ = ["FileWriter", "Summary", "SummaryTensor", "histogram", "image", "merge", "merge_all", "scalar", "text"]
