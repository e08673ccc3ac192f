set(BOARD_CPU "-mcpu=cortex-m7 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard --param=min-pagesize=0")
