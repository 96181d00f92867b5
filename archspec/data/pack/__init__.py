"""A data set as sharded TFRecord files with an index: `archspec data pack`."""
