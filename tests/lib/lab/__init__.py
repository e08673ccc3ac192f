"""A small laboratory of real parts: PostgreSQL, otad, signer, devices on the host and in QEMU, for the end-to-end
tests and for ./quickstart.  Python's standard library only.  Every process is ended by its id."""
