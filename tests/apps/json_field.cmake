# Prints a field of a JSON file: cmake -DFILE=... -DPATH_TO="a b" -P json_field.cmake
separate_arguments(PATH_TO)
file(READ ${FILE} text)
string(JSON value GET "${text}" ${PATH_TO})
execute_process(COMMAND ${CMAKE_COMMAND} -E echo "${value}")
