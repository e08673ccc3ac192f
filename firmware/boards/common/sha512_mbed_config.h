/* mbed TLS's options for sha512_mbed.c: this hash and nothing else, rolled. */
#define MBEDTLS_SHA512_C
#define MBEDTLS_SHA512_SMALLER
