"""The places at which a gate's process can be spoilt: one file per kind of place, each with its `install`."""
