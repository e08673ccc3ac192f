# mbedtls: TLS for the agent, from Debian's source package (firmware/fetch-sources), compiled as it is by our
# configuration; ota_tls: our only file that sees it.
if(NOT EXISTS "${OTAD_SOURCES}/mbedtls/library/ssl_tls.c")
  message(FATAL_ERROR "${OTAD_SOURCES}/mbedtls is missing: run firmware/fetch-sources")
endif()
file(GLOB mbedtls_sources "${OTAD_SOURCES}/mbedtls/library/*.c")
list(FILTER mbedtls_sources EXCLUDE REGEX "/(net_sockets|timing|debug|ssl_tls13_.*|psa_.*)\\.c$")
add_library(mbedtls STATIC ${mbedtls_sources})
target_include_directories(mbedtls SYSTEM PUBLIC "${OTAD_SOURCES}/mbedtls/include" PUBLIC ${CMAKE_CURRENT_LIST_DIR}/tls)
target_compile_definitions(mbedtls PUBLIC "MBEDTLS_CONFIG_FILE=\"tls_config.h\"")
target_compile_options(mbedtls PRIVATE -w)

house_library(ota_tls tls.c LINK mbedtls)
