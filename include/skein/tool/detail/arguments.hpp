// From the JSON object that a model wrote to a function's arguments, and the schema that tells the
// model how to write it.
#pragma once

#include <array>
#include <cstddef>
#include <expected>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <skein/json/reflect.hpp>
#include <skein/json/schema.hpp>
#include <skein/json/text.hpp>
#include <skein/tool/arriving.hpp>
#include <skein/tool/detail/callable.hpp>
#include <skein/tool/params.hpp>

namespace skein::tool_detail {

// Not constexpr: reaching it while compiling is the diagnostic.
void number_of_names_in_skein_params_differs_from_number_of_parameters();

// `params` that are known to fit F.
template <class F>
class params_for {
 public:
  static constexpr std::size_t size = callable<F>::values::size;

  consteval params_for(const params& names) : names_(names) {
    if (names.size() != size) number_of_names_in_skein_params_differs_from_number_of_parameters();
  }
  [[nodiscard]] constexpr const params::entry& operator[](std::size_t i) const { return names_[i]; }

 private:
  params names_;
};

// Each parameter is a key of the object.
template <class... T>
class named_arguments {
 public:
  using arguments = std::tuple<T...>;

  template <class Names>
  explicit named_arguments(const Names& names) {
    for (std::size_t i = 0; i < notes_.size(); ++i) {
      notes_[i].name = names[i].name;
      notes_[i].text = names[i].text;
      notes_[i].may_be_absent = absent_[i];
    }
  }

  [[nodiscard]] json::value schema() const { return schema(std::index_sequence_for<T...>{}); }
  [[nodiscard]] std::expected<arguments, json::mismatch> read(const json::value& in) const {
    return read(in, std::index_sequence_for<T...>{});
  }

 private:
  template <std::size_t... I>
  [[nodiscard]] json::value schema(std::index_sequence<I...>) const {
    json::detail::schema_builder builder(nullptr);
    const std::array<json::detail::schema_field, sizeof...(T)> table{json::detail::schema_field{
        &notes_[I], json::detail::build_schema<typename json::detail::unwrapped<T>::type>}...};
    json::object root = json::detail::schema_of_fields(builder, table, {}, {});
    return std::move(builder).finish(std::move(root));
  }
  template <std::size_t... I>
  [[nodiscard]] std::expected<arguments, json::mismatch> read(const json::value& in,
                                                              std::index_sequence<I...>) const {
    std::expected<arguments, json::mismatch> result;
    const std::array<json::detail::read_field, sizeof...(T)> table{json::detail::read_field{
        &notes_[I], &std::get<I>(*result), json::detail::read_erased<T>}...};
    if (auto outcome = json::detail::read_fields({}, in, table, {}); !outcome) {
      result = std::unexpected(std::move(outcome).error());
    }
    return result;
  }

  static constexpr std::array<bool, sizeof...(T)> absent_{json::detail::is_nullable<T>...};
  std::array<json::detail::field_note, sizeof...(T)> notes_ = {};
};

// The one parameter is the object.
template <class T>
class whole_argument {
 public:
  using arguments = std::tuple<T>;

  [[nodiscard]] json::value schema() const { return json::schema_of<T>(); }
  [[nodiscard]] std::expected<arguments, json::mismatch> read(const json::value& in) const {
    return json::from_json<T>(in).transform([](T&& value) { return arguments(std::move(value)); });
  }
};

// The one parameter is the object while it arrives.
template <class T>
class arriving_argument {
 public:
  using arguments = std::tuple<arriving<T>>;

  [[nodiscard]] json::value schema() const { return json::schema_of<T>(); }
  // Of a call that is whole: what does not fit starts nothing.
  [[nodiscard]] std::expected<arguments, json::mismatch> read(const json::value& in) const {
    return json::from_json<T>(in).transform([&](const T&) {
      auto whole = std::make_shared<arguments_pipe>();
      whole->write(json::write_text(in));
      whole->close();
      return arriving_from(std::move(whole));
    });
  }
  [[nodiscard]] static arguments arriving_from(std::shared_ptr<arguments_pipe> pipe) {
    return arguments(arriving<T>(std::move(pipe)));
  }
};
template <class T>
inline constexpr bool is_arriving = false;
template <class T>
inline constexpr bool is_arriving<arriving<T>> = true;

template <class T>
inline constexpr bool is_object_shaped =
    json::detail::kind_of<T>() == json::detail::kind::structure ||
    json::detail::kind_of<T>() == json::detail::kind::map ||
    json::detail::kind_of<T>() == json::detail::kind::object ||
    (json::detail::has_read_hook<T> && json::detail::has_schema_hook<T>);

template <class... P, class Names>
named_arguments<held<P>...> name_arguments(type_list<P...>, const Names& names) {
  static_assert((!is_arriving<held<P>> && ...),
                "a tool that takes a skein::arriving<T> takes nothing beside it but a "
                "tool_context; the fields of T are the arguments, and have their names");
  return named_arguments<held<P>...>(names);
}

template <class F>
auto take_object() {
  using arguments = typename callable<F>::arguments;
  static_assert(std::tuple_size_v<arguments> == 1,
                "a tool with a schema of its own takes its arguments as one json::object");
  return whole_argument<std::tuple_element_t<0, arguments>>{};
}

template <class F>
auto unnamed_arguments() {
  using values = typename callable<F>::values;
  using arguments = typename callable<F>::arguments;
  if constexpr (values::size == 0) {
    return name_arguments(values{}, std::array<params::entry, 0>{});
  } else if constexpr (is_arriving<std::tuple_element_t<0, arguments>> && values::size == 1) {
    return []<class T>(std::type_identity<arriving<T>>) {
      static_assert(json::detail::kind_of<T>() == json::detail::kind::structure,
                    "skein::arriving<T>: T is a plain struct, whose fields are the arguments");
      return arriving_argument<T>{};
    }(std::type_identity<std::tuple_element_t<0, arguments>>{});
  } else {
    static_assert(values::size == 1,
                  "name the parameters of this tool, skein::params{{\"city\", \"City name\"}, ...} "
                  "before the callable, or let it take one struct");
    static_assert(
        is_object_shaped<std::tuple_element_t<0, arguments>>,
        "name the parameter of this tool, skein::params{{\"city\", \"City name\"}} before "
        "the callable, or let it take a struct");
    return take_object<F>();
  }
}

}  // namespace skein::tool_detail
