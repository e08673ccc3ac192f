"""A board as a factory makes it: key manifest, settings and first firmware in its flash, then switched on."""
