# See compile_fail.cmake.
list(TRANSFORM includes PREPEND -I)
execute_process(
  COMMAND ${compiler} -std=c++23 -fsyntax-only ${includes} ${source}
  RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)

if("${texts}" STREQUAL "")
  if(failed)
    message(FATAL_ERROR "${source} must compile:\n${said}")
  endif()
  return()
endif()

if(NOT failed)
  message(FATAL_ERROR "${source} must not compile")
endif()
# Lines of source are quoted as well (with a bar after the line's number); they prove nothing.
string(REGEX REPLACE "\n *[0-9]* \\|[^\n]*" "" said_by_compiler "\n${said}")
foreach(text IN LISTS texts)
  string(FIND "${said_by_compiler}" "${text}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "${source}: the diagnostics do not say \"${text}\":\n${said}")
  endif()
endforeach()
