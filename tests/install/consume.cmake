# Builds and runs the consumer. Run as: cmake -D MODE=find_package|build_tree|add_subdirectory
# -D SOURCE=... -D BUILD=... -D COMPILER=... -D TYPE=... [-D FLAGS=...] [-D TYPE_FLAGS=...]
# [-D LAUNCHER=...] -P consume.cmake
#   find_package      installs from BUILD, already built, to a fresh prefix and looks there
#   build_tree        looks in BUILD itself
#   add_subdirectory  builds the sources again inside the consumer, as far as it links them
# The consumer is built beside BUILD, at the same depth: a compiler cache that makes paths relative then
# has the sources already.
set(top ${BUILD}-consumer-${MODE})
file(REMOVE_RECURSE ${top})

set(project find_package)
if(MODE STREQUAL "find_package")
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${top}/prefix
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  # Nothing private and nothing of this tree may be in it.
  file(GLOB_RECURSE private ${top}/prefix/include/*.cpp ${top}/prefix/src/*)
  file(GLOB_RECURSE package ${top}/prefix/*.cmake)
  foreach(file IN LISTS package)
    file(READ ${file} text)
    string(FIND "${text}" "${SOURCE}" at)
    if(NOT at EQUAL -1)
      list(APPEND private ${file})
    endif()
  endforeach()
  if(private)
    message(FATAL_ERROR "the installation holds what belongs to the source tree: ${private}")
  endif()
  set(where -D CMAKE_PREFIX_PATH=${top}/prefix)
elseif(MODE STREQUAL "build_tree")
  set(where -D skein_DIR=${BUILD})
elseif(MODE STREQUAL "add_subdirectory")
  set(project add_subdirectory)
  # The same flags as BUILD's, so that a compiler cache has it all.
  set(where -D SKEIN_SOURCE_DIR=${SOURCE} -D CMAKE_COMPILE_WARNING_AS_ERROR=ON -D CMAKE_UNITY_BUILD=ON)
else()
  message(FATAL_ERROR "MODE is '${MODE}'")
endif()
if(TYPE_FLAGS)
  string(TOUPPER "CMAKE_CXX_FLAGS_${TYPE}" name)
  list(APPEND where "-D${name}=${TYPE_FLAGS}")
endif()
if(FLAGS)
  list(APPEND where "-DCMAKE_CXX_FLAGS=${FLAGS}")
endif()
if(LAUNCHER)
  list(APPEND where -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
endif()

execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE}/tests/install/${project} -B ${top} -G Ninja
  -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_BUILD_TYPE=${TYPE} ${where}
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${top} --parallel 2 -- --quiet
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${top}/consumer OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
if(NOT output STREQUAL "hello, 5 tokens\n")
  message(FATAL_ERROR "the consumer said '${output}'")
endif()
file(REMOVE_RECURSE ${top})
