# For tests/CMakeLists.txt, after test_tool. Programs that must not compile, and what the compiler must
# say of them. right_forms.cpp compiles, which shows that the others fail for their mistake only.

# skein_tool_compile_test(name text): without a text it must compile, with one it must not, and the
# diagnostics must contain it.
function(skein_tool_compile_test name)
  add_test(NAME tool.compile.${name}
    COMMAND ${CMAKE_COMMAND}
      "-Dcompiler=${CMAKE_CXX_COMPILER}"
      "-Dincludes=$<TARGET_PROPERTY:test_tool,INCLUDE_DIRECTORIES>"
      "-Dsource=${PROJECT_SOURCE_DIR}/tests/tool/compile_fail/${name}.cpp"
      "-Dtext=${ARGN}"
      -P ${PROJECT_SOURCE_DIR}/tests/tool/compile_fail/check.cmake)
endfunction()

skein_tool_compile_test(right_forms)
skein_tool_compile_test(too_few_names number_of_names_in_skein_params_differs_from_number_of_parameters)
skein_tool_compile_test(too_many_names number_of_names_in_skein_params_differs_from_number_of_parameters)
skein_tool_compile_test(same_name_twice skein_params_names_one_parameter_twice)
skein_tool_compile_test(no_names "name the parameters of this tool, skein::params{{")
skein_tool_compile_test(no_name "name the parameter of this tool, skein::params{{")
skein_tool_compile_test(wrong_docs_key "names no field of its struct: correct the spelling")
skein_tool_compile_test(generic_lambda "a tool needs a callable with one signature")
skein_tool_compile_test(mutable_lambda "must be callable as const, without `mutable`")
skein_tool_compile_test(plain_reference "a tool's parameter is a value or a const reference")
skein_tool_compile_test(misplaced_context "once, as the first or the last parameter")
