// The one way in which every form of tool runs.
#pragma once

#include <concepts>
#include <exception>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <skein/async/stream.hpp>
#include <skein/json/mismatch.hpp>
#include <skein/json/reflect.hpp>
#include <skein/json/text.hpp>
#include <skein/tool/arriving.hpp>
#include <skein/tool/detail/callable.hpp>
#include <skein/tool/result.hpp>

namespace skein::tool_detail {

using run_function = std::move_only_function<stream<tool_event>(tool_context)>;
using bind_function = std::move_only_function<std::expected<run_function, json::mismatch>(
    const json::value& arguments) const>;
using begin_function =
    std::move_only_function<run_function(std::shared_ptr<arguments_pipe> arguments) const>;

// The result for a tool that threw. Rethrows `cancelled` if the run here was stopped.
[[nodiscard]] tool_result failed_with(const std::exception_ptr& failure);

// Text as it is, anything else as JSON.
template <class T>
[[nodiscard]] std::string result_text(const T& value) {
  if constexpr (std::convertible_to<const T&, std::string_view>) {
    return json::valid_utf8(std::string_view(value));
  } else {
    return json::write_text(json::to_json(value));
  }
}

// The frame owns what the tool works with, so that the tool may be a coroutine that refers to it:
// the function with its captures, the arguments, the context.
template <class F>
stream<tool_event> run(std::shared_ptr<const F> function, typename callable<F>::arguments arguments,
                       tool_context ctx) {
  using returned = std::remove_cvref_t<typename callable<F>::result>;
  tool_result result;
  try {
    if constexpr (is_stream<returned>) {
      auto values = call_function(*function, arguments, ctx);
      tool_event progress;
      while (auto* value = co_await values.next()) {
        result.content = result_text(*value);
        progress.template emplace<tool_progress>(result.content);
        co_yield progress;
      }
    } else if constexpr (is_task<returned>) {
      auto work = call_function(*function, arguments, ctx);
      if constexpr (std::is_void_v<typename returned::value_type>) {
        co_await std::move(work);
      } else {
        auto&& value = co_await std::move(work);
        result.content = result_text(value);
      }
    } else if constexpr (std::is_void_v<returned>) {
      call_function(*function, arguments, ctx);
    } else {
      result.content = result_text(call_function(*function, arguments, ctx));
    }
  } catch (...) {
    result = failed_with(std::current_exception());
  }
  tool_event last(std::move(result));
  co_yield last;
}

template <class F>
[[nodiscard]] run_function make_run(std::shared_ptr<const F> function,
                                    typename callable<F>::arguments arguments) {
  return
      [function = std::move(function), arguments = std::move(arguments)](tool_context ctx) mutable {
        return run<F>(std::move(function), std::move(arguments), std::move(ctx));
      };
}

template <class F, class Arguments>
[[nodiscard]] bind_function make_bind(std::shared_ptr<const F> function, Arguments shape) {
  return [function = std::move(function), shape = std::move(shape)](
             const json::value& in) -> std::expected<run_function, json::mismatch> {
    auto arguments = shape.read(in);
    if (!arguments) return std::unexpected(std::move(arguments).error());
    return make_run<F>(function, *std::move(arguments));
  };
}

// Empty unless the function takes its arguments as they arrive.
template <class F, class Arguments>
[[nodiscard]] begin_function make_begin(std::shared_ptr<const F> function, const Arguments&) {
  if constexpr (requires { Arguments::arriving_from(std::shared_ptr<arguments_pipe>()); }) {
    return [function = std::move(function)](std::shared_ptr<arguments_pipe> from) {
      return make_run<F>(function, Arguments::arriving_from(std::move(from)));
    };
  } else {
    return {};
  }
}

}  // namespace skein::tool_detail
