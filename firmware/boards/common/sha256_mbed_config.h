/* mbed TLS's options for sha256_mbed.c: this hash and nothing else, rolled. */
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER
