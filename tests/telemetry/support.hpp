// What the telemetry tests share.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <opentelemetry/context/propagation/text_map_propagator.h>
#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/operation.hpp>
#include <skein/telemetry/semconv.hpp>
#include <skein/telemetry/tree.hpp>

namespace skein::test {

namespace semconv = telemetry::semconv;
using telemetry::span_record;

inline opentelemetry::nostd::string_view otel(std::string_view s) { return {s.data(), s.size()}; }

inline void make_a_span(const char* name = "op") {
  using telemetry::operation;
  operation(name, operation::kind::internal, {}, {}).end(telemetry::outcome::ok);
}

struct carrier final : opentelemetry::context::propagation::TextMapCarrier {
  opentelemetry::nostd::string_view Get(
      opentelemetry::nostd::string_view key) const noexcept override {
    auto at = values.find(std::string(key));
    return at != values.end() ? otel(at->second) : opentelemetry::nostd::string_view();
  }
  void Set(opentelemetry::nostd::string_view key,
           opentelemetry::nostd::string_view value) noexcept override {
    values[std::string(key)] = std::string(value);
  }
  std::map<std::string, std::string> values;
};

// Environment variables for the enclosing scope.
class with_environment {
 public:
  explicit with_environment(const std::map<std::string, std::string>& set) {
    for (const auto& [name, value] : set) {
      const char* old = std::getenv(name.c_str());
      old_.emplace_back(name, old != nullptr ? std::optional<std::string>(old) : std::nullopt);
      setenv(name.c_str(), value.c_str(), 1);
    }
  }
  with_environment(const with_environment&) = delete;
  with_environment& operator=(const with_environment&) = delete;
  ~with_environment() {
    for (const auto& [name, value] : old_) {
      if (value) {
        setenv(name.c_str(), value->c_str(), 1);
      } else {
        unsetenv(name.c_str());
      }
    }
  }

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> old_;
};

// Catches what OpenTelemetry logs, for the enclosing scope.
class caught_log {
 public:
  caught_log() : previous_(global::GetLogHandler()), catcher_(new catcher) {
    global::SetLogHandler(catcher_);
  }
  caught_log(const caught_log&) = delete;
  caught_log& operator=(const caught_log&) = delete;
  ~caught_log() { global::SetLogHandler(previous_); }
  [[nodiscard]] std::string text() const {
    auto& c = static_cast<catcher&>(*catcher_);
    std::lock_guard lock(c.mutex);
    return c.text;
  }

 private:
  using global = opentelemetry::sdk::common::internal_log::GlobalLogHandler;
  using handler = opentelemetry::sdk::common::internal_log::LogHandler;
  struct catcher final : handler {
    void Handle(opentelemetry::sdk::common::internal_log::LogLevel, const char*, int,
                const char* message,
                const opentelemetry::sdk::common::AttributeMap&) noexcept override {
      std::lock_guard lock(mutex);
      text += std::string(message) + '\n';
    }
    std::mutex mutex;
    std::string text;
  };
  opentelemetry::nostd::shared_ptr<handler> previous_;
  opentelemetry::nostd::shared_ptr<handler> catcher_;
};

// The only record with this name.
inline span_record named(std::span<const span_record> records, std::string_view name) {
  std::optional<span_record> found;
  for (const auto& r : records) {
    if (r.name != name) continue;
    if (found) throw std::runtime_error("two spans named " + std::string(name));
    found = r;
  }
  if (!found) throw std::runtime_error("no span named " + std::string(name));
  return *found;
}

// A span of a made-up trace: identifiers from small numbers, times in milliseconds.
struct made {
  unsigned id = 1;
  unsigned parent = 0;
  std::string name = "span";
  std::int64_t start = 0;
  std::int64_t end = 10;
  json::object attributes = {};
  telemetry::span_status status = telemetry::span_status::unset;
  unsigned trace = 1;
};
inline std::string digits(unsigned n, std::size_t width) {
  auto text = std::to_string(n);
  return std::string(width - text.size(), '0') + text;
}
inline span_record make(const made& m) {
  span_record r;
  r.trace_id = digits(m.trace, 32);
  r.span_id = digits(m.id, 16);
  if (m.parent != 0) r.parent_span_id = digits(m.parent, 16);
  r.name = m.name;
  r.start = m.start * 1'000'000;
  r.end = m.end * 1'000'000;
  r.attributes = m.attributes;
  r.status = m.status;
  return r;
}
inline std::vector<span_record> make_all(const std::vector<made>& all) {
  std::vector<span_record> out;
  for (const auto& m : all) out.push_back(make(m));
  return out;
}

inline json::object agent_attributes(int in = 0, int out = 0) {
  json::object a{{"gen_ai.operation.name", "invoke_agent"}};
  if (in != 0) a["gen_ai.usage.input_tokens"] = in;
  if (out != 0) a["gen_ai.usage.output_tokens"] = out;
  return a;
}
inline json::object chat_attributes(int in = 0, int out = 0) {
  auto a = agent_attributes(in, out);
  a["gen_ai.operation.name"] = "chat";
  a["gen_ai.provider.name"] = "openai";
  return a;
}
inline json::object tool_attributes() {
  return {{"gen_ai.operation.name", "execute_tool"}, {"gen_ai.tool.name", "get_weather"}};
}

}  // namespace skein::test
