# Ed25519 and SHA-512: libsodium's curve, BearSSL's hashes and integers.
set(crypto_own sha256_bear.c crypto_ed25519.c crypto_sha512.c sodium_port.c)
set(crypto_theirs ${sodium}/crypto_sign/ed25519/ref10/open.c ed25519_small.c ${sodium}/crypto_verify/sodium/verify.c
  ${bear}/src/hash/sha2small.c ${bear}/src/codec/dec32be.c ${bear}/src/codec/enc32be.c
  ${bear}/src/hash/sha2big.c ${bear}/src/codec/dec64be.c ${bear}/src/codec/enc64be.c)
foreach(part decred decode encode muladd bitlen rshift add sub)
  list(APPEND crypto_theirs ${bear}/src/int/i15_${part}.c)
endforeach()
