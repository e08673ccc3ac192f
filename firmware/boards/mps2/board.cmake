# board: start-up, console, flash, watchdog of an MPS2 board; included by each board's CMakeLists.txt, which sets
# MPS2_FLASH_BASE.  board_app(name SOURCES... LINK libs...): an app of this board, linked to run in slot A; makes name.elf
# and name.bin (the payload: sign it with --header-size 0x200).
set(mps2 ${CMAKE_CURRENT_LIST_DIR})
set(mps2_flash_base ${MPS2_FLASH_BASE} CACHE INTERNAL "")
set(mps2_folder ${mps2} CACHE INTERNAL "")
house_library(board ${mps2}/startup.c ${mps2}/board.c ${mps2}/flash.c ${mps2}/../common/console.c
  ${mps2}/../common/handover.c LINK slot)
target_include_directories(board PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${mps2})

# board_program(name SCRIPT VECTORS): which linker script, and which table of exceptions.
function(board_program name script vectors)
  target_sources(${name} PRIVATE ${mps2_folder}/${vectors})
  target_link_options(${name} PRIVATE -T ${script} -L ${mps2_folder} -Wl,--defsym=FLASH_BASE=${mps2_flash_base}
                      -Wl,-Map=${name}.map)
  set_target_properties(${name} PROPERTIES SUFFIX .elf LINK_DEPENDS
    "${mps2_folder}/${script};${mps2_folder}/sections.ld")
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} -O binary $<TARGET_FILE:${name}> $<TARGET_FILE_DIR:${name}>/${name}.bin VERBATIM)
endfunction()

function(board_boot name)
  board_program(${name} boot.ld vectors_boot.c)
endfunction()

function(board_app name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_executable(${name} ${A_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE house ${A_LINK} board)
  target_link_options(${name} PRIVATE -fno-lto) # the libraries carry both kinds of code, for the bootloader's sake
  board_program(${name} app.ld vectors_app.c)
endfunction()

include(${mps2}/net.cmake)
