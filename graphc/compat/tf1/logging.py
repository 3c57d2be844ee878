"""``tf.logging``: Python's logging under a name of its own."""

from __future__ import annotations

import logging as _logging

DEBUG, INFO, WARN, WARNING, ERROR, FATAL = 10, 20, 30, 30, 40, 50
_logger = _logging.getLogger("tensorflow")

debug, info, warn, warning = _logger.debug, _logger.info, _logger.warning, _logger.warning
error, fatal, log = _logger.error, _logger.critical, _logger.log
get_verbosity = _logger.getEffectiveLevel


def set_verbosity(level: int) -> None:
    """What is less important than `level` is not shown."""
    if not _logger.handlers and not _logging.getLogger().handlers:
        _logger.addHandler(_logging.StreamHandler())
    _logger.setLevel(level)
