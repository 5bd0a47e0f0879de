// The JSON Schema of a C++ type: what from_json<T> accepts, said to a model or a peer.
// Dialect: https://json-schema.org/draft/2020-12/schema
#pragma once

#include <skein/json/detail/schema_builder.hpp>
#include <skein/json/docs.hpp>
#include <skein/json/value.hpp>

namespace skein::json {

// Objects list their properties in declaration order and are closed (additionalProperties false). A
// field carries the text that the struct's `docs` gives it; a struct carries its
// `static constexpr std::string_view description`. A field that may be absent is not `required` and
// has the schema of its content. A struct that contains itself is referred to as `#` when it is the
// root and through `$defs` otherwise. No `$schema` key is written: not every provider takes one.
template <class T>
[[nodiscard]] value schema_of() {
  const detail::type_token* root = nullptr;
  if constexpr (detail::kind_of<T>() == detail::kind::structure) root = &detail::plain_token<T>;
  detail::schema_builder builder(root);
  object schema = detail::build_schema<T>(builder);
  return std::move(builder).finish(std::move(schema));
}

}  // namespace skein::json
