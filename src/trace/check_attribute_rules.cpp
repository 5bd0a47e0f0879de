// Rules about attributes: names, types, values.
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <format>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>
#include <skein/telemetry/semconv.hpp>

#include "trace/check_rules.hpp"
#include "trace/genai.hpp"

namespace skein::trace {

namespace semconv = telemetry::semconv;
using telemetry::forest;
using telemetry::integer_of;
using telemetry::span_kind;
using telemetry::span_record;
using telemetry::span_status;
using telemetry::text_of;

namespace {

bool has(const span_record& s, std::string_view key) {
  return s.attributes.if_contains(key) != nullptr;
}

bool is_genai(const span_record& s) {
  return std::ranges::any_of(s.attributes,
                             [](const auto& a) { return a.key().starts_with("gen_ai."); });
}

template <std::size_t N>
bool among(const std::array<std::string_view, N>& all, std::string_view one) {
  return std::ranges::find(all, one) != all.end();
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return out;
}

// For a message: values of enumerations are no content, but they come from anybody.
std::string quoted(std::string_view value) {
  constexpr std::size_t most = 40;
  std::string out = "`";
  for (char c : value.substr(0, most)) out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return out + (value.size() > most ? "...`" : "`");
}

constexpr auto operations = std::to_array<std::string_view>(
    {"chat", "generate_content", "text_completion", "embeddings", "retrieval", "fetch_response",
     "create_agent", "invoke_agent", "execute_tool", "invoke_workflow", "plan",
     "create_memory_store", "delete_memory_store", "create_memory", "update_memory",
     "upsert_memory", "search_memory", "delete_memory"});
constexpr auto providers = std::to_array<std::string_view>(
    {"openai", "azure.ai.openai", "azure.ai.inference", "anthropic", "aws.bedrock", "gcp.gemini",
     "gcp.vertex_ai", "gcp.gen_ai", "cohere", "mistral_ai", "groq", "deepseek", "x_ai",
     "perplexity", "ibm.watsonx.ai", "moonshot_ai"});
constexpr auto output_types = std::to_array<std::string_view>({"text", "json", "image", "speech"});
constexpr auto response_statuses = std::to_array<std::string_view>(
    {"queued", "in_progress", "completed", "incomplete", "failed", "cancelled"});
constexpr auto outcomes = std::to_array<std::string_view>({"cancelled", "deadline", "abandoned"});

// Without which separators and case: `Mistral-AI` is meant to be `mistral_ai`.
std::string letters(std::string_view text) {
  auto out = lower(text);
  std::erase_if(out, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
  return out;
}

struct alias {
  std::string_view used;
  std::string_view instead;
};
constexpr std::array provider_aliases{alias{"mistralai", "mistral_ai"},
                                      alias{"mistral", "mistral_ai"},
                                      alias{"googlevertexai", "gcp.vertex_ai"},
                                      alias{"vertexai", "gcp.vertex_ai"},
                                      alias{"gemini", "gcp.gemini"},
                                      alias{"googlegenai", "gcp.gen_ai"},
                                      alias{"bedrock", "aws.bedrock"},
                                      alias{"amazonbedrock", "aws.bedrock"},
                                      alias{"azureopenai", "azure.ai.openai"},
                                      alias{"xai", "x_ai"},
                                      alias{"anthropicclaude", "anthropic"},
                                      alias{"claude", "anthropic"}};

}  // namespace

void missing_attribute(const material& m, observations& out) {
  struct need {
    bool (*applies)(const span_record&);
    std::string_view key;
  };
  // The requirement level `Required` of the conventions, and error.type, which failures require.
  constexpr std::array needs{
      need{[](const span_record& s) { return is_genai(s) || s.scope_name == semconv::scope_name; },
           semconv::operation_name},
      need{[](const span_record& s) {
             auto o = operation_of(s);
             return calls_a_model(s) || o == "fetch_response" || o == "create_agent" ||
                    (o == "invoke_agent" && s.kind == span_kind::client);
           },
           semconv::provider_name},
      need{is_tool, semconv::tool_name},
      need{[](const span_record& s) { return operation_of(s) == "fetch_response"; },
           semconv::response_id},
  };
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    for (const auto& n : needs) {
      if (n.applies(m.spans[i]) && !has(m.spans[i], n.key)) {
        out.push_back({i, std::format("lacks {}", n.key)});
      }
    }
  }
}

void wrong_type(const material& m, observations& out) {
  enum class type : std::uint8_t { text, whole, number, flag, texts };
  struct expected {
    std::string_view key;
    enum type is;
  };
  static constexpr std::array types{
      expected{semconv::operation_name, type::text},
      expected{semconv::provider_name, type::text},
      expected{semconv::conversation_id, type::text},
      expected{semconv::output_type, type::text},
      expected{semconv::request_model, type::text},
      expected{semconv::request_max_tokens, type::whole},
      expected{semconv::request_temperature, type::number},
      expected{semconv::request_top_p, type::number},
      expected{semconv::request_top_k, type::number},  // a double until 1.41
      expected{semconv::request_seed, type::whole},
      expected{semconv::request_stop_sequences, type::texts},
      expected{semconv::request_frequency_penalty, type::number},
      expected{semconv::request_presence_penalty, type::number},
      expected{semconv::request_reasoning_level, type::text},
      expected{semconv::request_stream, type::flag},
      expected{"gen_ai.request.choice.count", type::whole},
      expected{"gen_ai.request.encoding_formats", type::texts},
      expected{"gen_ai.embeddings.dimension.count", type::whole},
      expected{semconv::response_id, type::text},
      expected{semconv::response_model, type::text},
      expected{semconv::response_finish_reasons, type::texts},
      expected{semconv::response_time_to_first_chunk, type::number},
      expected{semconv::agent_name, type::text},
      expected{semconv::agent_description, type::text},
      expected{"gen_ai.agent.id", type::text},
      expected{semconv::tool_name, type::text},
      expected{semconv::tool_call_id, type::text},
      expected{semconv::tool_type, type::text},
      expected{semconv::error_type, type::text},
      expected{semconv::server_address, type::text},
      expected{semconv::server_port, type::whole}};
  auto name_of_type = [](enum type t) -> std::string_view {
    switch (t) {
      case type::text:
        return "a string";
      case type::whole:
        return "an integer";
      case type::number:
        return "a number";
      case type::flag:
        return "true or false";
      case type::texts:
        break;
    }
    return "a list of strings";
  };
  auto fits = [](const json::value& v, enum type t) {
    switch (t) {
      case type::text:
        return v.is_string();
      case type::whole:
        return v.is_int64();
      case type::number:
        return v.is_number();
      case type::flag:
        return v.is_bool();
      case type::texts:
        return v.is_array() && std::ranges::all_of(v.get_array(), [](const json::value& e) {
                 return e.is_string();
               });
    }
    return true;
  };
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    for (const auto& a : m.spans[i].attributes) {
      std::string_view key = a.key();
      auto wanted = std::ranges::find(types, key, &expected::key);
      auto is = wanted != types.end() ? wanted->is : type::whole;
      if (wanted == types.end() &&
          !(key.starts_with("gen_ai.usage.") && key.ends_with("_tokens"))) {
        continue;
      }
      if (!fits(a.value(), is)) {
        out.push_back({i, std::format("{} is not {}", key, name_of_type(is))});
      }
    }
  }
}

void unknown_value(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    auto one_of = [&](std::string_view key, const auto& values) {
      auto v = text_of(s, key);
      if (!v.empty() && !among(values, v)) {
        out.push_back({i, std::format("{} {} is none of the conventions'", key, quoted(v))});
      }
    };
    one_of(semconv::operation_name, operations);
    one_of(semconv::output_type, output_types);
    one_of("gen_ai.response.status", response_statuses);
    one_of(semconv::outcome, outcomes);
  }
}

void unknown_provider(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    auto v = text_of(m.spans[i], semconv::provider_name);
    if (v.empty() || among(providers, v)) continue;
    auto plain = letters(v);
    std::string_view instead;
    for (auto p : providers) {
      if (letters(p) == plain) instead = p;
    }
    for (const auto& a : provider_aliases) {
      if (a.used == plain) instead = a.instead;
    }
    out.push_back({i, instead.empty() ? std::format("{} {} is none of the well-known ones",
                                                    semconv::provider_name, quoted(v))
                                      : std::format("{} {} should be `{}`", semconv::provider_name,
                                                    quoted(v), instead)});
  }
}

void placeholder(const material& m, observations& out) {
  constexpr auto words = std::to_array<std::string_view>(
      {"", "unknown", "none", "null", "undefined", "n/a", "nan", "nil", "[]", "{}"});
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    for (const auto& a : s.attributes) {
      std::string_view key = a.key();
      bool ours = key.starts_with("gen_ai.") || key == semconv::server_address ||
                  key == semconv::error_type;
      if (!ours || !a.value().is_string()) continue;
      // A tool may have no arguments and give nothing.
      if (key == semconv::tool_call_arguments || key == semconv::tool_call_result) continue;
      std::string_view v(a.value().get_string());
      if (among(words, lower(v))) {
        out.push_back({i, std::format("{} is {}: leave it out instead", key, quoted(v))});
      }
    }
    if (!is_inference(s) || s.status == span_status::error) continue;
    auto tokens = integer_of(s, semconv::usage_output_tokens);
    bool answered =
        has(s, semconv::response_time_to_first_chunk) || has(s, semconv::output_messages);
    if (tokens == 0 && answered && text_of(s, semconv::outcome).empty()) {
      out.push_back(
          {i, std::format("{} is 0, but there was an answer", semconv::usage_output_tokens)});
    }
  }
}

void deprecated_name(const material& m, observations& out) {
  static constexpr std::array names{
      alias{"gen_ai.system", "gen_ai.provider.name"},
      alias{"gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens"},
      alias{"gen_ai.usage.completion_tokens", "gen_ai.usage.output_tokens"},
      alias{"gen_ai.prompt", "gen_ai.input.messages"},
      alias{"gen_ai.completion", "gen_ai.output.messages"},
      alias{"gen_ai.openai.request.seed", "gen_ai.request.seed"},
      alias{"gen_ai.openai.request.response_format", "gen_ai.output.type"},
      alias{"gen_ai.openai.request.service_tier", "openai.request.service_tier"},
      alias{"gen_ai.openai.response.service_tier", "openai.response.service_tier"},
      alias{"gen_ai.openai.response.system_fingerprint", "openai.response.system_fingerprint"}};
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    for (const auto& n : names) {
      if (has(s, n.used)) out.push_back({i, std::format("{} is now {}", n.used, n.instead)});
    }
  }
}

void wrong_kind(const material& m, observations& out) {
  auto name = [](span_kind k) -> std::string_view {
    constexpr std::array names{"internal", "server", "client", "producer", "consumer"};
    return names[static_cast<std::size_t>(k)];
  };
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    auto o = operation_of(s);
    std::string_view wanted;
    if (calls_a_model(s) || o == "fetch_response" || o == "create_agent") {
      // Internal is for a model in this very process.
      bool remote =
          has(s, semconv::server_address) || among(providers, text_of(s, semconv::provider_name));
      bool fine = s.kind == span_kind::client || (s.kind == span_kind::internal && !remote);
      if (!fine) wanted = "client";
    } else if (o == "execute_tool" || o == "invoke_workflow" || o == "plan") {
      if (s.kind != span_kind::internal) wanted = "internal";
    } else if (o == "invoke_agent") {
      if (s.kind != span_kind::internal && s.kind != span_kind::client) {
        wanted = "internal or client";
      }
    }
    if (!wanted.empty()) {
      out.push_back({i, std::format("is of kind {}, should be {}", name(s.kind), wanted)});
    }
  }
}

void wrong_name(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    auto o = operation_of(s);
    // MCP names its spans by its own methods.
    if (!among(operations, o) || has(s, "mcp.method.name")) continue;
    auto rest = std::string_view(s.name);
    bool fits = rest.starts_with(o) && (rest.size() == o.size() || rest[o.size()] == ' ');
    if (!fits) out.push_back({i, std::format("its name should begin with `{}`", o)});
  }
}

void error_type_on_success(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    if (is_genai(s) && has(s, semconv::error_type) && s.status != span_status::error) {
      out.push_back({i, "has error.type, but its status is no error"});
    }
  }
}

void status_ok(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    if (is_genai(m.spans[i]) && m.spans[i].status == span_status::ok) {
      out.push_back({i, "its status is OK; instrumentation leaves it unset"});
    }
  }
}

void content_recorded(const material& m, observations& out) {
  if (m.options.content == check_options::content::allowed) return;
  static constexpr auto keys = std::to_array<std::string_view>(
      {"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions",
       "gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "gen_ai.retrieval.query.text",
       "gen_ai.retrieval.documents", "gen_ai.memory.query.text", "gen_ai.memory.records",
       "gen_ai.prompt", "gen_ai.completion", "input.value", "output.value",
       "traceloop.entity.input", "traceloop.entity.output", "langfuse.observation.input",
       "langfuse.observation.output"});
  static constexpr auto prefixes = std::to_array<std::string_view>(
      {"gen_ai.prompt.variable.", "gen_ai.prompt.0", "gen_ai.completion.0", "llm.input_messages.",
       "llm.output_messages."});
  auto is_content = [](std::string_view key) {
    return among(keys, key) ||
           std::ranges::any_of(prefixes, [&](auto p) { return key.starts_with(p); });
  };
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    std::string found;
    auto look = [&](const json::object& attributes) {
      for (const auto& a : attributes) {
        if (!is_content(a.key())) continue;
        if (!found.empty()) found += ", ";
        found += a.key();
      }
    };
    look(s.attributes);
    for (const auto& e : s.events) look(e.attributes);
    if (!found.empty()) out.push_back({i, std::format("records {}", found)});
  }
}

void secret_recorded(const material& m, observations& out) {
  auto word = [](std::string_view text, std::size_t at) {
    auto end = std::ranges::find_if(text.substr(at), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_' && c != '.';
    });
    return static_cast<std::size_t>(end - text.begin()) - at;
  };
  auto looks_secret = [&](std::string_view text) {
    struct mark {
      std::string_view begins;
      std::size_t least;  // characters of the word, with its beginning
    };
    static constexpr std::array marks{mark{"Bearer ", 0}, mark{"sk-", 23},   mark{"AKIA", 20},
                                      mark{"ghp_", 40},   mark{"xoxb-", 20}, mark{"AIza", 39}};
    constexpr std::size_t least_token = 16;
    for (const auto& k : marks) {
      for (auto at = text.find(k.begins); at != text.npos; at = text.find(k.begins, at + 1)) {
        bool starts = at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0;
        auto length = k.least == 0 ? word(text, at + k.begins.size()) : word(text, at);
        if (starts && length >= (k.least == 0 ? least_token : k.least)) return true;
      }
    }
    // scheme://user:password@host
    for (auto at = text.find("://"); at != text.npos; at = text.find("://", at + 1)) {
      auto authority = text.substr(at + 3);
      authority = authority.substr(0, authority.find_first_of("/?# \"'\n"));
      auto user = authority.substr(0, authority.find('@'));
      if (user.size() < authority.size() && user.contains(':')) return true;
    }
    return false;
  };
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    auto look = [&](const json::object& attributes) {
      for (const auto& a : attributes) {
        if (a.value().is_string() && looks_secret(a.value().get_string())) {
          out.push_back(
              {i, std::format("{} seems to hold a key or a password", std::string_view(a.key()))});
        }
      }
    };
    look(s.attributes);
    for (const auto& e : s.events) look(e.attributes);
    if (looks_secret(s.status_message)) {
      out.push_back({i, "its status message seems to hold a key or a password"});
    }
  }
}

}  // namespace skein::trace
