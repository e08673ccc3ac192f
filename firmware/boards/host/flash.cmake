# host_flash: flash files with the maps of the known boards.  ota-flash makes and shows them.
house_library(host_flash flash_file.c LINK slot trust_store)
add_executable(ota-flash flash_tool.c)
target_link_libraries(ota-flash PRIVATE house host_flash ota image_text)
