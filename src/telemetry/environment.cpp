#include "telemetry/environment.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <format>
#include <limits>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/json/text.hpp>

#include "core/ascii.hpp"

namespace skein::telemetry {

namespace {

template <class Number>
std::optional<Number> parsed(std::string_view s) {
  Number n{};
  auto [stop, ec] = std::from_chars(s.data(), s.data() + s.size(), n);
  if (ec != std::errc{} || stop != s.data() + s.size()) return std::nullopt;
  return n;
}

std::vector<std::string_view> split(std::string_view s, char by) {
  std::vector<std::string_view> out;
  while (true) {
    auto at = s.find(by);
    out.push_back(s.substr(0, at));
    if (at == std::string_view::npos) return out;
    s.remove_prefix(at + 1);
  }
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned char byte = 0;
    const char* at = text.data() + i + 1;
    if (text.size() - i < 3) return std::nullopt;
    auto [stop, ec] = std::from_chars(at, at + 2, byte, 16);
    if (ec != std::errc{} || stop != at + 2) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

environment::environment()
    : get_([](const char* name) -> const char* { return std::getenv(name); }),
      warn_([](const std::string& m) { OTEL_INTERNAL_LOG_WARN("[Skein] " << m); }) {}

std::optional<std::string> environment::text(const char* name) const {
  const char* set = get_(name);
  if (set == nullptr) return std::nullopt;
  auto value = detail::trimmed(set);
  if (value.empty()) return std::nullopt;
  return std::string(value);
}

void environment::warn(const char* name, std::string_view value,
                       std::string_view consequence) const {
  warn_(std::format("{}={}: {}", name, value, consequence));
}

bool environment::is_true(const char* name) const {
  auto value = text(name);
  if (!value) return false;
  if (detail::lower(*value) == "true") return true;
  if (detail::lower(*value) != "false")
    warn(name, *value, "is neither true nor false; taken as false");
  return false;
}

std::optional<std::int64_t> environment::integer(const char* name, std::int64_t least) const {
  auto value = text(name);
  if (!value) return std::nullopt;
  auto n = parsed<std::int64_t>(*value);
  // Above this a time would not fit its clock's ticks.
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  if (n && *n >= least && *n <= most) return n;
  warn(name, *value, std::format("is not a whole number from {} to {}; ignored", least, most));
  return std::nullopt;
}

std::optional<std::string> environment::first_text(std::initializer_list<const char*> names) const {
  for (const auto* name : names) {
    if (auto value = text(name)) return value;
  }
  return std::nullopt;
}

std::vector<std::string> environment::list(const char* name) const {
  std::vector<std::string> out;
  auto value = text(name);
  if (!value) return out;
  for (auto part : split(*value, ',')) {
    auto entry = detail::lower(detail::trimmed(part));
    if (!entry.empty() && std::ranges::find(out, entry) == out.end()) {
      out.push_back(std::move(entry));
    }
  }
  return out;
}

environment::pairs environment::key_values(const char* name) const {
  pairs out;
  auto value = text(name);
  if (!value) return out;
  for (auto part : split(*value, ',')) {
    part = detail::trimmed(part);
    if (part.empty()) continue;
    auto equals = part.find('=');
    auto key = percent_decoded(detail::trimmed(part.substr(0, equals)));
    auto decoded = equals == std::string_view::npos
                       ? std::nullopt
                       : percent_decoded(detail::trimmed(part.substr(equals + 1)));
    if (!key || key->empty() || !decoded) {
      // The value may hold a secret: only its size is told.
      warn(name, std::format("({} bytes)", value->size()),
           std::format("entry {} is not key=value with percent-encoding; all of it is ignored",
                       out.size() + 1));
      return {};
    }
    out.emplace_back(*std::move(key), *std::move(decoded));
  }
  return out;
}

sampler_choice sampler_from(const environment& env) {
  using enum sampler_choice::kind;
  static constexpr std::array known{
      std::pair{"always_on", sampler_choice{always_on, false, 1}},
      std::pair{"always_off", sampler_choice{always_off, false, 1}},
      std::pair{"traceidratio", sampler_choice{ratio, false, 1}},
      std::pair{"parentbased_always_on", sampler_choice{always_on, true, 1}},
      std::pair{"parentbased_always_off", sampler_choice{always_off, true, 1}},
      std::pair{"parentbased_traceidratio", sampler_choice{ratio, true, 1}},
  };
  sampler_choice chosen;
  auto name = env.text("OTEL_TRACES_SAMPLER");
  if (!name) return chosen;
  auto found = std::ranges::find(known, detail::lower(*name),
                                 [](const auto& k) { return std::string(k.first); });
  if (found == known.end()) {
    env.warn("OTEL_TRACES_SAMPLER", *name, "is not a sampler Skein knows; parentbased_always_on");
    return chosen;
  }
  chosen = found->second;
  if (chosen.root != ratio) return chosen;
  if (auto arg = env.text("OTEL_TRACES_SAMPLER_ARG")) {
    auto r = parsed<double>(*arg);
    if (r && *r >= 0 && *r <= 1) {
      chosen.ratio = *r;
    } else {
      env.warn("OTEL_TRACES_SAMPLER_ARG", *arg, "is not a number from 0 to 1; 1 is used");
    }
  }
  return chosen;
}

namespace {

// The variables of OTLP for one signal, from the most to the least special.
struct otlp_names {
  explicit otlp_names(otlp_signal s)
      : signal(s == otlp_signal::traces    ? "TRACES"
               : s == otlp_signal::metrics ? "METRICS"
                                           : "LOGS") {}
  const char* signal;
  [[nodiscard]] std::array<std::string, 2> of(const char* what) const {
    return {std::format("OTEL_EXPORTER_OTLP_{}_{}", signal, what),
            std::format("OTEL_EXPORTER_OTLP_{}", what)};
  }
  [[nodiscard]] std::string path() const { return "/v1/" + detail::lower(signal); }
};

otlp_protocol protocol_from(const environment& env, const otlp_names& names) {
  for (const auto& variable : names.of("PROTOCOL")) {
    const char* name = variable.c_str();
    auto value = env.text(name);
    if (!value) continue;
    auto p = detail::lower(*value);
    if (p == "http/protobuf") return otlp_protocol::http_protobuf;
    if (p == "http/json") return otlp_protocol::http_json;
    if (p == "grpc") return otlp_protocol::grpc;
    env.warn(name, *value, "is none of http/protobuf, http/json and grpc; ignored");
  }
  return otlp_protocol::http_protobuf;
}

std::string with_path(std::string base, const std::string& path) {
  while (base.ends_with('/')) base.pop_back();
  return base + path;
}

// The specification: as it is, with the root path if it has none.
std::string with_some_path(std::string url) {
  auto host = url.find("://");
  host = host == std::string::npos ? 0 : host + 3;
  if (url.find('/', host) == std::string::npos) url += '/';
  return url;
}

bool is_url(std::string_view url, otlp_protocol protocol) {
  auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return protocol == otlp_protocol::grpc;
  auto s = detail::lower(url.substr(0, scheme));
  return (s == "http" || s == "https") && url.size() > scheme + 3 && url[scheme + 3] != '/';
}

std::string url_from(const environment& env, const otlp_collector& options, otlp_protocol protocol,
                     const otlp_names& names) {
  bool grpc = protocol == otlp_protocol::grpc;
  auto base = [&](std::string url) { return grpc ? url : with_path(std::move(url), names.path()); };
  if (options.endpoint) return base(*options.endpoint);
  const auto variables = names.of("ENDPOINT");
  for (const auto& variable : variables) {
    const char* name = variable.c_str();
    auto url = env.text(name);
    if (!url) continue;
    if (!is_url(*url, protocol)) {
      env.warn(name, *url, "is not an http:// or https:// address; ignored");
      continue;
    }
    bool special = &variable == variables.data();
    return !special ? base(*url) : grpc ? *url : with_some_path(*url);
  }
  return base(grpc ? "http://localhost:4317" : "http://localhost:4318");
}

void add_headers(environment::pairs& to, const environment::pairs& from) {
  for (const auto& [key, value] : from) {
    auto same = [&](const auto& h) { return detail::lower(h.first) == detail::lower(key); };
    std::erase_if(to, same);
    to.emplace_back(key, value);
  }
}

std::chrono::milliseconds timeout_from(const environment& env, const otlp_names& names,
                                       std::chrono::milliseconds otherwise) {
  for (const auto& variable : names.of("TIMEOUT")) {
    if (auto ms = env.integer(variable.c_str(), 0)) {
      // Zero is without limit.
      return *ms == 0 ? std::chrono::milliseconds::max() : std::chrono::milliseconds(*ms);
    }
  }
  return otherwise;
}

}  // namespace

otlp_config otlp_from(const environment& env, const otlp_collector& options, otlp_signal signal) {
  const otlp_names names(signal);
  otlp_config c;
  c.protocol = options.protocol ? *options.protocol : protocol_from(env, names);
  c.url = url_from(env, options, c.protocol, names);
  const auto headers = names.of("HEADERS");
  add_headers(c.headers, env.key_values(headers[1].c_str()));
  add_headers(c.headers, env.key_values(headers[0].c_str()));
  add_headers(c.headers, options.headers);
  c.timeout = options.timeout ? *options.timeout : timeout_from(env, names, c.timeout);
  for (const auto& variable : names.of("COMPRESSION")) {
    const char* name = variable.c_str();
    auto value = env.text(name);
    if (!value) continue;
    if (*value == "gzip") c.compressed = otlp_config::compression::gzip;
    if (*value == "gzip" || *value == "none") break;
    env.warn(name, *value, "is neither gzip nor none; ignored");
  }
  for (const auto& variable : names.of("INSECURE")) {
    if (!env.text(variable.c_str())) continue;
    if (env.is_true(variable.c_str())) c.transport = otlp_config::security::plain;
    break;
  }
  auto file = [&](const char* what) {
    const auto both = names.of(what);
    return env.first_text({both[0].c_str(), both[1].c_str()}).value_or("");
  };
  c.certificate_file = file("CERTIFICATE");
  c.client_key_file = file("CLIENT_KEY");
  c.client_certificate_file = file("CLIENT_CERTIFICATE");
  constexpr auto* sums = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
  if (signal == otlp_signal::metrics) {
    if (auto value = env.text(sums)) {
      auto which = detail::lower(*value);
      if (which == "delta") {
        c.sums = otlp_config::temporality::delta;
      } else if (which == "lowmemory") {
        c.sums = otlp_config::temporality::low_memory;
      } else if (which != "cumulative") {
        env.warn(sums, *value, "is none of cumulative, delta and lowmemory; cumulative");
      }
    }
  }
  return c;
}

namespace {

batch_options batch_of(const environment& env, const std::string& prefix, batch_options b) {
  auto take = [&](const char* what, std::int64_t least, auto& into) {
    using value = std::remove_reference_t<decltype(into)>;
    if (auto n = env.integer((prefix + what).c_str(), least)) into = value(*n);
  };
  take("SCHEDULE_DELAY", 0, b.schedule_delay);
  take("EXPORT_TIMEOUT", 1, b.export_timeout);
  take("MAX_QUEUE_SIZE", 1, b.max_queue_size);
  take("MAX_EXPORT_BATCH_SIZE", 1, b.max_batch_size);
  if (b.max_batch_size > b.max_queue_size) {
    auto name = prefix + "MAX_EXPORT_BATCH_SIZE";
    if (env.text(name.c_str())) {
      env.warn(name.c_str(), std::to_string(b.max_batch_size),
               std::format("is more than the queue holds; {} is used", b.max_queue_size));
    }
    b.max_batch_size = b.max_queue_size;
  }
  return b;
}

}  // namespace

batch_options batch_from(const environment& env) { return batch_of(env, "OTEL_BSP_", {}); }

batch_options log_batch_from(const environment& env) {
  return batch_of(env, "OTEL_BLRP_", {.schedule_delay = std::chrono::milliseconds(1000)});
}

metric_options metering_from(const environment& env) {
  metric_options m;
  if (auto n = env.integer("OTEL_METRIC_EXPORT_INTERVAL", 1)) {
    m.interval = std::chrono::milliseconds(*n);
  }
  if (auto n = env.integer("OTEL_METRIC_EXPORT_TIMEOUT", 0)) {
    // Zero is without limit.
    m.export_timeout = *n == 0 ? std::chrono::milliseconds::max() : std::chrono::milliseconds(*n);
  }
  return m;
}

exporter_names exporters_from(const environment& env, const char* name,
                              std::initializer_list<std::string_view> known) {
  exporter_names found{.names = env.list(name)};
  if (!found.names.empty()) found.from = exporter_names::variable::set;
  if (std::ranges::find(found.names, "none") != found.names.end()) found.names.clear();
  std::erase_if(found.names, [&](const std::string& n) {
    if (std::ranges::find(known, n) != known.end()) return false;
    std::string all;
    for (auto k : known) all += (all.empty() ? "" : ", ") + std::string(k);
    env.warn(name, n, std::format("is none of {} and none; left out", all));
    return true;
  });
  return found;
}

json::object resource_from(const environment& env, const setup_options& options) {
  json::object out;
  for (const auto& [key, value] : env.key_values("OTEL_RESOURCE_ATTRIBUTES")) {
    out[key] = json::valid_utf8(value);
  }
  if (auto name = env.text("OTEL_SERVICE_NAME")) out["service.name"] = *name;
  for (const auto& a : options.resource) out[a.key()] = a.value();
  if (options.service_name) out["service.name"] = *options.service_name;
  if (options.service_version) out["service.version"] = *options.service_version;
  if (!out.contains("service.name")) out["service.name"] = "unknown_service";
  return out;
}

std::vector<std::string> propagators_from(const environment& env) {
  auto names = env.list("OTEL_PROPAGATORS");
  if (names.empty()) return {"tracecontext", "baggage"};
  static constexpr std::array known{"tracecontext", "baggage", "b3", "b3multi", "jaeger"};
  if (std::ranges::find(names, "none") != names.end()) return {};
  std::erase_if(names, [&](const std::string& n) {
    bool unknown = std::ranges::find(known, n) == known.end();
    if (unknown) env.warn("OTEL_PROPAGATORS", n, "is not a propagator Skein knows; left out");
    return unknown;
  });
  return names;
}

}  // namespace skein::telemetry
