# cmake -DOUT=migrations.h -DIN="0001_a.sql;0002_b.sql" -P embed_migrations.cmake
# Turn NNNN_what.sql files, in order, into a table; numbers must run from 1 without a gap.
cmake_minimum_required(VERSION 3.25)
set(arrays "")
set(rows "")
set(expected 1)
list(SORT IN)
foreach(file IN LISTS IN)
  get_filename_component(name "${file}" NAME_WE)
  if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_")
    message(FATAL_ERROR "${file}: migrations are named NNNN_what.sql")
  endif()
  string(REGEX REPLACE "^0+" "" number "${CMAKE_MATCH_1}")
  if(NOT number EQUAL expected)
    message(FATAL_ERROR "${file}: expected migration number ${expected}")
  endif()
  math(EXPR expected "${expected} + 1")
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "(........................)" "\\1\n    " hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," hex "${hex}")
  string(APPEND arrays "static const char migration_${number}[] = {\n    ${hex}0};\n\n")
  string(APPEND rows "    {${number}, \"${name}\", migration_${number}},\n")
endforeach()
math(EXPR count "${expected} - 1")
file(WRITE "${OUT}" "/* Generated from sql/migrations; do not edit. */\n"
  "#ifndef OTAD_MIGRATIONS_H\n#define OTAD_MIGRATIONS_H\n\n"
  "enum { MIGRATION_COUNT = ${count} };\n\n${arrays}"
  "/* Texts end in a zero; numbers run from 1. */\n"
  "static const struct {\n    int number;\n    const char *name;\n    const char *text;\n} migration_table[] = {\n${rows}};\n\n#endif\n")
