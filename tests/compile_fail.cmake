# Programs that must not compile, and what the compiler must say of them. In each room one of them
# compiles, which shows that the others fail for their mistake only.

# skein_compile_test(room name texts...): tests/<room>/compile_fail/<name>.cpp. Without texts it must
# compile, with texts it must not, and the diagnostics must contain every one of them.
function(skein_compile_test room name)
  add_test(NAME ${room}.compile.${name}
    COMMAND ${CMAKE_COMMAND}
      "-Dcompiler=${CMAKE_CXX_COMPILER}"
      "-Dincludes=$<TARGET_PROPERTY:test_${room},INCLUDE_DIRECTORIES>"
      "-Dsource=${PROJECT_SOURCE_DIR}/tests/${room}/compile_fail/${name}.cpp"
      "-Dtexts=${ARGN}"
      -P ${PROJECT_SOURCE_DIR}/tests/compile_fail_check.cmake)
endfunction()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(no_conversion "not convert")
else()
  set(no_conversion "no viable conversion")
endif()
skein_compile_test(core right_uses)
skein_compile_test(core secret_as_text "${no_conversion}")

skein_compile_test(telemetry plain_attribute)
skein_compile_test(telemetry secret_attribute "no known conversion")
skein_compile_test(telemetry content_attribute "no known conversion")
skein_compile_test(telemetry content_without_policy "no known conversion")

skein_compile_test(json right_keys)
skein_compile_test(json wrong_docs_key "citty" "names no field of its struct: correct the spelling")
skein_compile_test(json wrong_defaults_key "dayz" "names no field of its struct: correct the spelling")
skein_compile_test(json no_shape "this type has no JSON shape: use a plain aggregate struct")
skein_compile_test(json tagged_type_field "may not have a field named `type`")

skein_compile_test(agent answer_no_struct "the answer of a run is a plain struct")

skein_compile_test(tool right_forms)
skein_compile_test(tool too_few_names number_of_names_in_skein_params_differs_from_number_of_parameters)
skein_compile_test(tool too_many_names number_of_names_in_skein_params_differs_from_number_of_parameters)
skein_compile_test(tool same_name_twice skein_params_names_one_parameter_twice)
skein_compile_test(tool no_names "name the parameters of this tool, skein::params{{")
skein_compile_test(tool no_name "name the parameter of this tool, skein::params{{")
skein_compile_test(tool wrong_docs_key "names no field of its struct: correct the spelling")
skein_compile_test(tool generic_lambda "a tool needs a callable with one signature")
skein_compile_test(tool mutable_lambda "must be callable as const, without `mutable`")
skein_compile_test(tool plain_reference "a tool's parameter is a value or a const reference")
skein_compile_test(tool misplaced_context "once, as the first or the last parameter")
skein_compile_test(tool arriving_beside "takes nothing beside it but a tool_context")
skein_compile_test(tool arriving_number "T is a plain struct, whose fields are the arguments")
