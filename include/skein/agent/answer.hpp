// What a run must answer with, when it is not text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <skein/chat/request.hpp>
#include <skein/chat/update.hpp>
#include <skein/json/incremental.hpp>
#include <skein/json/mismatch.hpp>
#include <skein/json/reflect.hpp>
#include <skein/json/schema.hpp>
#include <skein/json/value.hpp>

namespace skein {

// How the model is made to answer with a T. `native`: by response_format; what a model writes
// around the object is passed over. `tool`: by a tool of the name `final_answer`, whose arguments
// are the T; every request then requires a call (tool_choice).
enum class answer_mode : std::uint8_t { native, tool };

struct answer_options {
  // Unset: native where the client takes schemas (client_info::schemas), beside the run's tools if
  // it has any; else by tool.
  std::optional<answer_mode> mode = {};
  // How often the model is asked again after an answer that does not fit, told where and why. An
  // answer that was cut at the token limit or filtered is not asked for again.
  std::size_t retries = 2;
};

namespace detail {

// The answer of one run, as it arrives.
class wanted_answer {
 public:
  static constexpr std::string_view name = "final_answer";

  wanted_answer(json::value schema, std::string_view description)
      : schema_(std::move(schema)), description_(description) {}
  wanted_answer(const wanted_answer&) = delete;
  wanted_answer& operator=(const wanted_answer&) = delete;
  virtual ~wanted_answer() = default;

  void want(answer_mode mode, std::size_t retries) {
    mode_ = mode;
    retries_ = retries;
  }
  [[nodiscard]] answer_mode mode() const noexcept { return mode_; }
  [[nodiscard]] json_schema_format format() const;
  [[nodiscard]] tool_definition definition() const;

  // The model is asked; what it says.
  void begin();
  void watch(const chat_update& update);
  // It has said all. A mismatch, or nothing: then the answer is kept.
  [[nodiscard]] std::optional<json::mismatch> judge();
  // Of a call of the tool: what is wrong with it. May run beside other tools.
  [[nodiscard]] std::optional<json::mismatch> judge(const tool_call_part& call);
  // The mismatch that was found since begin(), if any. Throws schema_error when it was the last.
  [[nodiscard]] std::optional<json::mismatch> rejection(finish_reason finish);

  [[nodiscard]] bool given() const noexcept { return given_; }
  [[nodiscard]] const json::incremental& arriving() const noexcept { return arriving_; }

 private:
  virtual json::read_outcome keep(const json::value& whole) = 0;

  json::value schema_;
  std::string description_;
  answer_mode mode_ = answer_mode::native;
  std::size_t retries_ = 0;
  json::incremental arriving_;
  std::optional<std::uint32_t> call_;  // of this answer of the model
  std::string call_id_;
  std::optional<json::mismatch> wrong_;
  std::size_t rejected_ = 0;
  bool given_ = false;
};

template <class T>
class answer_of final : public wanted_answer {
  static_assert(json::detail::kind_of<T>() == json::detail::kind::structure,
                "the answer of a run is a plain struct: put other types into a field of one");

 public:
  answer_of() : wanted_answer(json::schema_of<T>(), description()) {}
  std::optional<T> value = {};

 private:
  static constexpr std::string_view description() {
    if constexpr (json::detail::has_description<T>) return T::description;
    return "Gives the final answer";
  }
  json::read_outcome keep(const json::value& whole) override {
    auto read = json::from_json<T>(whole);
    if (!read) return std::unexpected(std::move(read).error());
    value = *std::move(read);
    return {};
  }
};

}  // namespace detail

}  // namespace skein
