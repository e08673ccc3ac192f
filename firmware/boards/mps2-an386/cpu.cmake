set(BOARD_CPU "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard --param=min-pagesize=0")
