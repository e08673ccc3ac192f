# crypto_host: the host's crypto port (libsodium, libcrypto).  Included by firmware/image, whose headers it implements.
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET GLOBAL libsodium)
pkg_check_modules(LIBCRYPTO REQUIRED IMPORTED_TARGET GLOBAL libcrypto)
house_library(crypto_host ${CMAKE_CURRENT_LIST_DIR}/crypto.c LINK PkgConfig::SODIUM PkgConfig::LIBCRYPTO)
