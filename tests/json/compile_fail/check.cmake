# See ../compile_fail.cmake.
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
# The source itself may be quoted in the diagnostics; what counts is what the library adds to it.
string(REGEX MATCHALL "[^\n]*(error:|no_such_field)[^\n]*" lines "${said}")
foreach(text IN LISTS texts)
  string(FIND "${lines}" "${text}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "${source}: the diagnostics do not say \"${text}\":\n${said}")
  endif()
endforeach()
