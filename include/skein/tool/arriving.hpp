// The arguments of a call that a model is still writing, for a tool that begins before they are
// whole.
//
//   skein::task<std::string> book(skein::arriving<trip> call) {
//     auto city = co_await call.field(&trip::city);  // the model writes the rest meanwhile
//     auto rooms = co_await rooms_in(city);          // may be for nothing: changes nothing
//     trip all = co_await call.whole();              // now it is a call
//     co_return co_await reserve(rooms, all.nights);
//   }
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <skein/async/channel.hpp>
#include <skein/async/task.hpp>
#include <skein/core/error.hpp>
#include <skein/json/detail/partial.hpp>
#include <skein/json/incremental.hpp>
#include <skein/json/partial.hpp>
#include <skein/json/reflect.hpp>

namespace skein {

// What a model wrote is not what a tool takes. The tool's result says so when it lets this pass.
class arguments_error : public error {
 public:
  using error::error;
  explicit arguments_error(const json::mismatch& found)
      : error(found.path + ": " + found.message) {}
  [[nodiscard]] std::string type() const override { return "invalid_arguments"; }
};

// Between who receives the model's answer and the tool, each on a thread of its own. What was
// written and not read yet waits here: no more than the call's own text.
class arguments_pipe {
 public:
  // The receiver's side: pieces as they come; closed when the call is whole.
  void write(std::string_view piece);
  void close() { pieces_.close(); }

  // The tool's side. False when the call is whole and all of it is read. Throws arguments_error for
  // what is no JSON object.
  task<bool> more();
  [[nodiscard]] const json::incremental& text() const noexcept { return text_; }
  // Once more() gave false, or the text is complete: the object, {} where nothing was written.
  [[nodiscard]] json::value take_object() const;

 private:
  void check() const;
  channel<std::string> pieces_{static_cast<std::size_t>(-1)};
  json::incremental text_;
  bool blank_ = true;  // so far
};

namespace tool_detail {

// Of what was read. A reading hook of the user's may throw.
template <class T>
[[nodiscard]] T read_argument(const json::value& in, std::string_view place) {
  try {
    auto read = json::from_json<T>(in);
    if (read) return *std::move(read);
    auto found = std::move(read).error();
    found.path.replace(0, 1, place);  // its root
    throw arguments_error(found);
  } catch (const schema_error& e) {
    throw arguments_error(e.what());
  }
}

}  // namespace tool_detail

// A tool that takes one, alone or beside a tool_context&, has the schema of T, a plain struct, and
// its agent begins it as soon as the model has named it, while the answer arrives. Its span begins
// then; it is stopped, as by a cancelled run, when the answer is cut, fails or begins anew. Until
// whole() has given, what it does may be for nothing. Where layers are around the agent's tools,
// which judge whole calls, and in tool::call, it begins when the call is whole.
//
// Move-only, one wait at a time. Cancellation points all.
template <class T>
class arriving {
 public:
  explicit arriving(std::shared_ptr<arguments_pipe> from) noexcept : pipe_(std::move(from)) {}
  arriving(arriving&&) noexcept = default;
  arriving& operator=(arriving&&) noexcept = default;

  // Waits until the model has written this field, or the object without it. Throws
  // arguments_error when it does not fit, or is missing and may not be.
  template <class Struct, class Field>
    requires std::same_as<Struct, T>
  [[nodiscard]] task<Field> field(Field Struct::* which) {
    return written(pipe_, which);
  }
  // Waits until the model's answer is whole, and with it the call. Throws arguments_error when it
  // does not fit.
  [[nodiscard]] task<T> whole() { return all_written(pipe_); }

  // What is there so far; valid until the next wait.
  [[nodiscard]] json::partial<T> partial() const { return json::partial<T>(pipe_->text()); }
  // Waits for more of it. False when the call is whole.
  [[nodiscard]] task<bool> more() { return pipe_->more(); }

 private:
  using pipe = std::shared_ptr<arguments_pipe>;
  template <class Field>
  static task<Field> written(pipe from, Field T::* which) {
    bool open = true;
    while (true) {
      const auto so_far = json::partial<T>(from->text())[which];
      if (so_far.complete()) {
        const std::string place("$." + std::string(json::detail::name_of_field(which)));
        co_return tool_detail::read_argument<Field>(*so_far.json(), place);
      }
      if (!open || from->text().complete()) break;
      open = co_await from->more();
    }
    co_return std::move(tool_detail::read_argument<T>(from->take_object(), "$").*which);
  }
  static task<T> all_written(pipe from) {
    while (co_await from->more()) {}
    co_return tool_detail::read_argument<T>(from->take_object(), "$");
  }

  pipe pipe_;
};

}  // namespace skein
