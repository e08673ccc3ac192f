# Ed25519: libsodium's curve, BearSSL's integers for the reduction, mbed TLS's SHA-512; the port of the Ed25519 profile takes
# BearSSL's SHA-256.
set(ed25519_own ed25519.c sodium_port.c)
set(ed25519_theirs ${sodium}/crypto_sign/ed25519/ref10/open.c ed25519_small.c ${sodium}/crypto_verify/sodium/verify.c sha512_mbed.c)
foreach(part decred decode encode muladd bitlen rshift add sub)
  list(APPEND ed25519_theirs ${bear}/src/int/i15_${part}.c)
endforeach()
set(ed25519_port sha256_bear.c crypto_ed25519.c crypto_sha512.c)
set(ed25519_port_theirs ${bear}/src/hash/sha2small.c ${bear}/src/codec/dec32be.c ${bear}/src/codec/enc32be.c)
# Where a boot's time goes, and what the compiler makes of it: a seventh less for the hash, a twentieth for the curve.
if(CMAKE_CROSSCOMPILING)
  set_source_files_properties(${bear}/src/hash/sha2small.c PROPERTIES COMPILE_OPTIONS "-O2;-funroll-loops;--param=max-unroll-times=4")
  set_source_files_properties(ed25519_small.c PROPERTIES COMPILE_OPTIONS -flive-range-shrinkage)
endif()
