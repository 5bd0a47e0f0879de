# For tests/CMakeLists.txt, after test_json. Programs that must not compile, and what the compiler must
# say of them: the wrong key itself, and what to do. right_keys.cpp compiles, which shows that the
# others fail for their mistake only.

# skein_json_compile_test(name texts...): without texts it must compile, with texts it must not, and the
# diagnostics must contain every one of them.
function(skein_json_compile_test name)
  add_test(NAME json.compile.${name}
    COMMAND ${CMAKE_COMMAND}
      "-Dcompiler=${CMAKE_CXX_COMPILER}"
      "-Dincludes=$<TARGET_PROPERTY:test_json,INCLUDE_DIRECTORIES>"
      "-Dsource=${PROJECT_SOURCE_DIR}/tests/json/compile_fail/${name}.cpp"
      "-Dtexts=${ARGN}"
      -P ${PROJECT_SOURCE_DIR}/tests/json/compile_fail/check.cmake)
endfunction()

skein_json_compile_test(right_keys)
skein_json_compile_test(wrong_docs_key "citty" "names no field of its struct: correct the spelling")
skein_json_compile_test(wrong_defaults_key "dayz" "names no field of its struct: correct the spelling")
skein_json_compile_test(no_shape "this type has no JSON shape: use a plain aggregate struct")
skein_json_compile_test(tagged_type_field "may not have a field named `type`")
