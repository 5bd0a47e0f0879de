#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <string_view>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/telemetry/dialect.hpp>

#include "telemetry/environment.hpp"

namespace skein::telemetry {

namespace {

// Areas of other instrumentations, which share the variable.
bool is_of_others(std::string_view entry) {
  static constexpr std::array areas{"http", "database", "messaging", "rpc",
                                    "code", "k8s",      "faas",      "graphql"};
  auto area = entry.substr(0, entry.find('/'));
  return std::ranges::find(areas, area) != areas.end();
}

}  // namespace

dialect dialect_from(const environment& env) {
  dialect d;
  constexpr auto* names_variable = "OTEL_SEMCONV_STABILITY_OPT_IN";
  for (const auto& entry : env.list(names_variable)) {
    if (entry == "gen_ai_latest_experimental") {
      // Beside another entry it takes nothing away.
    } else if (entry == "gen_ai/1.41") {
      d.names = d.names == semconv::names::both ? d.names : semconv::names::v1_41;
    } else if (entry == "gen_ai/dup" || entry == "gen_ai_latest_experimental/dup") {
      d.names = semconv::names::both;
    } else if (!is_of_others(entry)) {
      env.warn(names_variable, entry,
               "is none of gen_ai_latest_experimental, gen_ai/1.41 and gen_ai/dup; ignored");
    }
  }
  constexpr auto* backends_variable = "SKEIN_TELEMETRY_BACKENDS";
  for (const auto& entry : env.list(backends_variable)) {
    auto one = entry == "openinference" ? backends::openinference
               : entry == "langfuse"    ? backends::langfuse
                                        : backends::none;
    if (one == backends::none && entry != "none") {
      env.warn(backends_variable, entry, "is neither openinference nor langfuse; ignored");
    }
    d.also_for =
        static_cast<backends>(static_cast<unsigned>(d.also_for) | static_cast<unsigned>(one));
  }
  return d;
}

dialect dialect_from_environment() {
  // Every client and agent asks; one complaint is enough.
  static std::atomic<bool> said = false;
  environment program;
  bool warned = false;
  environment env([&](const char* name) { return std::getenv(name); },
                  [&](const std::string& message) {
                    warned = true;
                    if (!said) program.warn(message);
                  });
  auto d = dialect_from(env);
  if (warned) said = true;
  return d;
}

}  // namespace skein::telemetry
