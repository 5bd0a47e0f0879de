// Attributes that OpenInference (Phoenix, Arize) and Langfuse read instead of the conventions' own.
#pragma once

#include <array>
#include <string_view>

#include <skein/telemetry/operation.hpp>

namespace skein::telemetry {

struct also_called {
  std::string_view ours;
  std::string_view theirs;
  backends of;
};
// Token counts are not here: on an agent, which has the sum of its calls, these backends would
// count them twice (chat/span_attributes.hpp).
inline constexpr std::array also_called_by{
    also_called{semconv::conversation_id, "session.id", backends::both},
    also_called{semconv::provider_name, "llm.system", backends::openinference},
    also_called{semconv::agent_name, "agent.name", backends::openinference},
    also_called{semconv::tool_name, "tool.name", backends::openinference},
    also_called{semconv::tool_description, "tool.description", backends::openinference},
    also_called{semconv::tool_call_id, "tool.id", backends::openinference},
    also_called{semconv::response_model, "llm.model_name", backends::openinference},
};

template <class F>
void for_backends(std::string_view key, backends some, F&& set) {
  for (const auto& a : also_called_by) {
    if (a.ours == key && include(some, a.of)) set(a.theirs);
  }
}

inline attribute_list with_backends(const semconv::span_type& what, const attribute_list& ours,
                                    backends some) {
  using opentelemetry::nostd::string_view;
  auto view = [](std::string_view s) { return string_view(s.data(), s.size()); };
  auto all = ours;
  if (include(some, backends::openinference) && !what.openinference.empty()) {
    all.emplace_back("openinference.span.kind", view(what.openinference));
  }
  if (include(some, backends::langfuse) && !what.langfuse.empty()) {
    all.emplace_back("langfuse.observation.type", view(what.langfuse));
  }
  for (const auto& [key, value] : ours) {
    std::string_view name(key.data(), key.size());
    for_backends(name, some,
                 [&](std::string_view theirs) { all.emplace_back(view(theirs), value); });
    // Until the response says which model it was; an agent's spans are no model calls.
    if (name == semconv::request_model && &what == &semconv::spans::inference &&
        include(some, backends::openinference)) {
      all.emplace_back("llm.model_name", value);
    }
  }
  return all;
}

}  // namespace skein::telemetry
