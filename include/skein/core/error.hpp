// The one hierarchy of errors. Exceptions cross coroutine boundaries; parsers and machines use
// std::expected inside. Every what() says what happened, where, and what to do about it.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace skein {

// Base of everything Skein throws for a failure. Cancellation is not one: see `cancelled`.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  // A low-cardinality name, the value of `error.type` on spans and metrics. Never content.
  [[nodiscard]] virtual std::string type() const { return "error"; }
};

// A value does not fit its type or schema. `path` is a JSON path such as `$.days`.
class schema_error : public error {
 public:
  schema_error(std::string path, const std::string& message)
      : error(path + ": " + message), path_(std::move(path)) {}
  [[nodiscard]] std::string type() const override { return "schema_error"; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// A peer broke its protocol: malformed frames, a stream cut before its terminal event, a limit
// passed.
class protocol_error : public error {
 public:
  explicit protocol_error(const std::string& message, std::string code = "protocol_error")
      : error(message), code_(std::move(code)) {}
  // The code: `stream_cut`, `malformed`, `limit_exceeded`, ...
  [[nodiscard]] std::string type() const override { return code_; }

 private:
  std::string code_;
};

// No answer: name resolution, connection, TLS, or a timeout.
class transport_error : public error {
 public:
  explicit transport_error(const std::string& message, std::string code = "transport_error")
      : error(message), code_(std::move(code)) {}
  // The code: `timeout`, `timeout_connect`, `connect_failed`, `tls_failed`, `connection_closed`; of
  // a layer (chat/timeouts.hpp) `timeout_first_content`, `timeout_between_chunks`, `timeout_step`.
  [[nodiscard]] std::string type() const override { return code_; }

 private:
  std::string code_;
};

struct provider_failure {
  int status = 0;         // HTTP status, 0 if the error came in a stream
  std::string code = {};  // the provider's own code, e.g. rate_limit_exceeded
  std::optional<std::chrono::milliseconds> retry_after = {};
  std::string body = {};  // as received, within the client's limit
  // What the provider calls the request, of its headers or its body: what its support asks for.
  std::string request_id = {};
};

// A model provider answered with an error.
class provider_error : public error {
 public:
  provider_error(const std::string& message, provider_failure failure)
      : error(message), failure_(std::move(failure)) {}
  // The HTTP status if there is one, else the provider's code.
  [[nodiscard]] std::string type() const override {
    if (failure_.status != 0) return std::to_string(failure_.status);
    return failure_.code.empty() ? "provider_error" : failure_.code;
  }
  [[nodiscard]] int status() const noexcept { return failure_.status; }
  [[nodiscard]] const std::string& code() const noexcept { return failure_.code; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_after() const noexcept {
    return failure_.retry_after;
  }
  [[nodiscard]] const std::string& body() const noexcept { return failure_.body; }
  [[nodiscard]] const std::string& request_id() const noexcept { return failure_.request_id; }

 private:
  provider_failure failure_;
};

// A tool could not do its work. Thrown by tools whose message is meant for the model to read.
class tool_error : public error {
 public:
  using error::error;
  [[nodiscard]] std::string type() const override { return "tool_error"; }
};

// Skein was used against its contract in a way only a run can show.
class usage_error : public error {
 public:
  using error::error;
  [[nodiscard]] std::string type() const override { return "usage_error"; }
};

enum class cancel_reason : unsigned char { cancelled, deadline };

// An outcome, not an error: somebody stopped the run, or its deadline passed. Deliberately not
// derived from skein::error, so that a handler for failures does not swallow it.
class cancelled : public std::exception {
 public:
  explicit cancelled(cancel_reason reason = cancel_reason::cancelled) noexcept : reason_(reason) {}
  [[nodiscard]] const char* what() const noexcept override {
    return reason_ == cancel_reason::deadline ? "deadline passed" : "cancelled";
  }
  [[nodiscard]] cancel_reason reason() const noexcept { return reason_; }

 private:
  cancel_reason reason_;
};

}  // namespace skein
