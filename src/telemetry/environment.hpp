// The standard OTEL_* variables, read as the specification says
// (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables): empty is unset, times
// are milliseconds, bad values are reported by name and count as unset.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/telemetry/dialect.hpp>
#include <skein/telemetry/setup.hpp>

namespace skein::telemetry {

class environment {
 public:
  using lookup = std::function<const char*(const char* name)>;
  using report = std::function<void(const std::string& message)>;
  // By default the program's own, reporting to OpenTelemetry's log.
  environment();
  environment(lookup get, report warn) : get_(std::move(get)), warn_(std::move(warn)) {}

  [[nodiscard]] std::optional<std::string> text(const char* name) const;
  [[nodiscard]] bool is_true(const char* name) const;
  [[nodiscard]] std::optional<std::int64_t> integer(const char* name, std::int64_t least) const;
  // Of the first name that is set, among those given from the most to the least special.
  [[nodiscard]] std::optional<std::string> first_text(
      std::initializer_list<const char*> names) const;
  [[nodiscard]] std::vector<std::string> list(const char* name) const;
  // `key=value,key=value`, percent-decoded; a malformed list counts as unset as a whole.
  using pairs = std::vector<std::pair<std::string, std::string>>;
  [[nodiscard]] pairs key_values(const char* name) const;

  void warn(const char* name, std::string_view value, std::string_view consequence) const;
  void warn(const std::string& message) const { warn_(message); }

 private:
  lookup get_;
  report warn_;
};

[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

struct sampler_choice {
  enum class kind : std::uint8_t { always_on, always_off, ratio } root = kind::always_on;
  bool parent_based = true;
  double ratio = 1;
  friend bool operator==(const sampler_choice&, const sampler_choice&) = default;
};
[[nodiscard]] sampler_choice sampler_from(const environment& env);

[[nodiscard]] dialect dialect_from(const environment& env);

// One signal's settings win over those of all.
enum class otlp_signal : std::uint8_t { traces, metrics, logs };
[[nodiscard]] otlp_config otlp_from(const environment& env, const otlp_collector& options,
                                    otlp_signal signal = otlp_signal::traces);
[[nodiscard]] batch_options batch_from(const environment& env);      // OTEL_BSP_*
[[nodiscard]] batch_options log_batch_from(const environment& env);  // OTEL_BLRP_*
[[nodiscard]] metric_options metering_from(const environment& env);
// Of OTEL_TRACES_EXPORTER and the like, without what is not in `known`; empty if unset or `none`.
struct exporter_names {
  std::vector<std::string> names;
  enum class variable : std::uint8_t { unset, set } from = variable::unset;
};
[[nodiscard]] exporter_names exporters_from(const environment& env, const char* name,
                                            std::initializer_list<std::string_view> known);
// service.name, service.version and the rest, options over OTEL_SERVICE_NAME over
// OTEL_RESOURCE_ATTRIBUTES.
[[nodiscard]] json::object resource_from(const environment& env, const setup_options& options);
// Names of OTEL_PROPAGATORS that exist, without repeats; `none` empties the list.
[[nodiscard]] std::vector<std::string> propagators_from(const environment& env);

}  // namespace skein::telemetry
