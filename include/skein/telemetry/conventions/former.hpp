// What the conventions called things before, for reading what others emit. Beside conventions.hpp,
// which has what Skein emits.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include <skein/telemetry/conventions/attributes.hpp>

namespace skein::telemetry::semconv {

struct former_name {
  std::string_view was;
  std::string_view now;
  std::string_view since;  // the version that has the new one; empty: the current state
};
inline constexpr std::array former_names{
    former_name{"gen_ai.system", provider_name, "1.37"},
    former_name{"gen_ai.prompt", input_messages, "1.37"},
    former_name{"gen_ai.completion", output_messages, "1.37"},
    former_name{"gen_ai.usage.prompt_tokens", usage_input_tokens, "1.27"},
    former_name{"gen_ai.usage.completion_tokens", usage_output_tokens, "1.27"},
    former_name{"gen_ai.openai.request.seed", request_seed, "1.30"},
    former_name{"gen_ai.openai.request.response_format", output_type, "1.30"},
    former_name{"gen_ai.openai.request.service_tier", openai_request_service_tier, "1.37"},
    former_name{"gen_ai.openai.response.service_tier", openai_response_service_tier, "1.37"},
    former_name{"gen_ai.openai.response.system_fingerprint", openai_system_fingerprint, "1.37"},
    former_name{usage_cache_creation, usage_cache_write, {}},
};
static_assert(std::ranges::all_of(former_names, [](const former_name& f) {
  return std::ranges::any_of(attributes, [&](const attribute& a) { return a.name == f.now; });
}));

// Of gen_ai.provider.name, when it was gen_ai.system.
struct former_value {
  std::string_view was;
  std::string_view now;
};
inline constexpr std::array former_providers{
    former_value{"az.ai.openai", "azure.ai.openai"},
    former_value{"az.ai.inference", "azure.ai.inference"},
    former_value{"gemini", "gcp.gemini"},
    former_value{"vertex_ai", "gcp.vertex_ai"},
    former_value{"xai", "x_ai"},
};

}  // namespace skein::telemetry::semconv
