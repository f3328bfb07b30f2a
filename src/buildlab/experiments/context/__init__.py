"""What is sent to the engine, and in which order it is copied."""

from buildlab.experiments.context.order import (
    ignore_file,
    sent_only_what_is_new,
    split_copy,
    strays,
    transfer,
    worth,
)

__all__ = ["ignore_file", "sent_only_what_is_new", "split_copy", "strays", "transfer", "worth"]
