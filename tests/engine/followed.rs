//! Files that grow, in whole pipelines.
