// Rules about attributes, by the table of the conventions: names, types, values.
#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <format>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <skein/json/value.hpp>
#include <skein/telemetry/conventions.hpp>
#include <skein/telemetry/conventions/former.hpp>

#include "trace/check_rules.hpp"
#include "trace/genai.hpp"

namespace skein::trace {

namespace semconv = telemetry::semconv;
using semconv::level;
using semconv::value_type;
using telemetry::span_kind;
using telemetry::span_record;
using telemetry::text_of;

namespace {

// Under its name, or one from before.
bool has_any(const span_record& s, std::string_view key) {
  if (has(s, key)) return true;
  return std::ranges::any_of(semconv::former_names,
                             [&](const auto& f) { return f.now == key && has(s, f.was); });
}

// Small letters and digits alone: `Mistral-AI` is meant to be `mistral_ai`.
std::string letters(std::string_view text) {
  std::string out;
  for (char c : text) {
    auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) != 0) out += static_cast<char>(std::tolower(u));
  }
  return out;
}

// Attributes that tell whose a span is, not what it does: some put them on every span.
bool is_about_context(std::string_view key) {
  constexpr std::array keys{semconv::conversation_id,   semconv::agent_name,
                            semconv::agent_id,          semconv::agent_version,
                            semconv::agent_description, semconv::workflow_name};
  return std::ranges::find(keys, key) != keys.end();
}

// Whether it is an operation of the conventions, whatever it says it is: names of others that
// begin with gen_ai do not make it one.
bool should_name_operation(const span_record& s) {
  if (is_mcp(s)) return false;
  auto says = [](std::string_view key) {
    return key.starts_with("gen_ai.") && !is_about_context(key) &&
           (semconv::find_attribute(key) != nullptr ||
            std::ranges::contains(semconv::former_names, key, &semconv::former_name::was));
  };
  return s.scope_name == semconv::scope_name ||
         std::ranges::any_of(s.attributes, [&](const auto& a) { return says(a.key()); });
}

std::string_view name_of(value_type t) {
  switch (t) {
    case value_type::text:
      return "a string";
    case value_type::texts:
      return "a list of strings";
    case value_type::integer:
      return "an integer";
    case value_type::real:
      return "a number";
    case value_type::boolean:
      return "true or false";
    case value_type::any:
      break;
  }
  return "a value";
}

bool fits(const json::value& v, value_type t) {
  switch (t) {
    case value_type::text:
      return v.is_string();
    case value_type::texts:
      return v.is_array() &&
             std::ranges::all_of(v.get_array(), [](const json::value& e) { return e.is_string(); });
    case value_type::integer:
      return v.is_int64();
    case value_type::real:
      return v.is_number();  // some languages know one kind of number
    case value_type::boolean:
      return v.is_bool();
    case value_type::any:
      break;
  }
  return true;
}

// What people write instead of a well-known provider.
constexpr std::array provider_spellings{semconv::former_value{"mistralai", "mistral_ai"},
                                        semconv::former_value{"mistral", "mistral_ai"},
                                        semconv::former_value{"google", "gcp.gen_ai"},
                                        semconv::former_value{"googleai", "gcp.gen_ai"},
                                        semconv::former_value{"googlegenai", "gcp.gen_ai"},
                                        semconv::former_value{"bedrock", "aws.bedrock"},
                                        semconv::former_value{"amazonbedrock", "aws.bedrock"},
                                        semconv::former_value{"azureopenai", "azure.ai.openai"},
                                        semconv::former_value{"anthropicclaude", "anthropic"},
                                        semconv::former_value{"claude", "anthropic"}};

// Of providers that the conventions have no value for, as Skein's clients say it.
constexpr std::array<std::string_view, 7> other_providers{
    "ollama", "llama_cpp", "vllm", "lm_studio", "openrouter", "together_ai", "fireworks_ai"};

// The well-known value that is meant, or none.
std::string_view meant_provider(std::string_view v) {
  for (const auto& f : semconv::former_providers) {
    if (f.was == v) return f.now;
  }
  auto plain = letters(v);
  for (auto p : semconv::provider_names) {
    if (letters(p) == plain) return p;
  }
  for (const auto& p : provider_spellings) {
    if (p.was == plain) return p.now;
  }
  return {};
}

// Sets that are as good as closed: backends know these and show others as something else.
bool is_enumeration(const semconv::attribute& a) {
  return a.set == semconv::values_are::closed || a.name == semconv::operation_name ||
         a.name == semconv::output_type;
}

template <class Use>
void each_text(const json::value& v, Use use) {
  if (const auto* one = v.if_string()) {
    use(std::string_view(*one));
  } else if (const auto* all = v.if_array()) {
    for (const auto& e : *all) {
      if (const auto* text = e.if_string()) use(std::string_view(*text));
    }
  }
}

}  // namespace

void missing_attribute(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    auto lacks = [&](std::string_view key) {
      if (!has_any(s, key)) out.push_back({i, std::format("lacks {}", key)});
    };
    const auto* what = is_mcp(s) ? nullptr : semconv::find_span_type(operation_of(s));
    if (what == nullptr) {
      if (should_name_operation(s)) lacks(semconv::operation_name);
      continue;
    }
    for (const auto& u : what->uses) {
      if (u.need == level::required && u.in == semconv::names::both) lacks(u.name);
    }
    // The table has agents of this process; one that is elsewhere has a provider.
    if (what == &semconv::spans::invoke_agent && s.kind == span_kind::client) {
      lacks(semconv::provider_name);
    }
  }
}

void wrong_type(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    if (!is_genai(s) && !is_mcp(s)) continue;
    for (const auto& a : s.attributes) {
      std::string_view key = a.key();
      const auto* known = semconv::find_attribute(key);
      // Tokens by kind are many, and have names of one form.
      const bool tokens = key.starts_with("gen_ai.usage.") && key.ends_with("_tokens");
      if (known == nullptr && !tokens) continue;
      auto type = known != nullptr ? known->type : value_type::integer;
      if (key == semconv::request_top_k) type = value_type::real;  // as it was in 1.41
      if (!fits(a.value(), type)) {
        out.push_back({i, std::format("{} is not {}", key, name_of(type))});
      } else if (key == semconv::server_address && text_of(s, key).contains("://")) {
        out.push_back({i, std::format("{} is a URL, not a host", key)});
      }
    }
  }
}

void unknown_value(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    for (const auto& a : m.spans[i].attributes) {
      const auto* known = semconv::find_attribute(a.key());
      if (known == nullptr || known->well_known.empty() || !is_enumeration(*known)) continue;
      each_text(a.value(), [&](std::string_view v) {
        if (v.empty() || std::ranges::find(known->well_known, v) != known->well_known.end()) return;
        out.push_back(
            {i, std::format("{} {} is none of the conventions'", known->name, quoted(v))});
      });
    }
  }
}

void misspelt_value(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    for (const auto& a : m.spans[i].attributes) {
      const auto* known = semconv::find_attribute(a.key());
      if (known == nullptr || known->well_known.empty() || is_enumeration(*known) ||
          known->name == semconv::provider_name || !fits(a.value(), known->type)) {
        continue;
      }
      each_text(a.value(), [&](std::string_view v) {
        if (std::ranges::find(known->well_known, v) != known->well_known.end()) return;
        auto plain = letters(v);
        auto meant = std::ranges::find_if(known->well_known, [&](std::string_view w) {
          auto right = letters(w);
          return right == plain || right + 's' == plain;
        });
        if (meant == known->well_known.end()) return;
        out.push_back({i, std::format("{} {} should be `{}`", known->name, quoted(v), *meant)});
      });
    }
  }
}

void unknown_provider(const material& m, observations& out) {
  constexpr auto& known = semconv::provider_names;
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    auto v = text_of(m.spans[i], semconv::provider_name);
    if (v.empty() || std::ranges::contains(known, v)) continue;
    if (std::ranges::contains(other_providers, v)) continue;
    auto meant = meant_provider(v);
    out.push_back({i, meant.empty() ? std::format("{} {} is none of the well-known ones",
                                                  semconv::provider_name, quoted(v))
                                    : std::format("{} {} should be `{}`", semconv::provider_name,
                                                  quoted(v), meant)});
  }
}

// Once for a name and an instrumentation, however many spans have it.
void deprecated_name(const material& m, observations& out) {
  struct seen {
    std::size_t first;
    std::size_t spans = 0;
  };
  for (const auto& f : semconv::former_names) {
    std::map<std::string_view, seen> by_scope;
    for (std::size_t i = 0; i < m.spans.size(); ++i) {
      const auto& s = m.spans[i];
      if (!has(s, f.was)) continue;
      // Both, for backends of either version.
      if (has(s, f.now) && semconv::find_attribute(f.was) != nullptr) continue;
      ++by_scope.try_emplace(s.scope_name, seen{i}).first->second.spans;
    }
    for (const auto& [scope, at] : by_scope) {
      auto more = at.spans > 1 ? std::format(", here and on {} more", at.spans - 1) : std::string();
      auto since = f.since.empty() ? std::string() : std::format(" since {}", f.since);
      out.push_back({at.first, std::format("{} is {}{}{}", f.was, f.now, since, more)});
    }
  }
}

}  // namespace skein::trace
