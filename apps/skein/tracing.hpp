// Where the spans of `run` and `chat` go.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/setup.hpp>

#include "export_log.hpp"

namespace skein::cli {

// A name for the program in its spans, unless the environment has one.
[[nodiscard]] std::optional<std::string> service_name();

// The store that `where` names, store or store:FILE; nothing if it names none.
[[nodiscard]] std::optional<std::string> named_store(std::string_view where);

// By --trace if it is given, else by the OTEL_* variables if they name an exporter or a collector,
// else nowhere. Lives around everything that makes spans; its end sends what is waiting and says if
// some could not be sent.
class tracing {
 public:
  // `where`: empty, tree, json, store, store:FILE or a file. Throws usage_error for a file that
  // cannot be opened.
  explicit tracing(const std::string& where);
  tracing(const tracing&) = delete;
  tracing& operator=(const tracing&) = delete;
  ~tracing();

  // After an answer: prints its spans to standard error, if that was asked for.
  void report();

 private:
  enum class form : unsigned char { none, tree, json };
  form printed_ = form::none;
  telemetry::span_ledger ledger_;
  export_log log_;
  std::optional<telemetry::pipeline> pipeline_;
};

}  // namespace skein::cli
