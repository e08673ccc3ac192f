# lwip: Debian's source package, compiled as it is by our options.  board_net: Ethernet, TCP and what the emulator gives.
set(lwip_dir "${OTAD_SOURCES}/lwip/src")
if(NOT EXISTS "${lwip_dir}/core/tcp.c")
  message(FATAL_ERROR "${OTAD_SOURCES}/lwip is missing: run firmware/fetch-sources")
endif()
set(lwip_core def dns inet_chksum init ip mem memp netif pbuf raw sys tcp tcp_in tcp_out timeouts udp
  ipv4/dhcp ipv4/etharp ipv4/icmp ipv4/ip4 ipv4/ip4_addr ipv4/ip4_frag)
list(TRANSFORM lwip_core PREPEND "${lwip_dir}/core/")
list(TRANSFORM lwip_core APPEND ".c")
add_library(lwip STATIC ${lwip_core} ${lwip_dir}/netif/ethernet.c)
target_include_directories(lwip SYSTEM PUBLIC ${CMAKE_CURRENT_LIST_DIR}/lwip ${lwip_dir}/include)
target_compile_options(lwip PRIVATE -w)

house_library(board_net ${CMAKE_CURRENT_LIST_DIR}/lan9118.c ${CMAKE_CURRENT_LIST_DIR}/net.c ${CMAKE_CURRENT_LIST_DIR}/emulator.c LINK board lwip ota_tls)
