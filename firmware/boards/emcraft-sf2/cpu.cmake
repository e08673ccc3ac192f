set(BOARD_CPU "-mcpu=cortex-m3 -mthumb --param=min-pagesize=0")
