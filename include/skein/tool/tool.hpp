// Tools: plain C++ functions that a model may ask to have called. docs/tools.md is the guide.
//
//   skein::tool("get_forecast", "Weather forecast for a city", get_forecast)
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <skein/async/stream.hpp>
#include <skein/async/task.hpp>
#include <skein/chat/request.hpp>
#include <skein/json/value.hpp>
#include <skein/tool/context.hpp>
#include <skein/tool/detail/arguments.hpp>
#include <skein/tool/detail/run.hpp>
#include <skein/tool/params.hpp>
#include <skein/tool/result.hpp>

namespace skein {

// A call whose arguments were read and fit: what is left is to run it. Owns all that it needs and
// may outlive the tool it came from.
class bound_call {
 public:
  // Once. The tool runs as the stream is pulled, in the context of this call and under the
  // cancellation of whoever pulls. A tool's own failure is in the result; what is thrown is
  // `cancelled`, when the run was stopped. Dropping the stream destroys the tool's frame where it
  // stands, in its own context.
  [[nodiscard]] stream<tool_event> run(tool_context ctx) &&;

 private:
  friend class tool;
  bound_call(std::string name, tool_detail::run_function run) noexcept
      : name_(std::move(name)), run_(std::move(run)) {}
  std::string name_;
  tool_detail::run_function run_;
};

// A name, a description, the JSON Schema of the arguments, and what runs. A value: copies share the
// one callable, which never changes, so any number of threads and runs may call it at once.
//
// Names match [A-Za-z0-9_-]{1,64}, the providers' common ground; else usage_error.
//
// The callable is a function, a function pointer or a lambda (const, not overloaded). It may take a
// tool_context&, first or last. It gives
//   a value            strings are the result as they are, anything else as JSON (json::to_json)
//   void               an empty result
//   task<T>            the same, later
//   stream<T>          progress: every value is passed on at once, and the last one is the result
class tool {
 public:
  // A callable that takes nothing, or one struct whose fields are the arguments, or an arriving<T>
  // of one.
  template <class F>
  tool(std::string name, std::string description, F callable)
      : tool(make_body(std::move(name), std::move(description), std::move(callable),
                       tool_detail::unnamed_arguments<F>())) {}

  // A callable whose parameters are the arguments. A std::optional one may be absent. It does not
  // compile unless there are as many names as parameters.
  template <class F>
  tool(std::string name, std::string description,
       tool_detail::params_for<std::type_identity_t<F>> parameters, F callable)
      : tool(make_body(
            std::move(name), std::move(description), std::move(callable),
            tool_detail::name_arguments(typename tool_detail::callable<F>::values{}, parameters))) {
  }

  // A callable that takes one json::object (or json::value, or struct) with a schema known only
  // when the program runs, such as a remote tool's. Throws usage_error unless it is that of an
  // object.
  template <class F>
  tool(std::string name, std::string description, json::value schema, F callable)
      : tool(body{{std::move(name), std::move(description), std::move(schema)},
                  tool_detail::make_bind(std::make_shared<const F>(std::move(callable)),
                                         tool_detail::take_object<F>()),
                  {}}) {}

  [[nodiscard]] const std::string& name() const noexcept { return body_->definition.name; }
  [[nodiscard]] const std::string& description() const noexcept {
    return body_->definition.description;
  }
  // What a model is told. Lives as long as any copy of the tool.
  [[nodiscard]] const tool_definition& definition() const noexcept { return body_->definition; }
  // Nothing to run here: a call of it goes back to the caller of the agent.
  [[nodiscard]] bool declared_only() const noexcept { return !body_->bind; }

  // Reads the arguments as a model wrote them. Runs nothing of the tool, so that arguments which do
  // not fit (`invalid_arguments`) leave no trace of a call. Empty, blank and `null` are {}. Throws
  // usage_error when the tool is only declared.
  [[nodiscard]] std::expected<bound_call, tool_failure> bind(std::string_view arguments) const;

  // Whether it takes an arriving<T>, so that a call may begin while its arguments arrive.
  [[nodiscard]] bool begins_early() const noexcept { return static_cast<bool>(body_->begin); }
  // Such a call, to be run as one that bind() gave. usage_error unless it begins early.
  [[nodiscard]] bound_call begin(std::shared_ptr<arguments_pipe> arguments) const;

  // Both steps, without progress.
  [[nodiscard]] task<tool_result> call(std::string arguments, tool_context ctx = {}) const;

 private:
  friend tool tool_declared(std::string name, std::string description, json::value schema);

  struct body {
    tool_definition definition;
    tool_detail::bind_function bind;
    tool_detail::begin_function begin;
  };
  explicit tool(body made);
  template <class F, class Arguments>
  static body make_body(std::string name, std::string description, F callable, Arguments shape) {
    auto shared = std::make_shared<const F>(std::move(callable));
    return {{std::move(name), std::move(description), shape.schema()},
            tool_detail::make_bind(shared, shape),
            tool_detail::make_begin(shared, shape)};
  }

  std::shared_ptr<const body> body_;
};

// A tool that somebody else runs: the model may ask for it, and the agent hands its call back to
// the caller. `schema` describes the arguments, an object. Throws as tool's constructors do.
[[nodiscard]] tool tool_declared(std::string name, std::string description, json::value schema);

}  // namespace skein
