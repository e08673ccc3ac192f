# P-256, with integers in words of P256_WORDS: i15 is the smallest (the default), i31 takes 300 bytes more and half the time
# where the processor multiplies to 64 bits.
if(NOT P256_WORDS)
  set(P256_WORDS i15)
endif()
set(crypto_own crypto_p256.c crypto_message_none.c proven.c ../../image/sha512_none.c)
# mbed TLS's SHA-256 in its rolled form: half a kilobyte smaller than BearSSL's, a fifth slower.
set(crypto_theirs sha256_mbed.c p256_${P256_WORDS}.c ${bear}/src/codec/ccopy.c)
foreach(part decmod decode encode muladd bitlen rshift add sub modpow montmul tmont fmont iszero ninv15 ninv31 bits)
  foreach(file int/${P256_WORDS}_${part} ec/ecdsa_${P256_WORDS}_${part})
    if(EXISTS ${bear}/src/${file}.c)
      list(APPEND crypto_theirs ${bear}/src/${file}.c)
    endif()
  endforeach()
endforeach()
if(P256_WORDS STREQUAL i31)
  list(APPEND crypto_theirs ${bear}/src/int/i32_div32.c)
endif()
