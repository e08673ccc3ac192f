# Toolchain of device builds: Debian's gcc-arm-none-eabi with newlib-nano.  BOARD names the folder whose cpu.cmake says
# which processor it is.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_SIZE arm-none-eabi-size)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES BOARD)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)

if(NOT EXISTS ${CMAKE_CURRENT_LIST_DIR}/${BOARD}/cpu.cmake)
  message(FATAL_ERROR "BOARD=${BOARD}: no such board; give -DBOARD= one of the folders here that have a cpu.cmake")
endif()
include(${CMAKE_CURRENT_LIST_DIR}/${BOARD}/cpu.cmake) # sets BOARD_CPU
set(CMAKE_C_FLAGS_INIT "${BOARD_CPU} -ffunction-sections -fdata-sections -fno-common --specs=nano.specs")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostartfiles --specs=nosys.specs -Wl,--gc-sections -Wl,--no-warn-rwx-segments")
