// Each rule of the check: spans that break it and spans that just do not, in one table.
#include <algorithm>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <skein/trace/check.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

using telemetry::span_kind;
using telemetry::span_status;

struct example {
  const char* name;
  const char* rule;
  std::vector<unsigned> who;  // the spans that break it; none: it is not broken
  std::vector<span_record> spans;
  std::vector<trace::metric_point> metrics = {};
};
void PrintTo(const example& e, std::ostream* out) { *out << e.name; }

// Spans that break nothing.
span_record agent(unsigned id, unsigned parent = 0, std::int64_t start = 0,
                  std::int64_t end = 100) {
  auto s = make({.id = id, .parent = parent, .name = "invoke_agent a", .start = start, .end = end});
  s.attributes = {{"gen_ai.operation.name", "invoke_agent"}, {"gen_ai.agent.name", "a"}};
  return s;
}
span_record chat(unsigned id, unsigned parent, std::int64_t start = 10, std::int64_t end = 20) {
  auto s = make({.id = id, .parent = parent, .name = "chat m", .start = start, .end = end});
  s.kind = span_kind::client;
  s.attributes = {{"gen_ai.operation.name", "chat"},
                  {"gen_ai.provider.name", "openai"},
                  {"gen_ai.request.model", "m"}};
  return s;
}
span_record tool(unsigned id, unsigned parent, std::int64_t start = 30, std::int64_t end = 40) {
  auto s = make({.id = id, .parent = parent, .name = "execute_tool t", .start = start, .end = end});
  s.attributes = {{"gen_ai.operation.name", "execute_tool"}, {"gen_ai.tool.name", "t"}};
  return s;
}
span_record plain(unsigned id, unsigned parent = 0, std::int64_t start = 0,
                  std::int64_t end = 100) {
  return make({.id = id, .parent = parent, .start = start, .end = end});
}
span_record with(span_record s, const char* key, json::value v) {
  s.attributes[key] = std::move(v);
  return s;
}
span_record without(span_record s, const char* key) {
  s.attributes.erase(key);
  return s;
}
span_record in_trace(span_record s, unsigned trace) {
  s.trace_id = digits(trace, 32);
  return s;
}
span_record using_tokens(span_record s, int in, int out) {
  return with(with(std::move(s), "gen_ai.usage.input_tokens", in), "gen_ai.usage.output_tokens",
              out);
}
span_record failed(span_record s, const char* type) {
  s.status = span_status::error;
  if (type != nullptr) s.attributes["error.type"] = type;
  return s;
}
span_record of_kind(span_record s, span_kind k) {
  s.kind = k;
  return s;
}
span_record named(span_record s, const char* name) {
  s.name = name;
  return s;
}
span_record ended(span_record s, span_status status) {
  s.status = status;
  return s;
}
span_record never_ending(span_record s) {
  s.end = 0;
  s.start += 1;
  return s;
}
span_record with_event(span_record s, const char* key, const char* value, const char* name = "e") {
  s.events.push_back({.name = name, .time = s.start, .attributes = {{key, value}}});
  return s;
}

span_record mcp(span_record s, const char* method) {
  s.name = method;
  s.kind = span_kind::client;
  s.attributes["mcp.method.name"] = method;
  return s;
}
trace::metric_point counted(std::string name, std::int64_t count, json::object attributes = {}) {
  auto p = metric(std::move(name), 0.5, std::move(attributes));
  p.kind = trace::metric_point::form::histogram;
  p.count = count;
  return p;
}
trace::metric_point earlier(trace::metric_point p) {
  p.time -= 1'000'000;
  return p;
}
span_record of_scope(span_record s, const char* scope) {
  s.scope_name = scope;
  return s;
}
span_record from_service(span_record s, const char* name) {
  s.resource["service.name"] = name;
  return s;
}
trace::metric_point delta(trace::metric_point p, std::int64_t start, std::int64_t time) {
  p.temporality = trace::metric_point::since::last;
  p.start = start * 1'000'000;
  p.time = time * 1'000'000;
  return p;
}

constexpr auto op = "gen_ai.operation.name";
constexpr auto provider = "gen_ai.provider.name";
constexpr auto conversation = "gen_ai.conversation.id";
constexpr auto out_tokens = "gen_ai.usage.output_tokens";
constexpr auto first_chunk = "gen_ai.response.time_to_first_chunk";

constexpr auto reasons = "gen_ai.response.finish_reasons";
constexpr auto model = "gen_ai.request.model";
constexpr auto in_metric = "gen_ai.client.inference.usage.input_tokens";
constexpr auto call_time = "gen_ai.client.inference.duration";
constexpr auto old_call_time = "gen_ai.client.operation.duration";
constexpr auto calls_of_agent = "gen_ai.invoke_agent.inference_calls";

constexpr auto after = "skein.history.after";
std::string reference(unsigned id) { return digits(1, 32) + "-" + digits(id, 16); }

// A key like those it looks for, made here so that nobody else's search finds one.
const std::string key_like = "sk-" + std::string(30, 'a');

const std::vector<example> examples{
    {"Orphan", "missing_parent", {2}, {agent(1), chat(2, 9)}},
    {"Parent", "missing_parent", {}, {agent(1), chat(2, 1)}},
    {"ParentNeverEnded", "missing_parent", {}, {never_ending(agent(1)), chat(2, 1)}},
    {"Circle", "cycle", {1, 2}, {plain(1, 2), plain(2, 1)}},
    {"NoCircle", "cycle", {}, {plain(1), plain(2, 1)}},
    {"TwoRoots", "several_roots", {2}, {plain(1), plain(2, 0, 5)}},
    {"TwoTraces", "several_roots", {}, {plain(1), in_trace(plain(2), 2)}},
    {"Twice", "duplicate_span", {2}, {plain(1), plain(2, 1), plain(2, 1)}},
    {"Once", "duplicate_span", {}, {plain(1), plain(2, 1), plain(3, 1)}},
    {"Open", "never_ended", {2}, {agent(1), never_ending(chat(2, 1))}},
    {"Ended", "never_ended", {}, {agent(1), chat(2, 1)}},
    {"Backwards", "ends_before_start", {2}, {plain(1), plain(2, 1, 50, 45)}},
    {"Instant", "ends_before_start", {}, {plain(1), plain(2, 1, 50, 50)}},
    {"TooLate", "outside_parent", {2}, {plain(1), plain(2, 1, 5, 102)}},
    {"WithinTolerance", "outside_parent", {}, {plain(1), plain(2, 1, 5, 101)}},
    {"StreamingBug",
     "beside_agent",
     {3, 4},
     {plain(1), agent(2, 1, 0, 50), chat(3, 1), tool(4, 1)}},
    {"BelowTheAgent", "beside_agent", {}, {plain(1), agent(2, 1, 0, 50), chat(3, 2), tool(4, 2)}},
    {"OfTheSameConversationElsewhere",
     "detached_from_agent",
     {4},
     {plain(1), with(agent(2, 1), conversation, "c"), plain(3, 1),
      with(chat(4, 3), conversation, "c")}},
    {"OfTheSameConversationInAnotherTrace",
     "detached_from_agent",
     {2},
     {with(agent(1), conversation, "c"), in_trace(with(chat(2, 0), conversation, "c"), 2)}},
    {"OfTheSameAgentInAnotherTrace",
     "detached_from_agent",
     {2},
     {agent(1), in_trace(with(tool(2, 0), "gen_ai.agent.name", "a"), 2)}},
    {"OfAnotherConversation",
     "detached_from_agent",
     {},
     {with(agent(1), conversation, "c"), in_trace(with(chat(2, 0), conversation, "d"), 2)}},
    {"OfTheConversationBefore",
     "detached_from_agent",
     {},
     {with(agent(1), conversation, "c"),
      in_trace(with(chat(2, 0, 200, 210), conversation, "c"), 2)}},
    {"AgentInAToolOfTheConversation",
     "detached_from_agent",
     {},
     {with(tool(1, 0, 0, 100), conversation, "c"), with(agent(2, 1, 10, 90), conversation, "c")}},
    {"ToolInChat", "tool_under_chat", {3}, {agent(1), chat(2, 1), tool(3, 2, 11, 19)}},
    {"ToolBesideChat", "tool_under_chat", {}, {agent(1), chat(2, 1), tool(3, 1)}},
    {"OtherConversation",
     "conversation_split",
     {2},
     {with(agent(1), conversation, "c"), with(chat(2, 1), conversation, "d")}},
    {"SameConversation",
     "conversation_split",
     {},
     {with(agent(1), conversation, "c"), with(chat(2, 1), conversation, "c"), chat(3, 1)}},
    {"WrongSum",
     "usage_sum",
     {1, 1},
     {using_tokens(agent(1), 11, 21), using_tokens(chat(2, 1), 10, 20)}},
    {"RightSum",
     "usage_sum",
     {},
     {using_tokens(agent(1), 20, 40), using_tokens(chat(2, 1), 10, 20),
      using_tokens(chat(3, 1, 30, 40), 10, 20)}},
    {"NoAccountOfOthers", "usage_sum", {}, {agent(1), using_tokens(chat(2, 1), 10, 20)}},
    {"AgentHasTwice",
     "usage_counted_twice",
     {1, 1},
     {using_tokens(agent(1), 20, 40), using_tokens(chat(2, 1), 10, 20)}},
    {"WrapperHasThemToo",
     "usage_counted_twice",
     {3},
     {agent(1), using_tokens(chat(2, 1), 10, 20), using_tokens(chat(3, 2, 11, 19), 10, 20)}},
    {"OneResponseTwice",
     "usage_counted_twice",
     {3},
     {agent(1), with(using_tokens(chat(2, 1), 1, 2), "gen_ai.response.id", "r"),
      with(using_tokens(chat(3, 1), 1, 2), "gen_ai.response.id", "r")}},
    {"ServersThatGiveOneIdentifier",
     "usage_counted_twice",
     {},
     {agent(1), with(using_tokens(chat(2, 1), 1, 2), "gen_ai.response.id", "r"),
      with(using_tokens(chat(3, 1, 30, 40), 1, 2), "gen_ai.response.id", "r")}},
    {"AgentHasTheSum",
     "usage_counted_twice",
     {},
     {using_tokens(agent(1), 10, 20),
      with(using_tokens(chat(2, 1), 5, 10), "gen_ai.response.id", "r"),
      with(using_tokens(chat(3, 1), 5, 10), "gen_ai.response.id", "s")}},
    {"AgentOfAgents",
     "usage_counted_twice",
     {},
     {using_tokens(agent(1), 10, 20), tool(2, 1, 10, 90), using_tokens(agent(3, 2, 20, 80), 10, 20),
      using_tokens(chat(4, 3, 30, 40), 10, 20)}},
    {"MoreCachedThanSent",
     "impossible_usage",
     {2},
     {agent(1),
      with(using_tokens(chat(2, 1), 10, 20), "gen_ai.usage.cache_read.input_tokens", 11)}},
    {"MoreThoughtThanWritten",
     "impossible_usage",
     {2},
     {agent(1),
      with(using_tokens(chat(2, 1), 10, 20), "gen_ai.usage.reasoning.output_tokens", 21)}},
    {"NegativeTokens", "impossible_usage", {2}, {agent(1), using_tokens(chat(2, 1), -1, 20)}},
    {"AllCached",
     "impossible_usage",
     {},
     {agent(1),
      with(using_tokens(chat(2, 1), 10, 20), "gen_ai.usage.cache_read.input_tokens", 10)}},
    {"ChunkInMilliseconds",
     "first_chunk_outside",
     {2},
     {agent(1), with(chat(2, 1), first_chunk, 5.0)}},
    {"ChunkInTime", "first_chunk_outside", {}, {agent(1), with(chat(2, 1), first_chunk, 0.005)}},
    {"NoOperation", "missing_attribute", {2}, {agent(1), without(chat(2, 1), op)}},
    {"NoProvider", "missing_attribute", {2}, {agent(1), without(chat(2, 1), provider)}},
    {"NoToolName", "missing_attribute", {2}, {agent(1), without(tool(2, 1), "gen_ai.tool.name")}},
    {"NoProviderOfARemoteAgent", "missing_attribute", {1}, {of_kind(agent(1), span_kind::client)}},
    {"NoProviderOfEmbeddings",
     "missing_attribute",
     {2},
     {agent(1), with(without(chat(2, 1), provider), op, "embeddings")}},
    {"AllRequired", "missing_attribute", {}, {agent(1), chat(2, 1), tool(3, 1), plain(4, 1)}},
    {"ErrorWithoutType", "error_without_type", {2}, {agent(1), failed(chat(2, 1), nullptr)}},
    {"ErrorWithType", "error_without_type", {}, {agent(1), failed(chat(2, 1), "429")}},
    {"TokensAsText", "wrong_type", {2}, {agent(1), with(chat(2, 1), out_tokens, "20")}},
    {"ReasonsAsText",
     "wrong_type",
     {2},
     {agent(1), with(chat(2, 1), "gen_ai.response.finish_reasons", "[\"stop\"]")}},
    {"BreakdownAsFraction",
     "wrong_type",
     {2},
     {agent(1), with(chat(2, 1), "gen_ai.usage.audio.output_tokens", 1.5)}},
    {"RightTypes",
     "wrong_type",
     {},
     {agent(1), with(with(using_tokens(chat(2, 1), 1, 2), "gen_ai.response.finish_reasons",
                          json::array{"stop"}),
                     "gen_ai.request.temperature", 1)}},
    {"OperationOfItsOwn", "unknown_value", {2}, {agent(1), with(chat(2, 1), op, "completion")}},
    {"OutputOfItsOwn",
     "unknown_value",
     {2},
     {agent(1), with(chat(2, 1), "gen_ai.output.type", "json_schema")}},
    {"OutcomeOfItsOwn", "unknown_value", {1}, {with(agent(1), "skein.outcome", "fine")}},
    {"KnownValues",
     "unknown_value",
     {},
     {with(agent(1), "skein.outcome", "abandoned"),
      with(chat(2, 1), "gen_ai.output.type", "json")}},
    {"ProviderMisspelt",
     "unknown_provider",
     {2},
     {agent(1), with(chat(2, 1), provider, "MistralAI")}},
    {"ProviderOfItsOwn", "unknown_provider", {2}, {agent(1), with(chat(2, 1), provider, "fake")}},
    {"ProviderWithoutAWellKnownName",
     "unknown_provider",
     {},
     {agent(1), with(chat(2, 1), provider, "ollama"), with(chat(3, 1), provider, "lm_studio")}},
    {"ProviderKnown", "unknown_provider", {}, {agent(1), with(chat(2, 1), provider, "mistral_ai")}},
    {"UnknownModel",
     "placeholder",
     {2},
     {agent(1), with(chat(2, 1), "gen_ai.request.model", "unknown")}},
    {"EmptyName", "placeholder", {1}, {with(agent(1), "gen_ai.agent.name", "")}},
    {"PythonsNone", "placeholder", {2}, {agent(1), with(chat(2, 1), "gen_ai.response.id", "None")}},
    {"NotSpecified",
     "placeholder",
     {2},
     {agent(1), with(tool(2, 1), "gen_ai.tool.call.id", "<not specified>")}},
    {"UnknownServer",
     "placeholder",
     {2},
     {agent(1), with(chat(2, 1), "server.address", "Unknown")}},
    {"AnswerOfNoTokens",
     "placeholder",
     {2},
     {agent(1), with(using_tokens(chat(2, 1), 10, 0), first_chunk, 0.001)}},
    {"NoPlaceholders",
     "placeholder",
     {},
     {agent(1), with(chat(2, 1), "gen_ai.request.model", "unknown-horizon"),
      with(tool(3, 1), "gen_ai.tool.call.result", ""), with(plain(4, 1), "other", "unknown")}},
    {"AbandonedAfterTheFirstChunk",
     "placeholder",
     {},
     {agent(1), with(with(using_tokens(chat(2, 1), 10, 0), first_chunk, 0.001), "skein.outcome",
                     "abandoned")}},
    {"OldSystem", "deprecated_name", {2}, {agent(1), with(chat(2, 1), "gen_ai.system", "openai")}},
    {"OldTokens",
     "deprecated_name",
     {2},
     {agent(1), with(chat(2, 1), "gen_ai.usage.prompt_tokens", 3)}},
    {"NewNames", "deprecated_name", {}, {agent(1), using_tokens(chat(2, 1), 3, 4)}},
    {"InternalCall", "wrong_kind", {2}, {agent(1), of_kind(chat(2, 1), span_kind::internal)}},
    {"ToolAsClient", "wrong_kind", {2}, {agent(1), of_kind(tool(2, 1), span_kind::client)}},
    {"RightKinds",
     "wrong_kind",
     {},
     {agent(1), chat(2, 1), tool(3, 1),
      with(of_kind(chat(4, 1), span_kind::internal), provider, "in_process")}},
    {"NameOfItsOwn", "wrong_name", {2}, {agent(1), named(chat(2, 1), "ChatOpenAI")}},
    {"NameLikeIt", "wrong_name", {2}, {agent(1), named(chat(2, 1), "chatter m")}},
    {"NamedByTheOperation", "wrong_name", {}, {named(agent(1), "invoke_agent"), chat(2, 1)}},
    {"TypeOnSuccess",
     "error_type_on_success",
     {2},
     {agent(1), with(chat(2, 1), "error.type", "x")}},
    {"TypeOnFailure", "error_type_on_success", {}, {agent(1), failed(chat(2, 1), "x")}},
    {"StatusOk", "status_ok", {1}, {ended(agent(1), span_status::ok)}},
    {"StatusUnset", "status_ok", {}, {agent(1), ended(plain(2, 1), span_status::ok)}},
    {"Messages", "content", {2}, {agent(1), with(chat(2, 1), "gen_ai.input.messages", "[...]")}},
    {"MessagesInAnEvent",
     "content",
     {2},
     {agent(1), with_event(chat(2, 1), "gen_ai.prompt", "hi")}},
    {"NoMessages", "content", {}, {agent(1), chat(2, 1), tool(3, 1)}},
    {"Key",
     "secret",
     {2},
     {agent(1), with(chat(2, 1), "header", ("Authorization: " + key_like).c_str())}},
    {"PasswordInAUrl",
     "secret",
     {2},
     {agent(1), with(chat(2, 1), "url.full", "https://me:pass@example.com/v1")}},
    {"KeyInAnEvent",
     "secret",
     {2},
     {agent(1), with_event(chat(2, 1), "exception.message", ("Bearer " + key_like).c_str())}},
    {"NoSecrets",
     "secret",
     {},
     {agent(1), with(with(chat(2, 1), "url.full", "https://example.com:443/a@b"), "text",
                     "risk-free; a sk-8 board; Bearer of news")}},
    {"TokensWithoutCalls", "usage_sum", {}, {using_tokens(agent(1), 10, 20)}},
    {"RootsInTheTimeOfAnAgentWithoutCalls",
     "detached_from_agent",
     {2, 3},
     {using_tokens(agent(1), 10, 20), in_trace(using_tokens(chat(2, 0), 10, 20), 2),
      in_trace(tool(3, 0), 3)}},
    {"RootsInTheTimeOfAnAgentWithCalls",
     "detached_from_agent",
     {},
     {using_tokens(agent(1), 10, 20), using_tokens(chat(2, 1), 10, 20),
      in_trace(using_tokens(chat(3, 0), 10, 20), 2)}},
    {"RootsOfAnotherService",
     "detached_from_agent",
     {},
     {using_tokens(agent(1), 10, 20), in_trace(from_service(chat(2, 0), "other"), 2)}},
    {"OldNameOfTheProvider",
     "missing_attribute",
     {},
     {agent(1), with(without(chat(2, 1), provider), "gen_ai.system", "openai")}},
    {"WhoseSpanItIs",
     "missing_attribute",
     {},
     {with(with(plain(1), conversation, "c"), "gen_ai.agent.name", "a")}},
    {"AttributeOfAVendor",
     "missing_attribute",
     {},
     {with(plain(1), "gen_ai.event.start_time", "t")}},
    {"WhatItDoes", "missing_attribute", {1}, {with(plain(1), model, "m")}},
    {"PromptOfMcp",
     "missing_attribute",
     {},
     {mcp(with(plain(1), "gen_ai.prompt.name", "p"), "prompts/get")}},
    {"TopKOf141", "wrong_type", {}, {with(agent(1), "gen_ai.request.top_k", 1.5)}},
    {"PortAsText", "wrong_type", {2}, {agent(1), with(chat(2, 1), "server.port", "443")}},
    {"AddressAsAUrl",
     "wrong_type",
     {2},
     {agent(1), with(chat(2, 1), "server.address", "https://api.openai.com/v1")}},
    {"NotOfTheConventions", "wrong_type", {}, {with(plain(1), "server.port", "443")}},
    {"ReasonOfTheProvider",
     "misspelt_value",
     {2},
     {agent(1), with(chat(2, 1), reasons, json::array{"stop", "tool_calls"})}},
    {"ReasonsKnownAndNew",
     "misspelt_value",
     {},
     {agent(1), with(chat(2, 1), reasons, json::array{"tool_call", "other"})}},
    {"FormerProvider",
     "unknown_provider",
     {2},
     {agent(1), with(chat(2, 1), provider, "az.ai.openai")}},
    {"ToldOnce",
     "deprecated_name",
     {2},
     {agent(1), with(chat(2, 1), "gen_ai.system", "openai"),
      with(chat(3, 1), "gen_ai.system", "openai")}},
    {"BothVersions",
     "deprecated_name",
     {},
     {agent(1), with(with(chat(2, 1), "gen_ai.usage.cache_creation.input_tokens", 1),
                     "gen_ai.usage.cache_write.input_tokens", 1)}},
    {"ToolOfMcp", "wrong_kind", {}, {agent(1), mcp(tool(2, 1), "tools/call")}},
    {"MessageAsAnEvent",
     "content",
     {2},
     {agent(1), with_event(chat(2, 1), "content", "hi", "gen_ai.user.message")}},
    {"ToolsThatWereOffered",
     "content",
     {2},
     {agent(1), with(chat(2, 1), "gen_ai.tool.definitions", "[1]")}},
    {"NothingCaptured",
     "content",
     {},
     {agent(1), with(chat(2, 1), "gcp.vertex.agent.llm_request", "{}")}},
    {"MetricOfFewerTokens",
     "metric_disagrees",
     {0},
     {agent(1), using_tokens(chat(2, 1), 10, 20)},
     {metric(in_metric, 9)}},
    {"MetricOfTheSameTokens",
     "metric_disagrees",
     {},
     {agent(1), using_tokens(chat(2, 1), 10, 20)},
     {metric(in_metric, 10)}},
    {"MetricOfAnotherModel",
     "metric_disagrees",
     {0},
     {agent(1), using_tokens(chat(2, 1), 10, 20),
      with(using_tokens(chat(3, 1), 10, 20), model, "n")},
     {metric(in_metric, 20, {{model, "m"}})}},
    {"MetricByModel",
     "metric_disagrees",
     {},
     {agent(1), using_tokens(chat(2, 1), 10, 20),
      with(using_tokens(chat(3, 1), 10, 20), model, "n")},
     {metric(in_metric, 10, {{model, "m"}}), metric(in_metric, 10, {{model, "n"}})}},
    {"FewerCallsMeasured",
     "metric_disagrees",
     {0},
     {agent(1), chat(2, 1), chat(3, 1)},
     {counted(call_time, 1)}},
    {"FailureMeasuredAsSuccess",
     "metric_disagrees",
     {0},
     {agent(1), chat(2, 1), failed(chat(3, 1), "429")},
     {counted(call_time, 1), counted(call_time, 1, {{"error.type", "500"}})}},
    {"FewerCallsInTheNamesOf141",
     "metric_disagrees",
     {0},
     {agent(1), chat(2, 1), chat(3, 1)},
     {counted(old_call_time, 1)}},
    {"CallsInTheNamesOfNow",
     "metric_disagrees",
     {},
     {agent(1), chat(2, 1), with(chat(3, 1), op, "embeddings")},
     {counted(call_time, 1), counted(old_call_time, 1)}},
    {"FewerCallsOfTheAgent",
     "metric_disagrees",
     {0},
     {agent(1), chat(2, 1), chat(3, 1)},
     {metric(calls_of_agent, 1)}},
    {"CallsOfTheInnerAgentAreItsOwn",
     "metric_disagrees",
     {},
     {agent(1), chat(2, 1), tool(3, 1, 30, 60), agent(4, 3, 31, 59), chat(5, 4, 32, 33)},
     {metric(calls_of_agent, 2), metric("gen_ai.invoke_agent.tool_calls", 1)}},
    {"TokensByTypeIn141",
     "metric_disagrees",
     {0},
     {agent(1), using_tokens(chat(2, 1), 10, 20)},
     {metric("gen_ai.client.token.usage", 10, {{"gen_ai.token.type", "input"}}),
      metric("gen_ai.client.token.usage", 19, {{"gen_ai.token.type", "output"}})}},
    {"SpansAfterTheMetric",
     "metric_disagrees",
     {},
     {agent(1, 0, 0, 3000), using_tokens(chat(2, 1), 10, 20),
      using_tokens(chat(3, 1, 2000, 2010), 10, 20)},
     {metric(in_metric, 10)}},
    {"SpansAtTheEdge",
     "metric_disagrees",
     {},
     {agent(1, 0, 0, 2000), using_tokens(chat(2, 1, 900, 1000), 10, 20)},
     {metric(in_metric, 0)}},
    {"OnlyTheLastPointOfASumCounts",
     "metric_disagrees",
     {0},
     {agent(1), using_tokens(chat(2, 1), 10, 20)},
     {metric(in_metric, 8), earlier(metric(in_metric, 7))}},
    {"EveryPointOfADeltaCounts",
     "metric_disagrees",
     {},
     {agent(1), using_tokens(chat(2, 1), 10, 20), using_tokens(chat(3, 1, 70, 80), 10, 20)},
     {delta(metric(in_metric, 10), 1, 50), delta(metric(in_metric, 10), 50, 100)}},
    {"OfAnotherInstrumentation",
     "metric_disagrees",
     {},
     {agent(1), of_scope(using_tokens(chat(2, 1), 10, 20), "other")},
     {metric(in_metric, 0)}},
    {"MetricOfMoreTokens",
     "metric_beyond_spans",
     {0},
     {agent(1), using_tokens(chat(2, 1), 10, 20)},
     {metric(in_metric, 11)}},
    {"MetricOfAsMany",
     "metric_beyond_spans",
     {},
     {agent(1), using_tokens(chat(2, 1), 10, 20)},
     {metric(in_metric, 10)}},
    {"HistoryThatIsNotThere",
     "history_missing",
     {2},
     {agent(1), with(chat(2, 1), after, reference(9).c_str())}},
    {"HistoryThatIsNone", "history_missing", {2}, {agent(1), with(chat(2, 1), after, "h0")}},
    {"HistoryThatIsThere",
     "history_missing",
     {},
     {agent(1), chat(2, 1), with(chat(3, 1), after, reference(2).c_str())}},
};

std::vector<unsigned> breaking(const example& e, const trace::check_options& options = {}) {
  std::vector<unsigned> who;
  for (const auto& f : trace::check(e.spans, e.metrics, options)) {
    if (f.rule->name == std::string_view(e.rule)) {
      who.push_back(f.span_id.empty() ? 0U : static_cast<unsigned>(std::stoul(f.span_id)));
    }
  }
  std::ranges::sort(who);
  return who;
}

class TraceCheck : public ::testing::TestWithParam<example> {};

TEST_P(TraceCheck, FindsExactlyWhatBreaksTheRule) {
  EXPECT_EQ(breaking(GetParam()), GetParam().who);
}
TEST_P(TraceCheck, WithThatRuleAloneToo) {
  const auto& e = GetParam();
  trace::check_options options{.only = {e.rule}};
  EXPECT_EQ(breaking(e, options), e.who);
  EXPECT_EQ(trace::check(e.spans, e.metrics, options).size(), e.who.size());
}
INSTANTIATE_TEST_SUITE_P(All, TraceCheck, ::testing::ValuesIn(examples),
                         [](const auto& i) { return std::string(i.param.name); });

TEST(TraceCheckTable, HasAPassingAndAFailingExampleOfEachRule) {
  std::set<std::string_view> passing;
  std::set<std::string_view> failing;
  for (const auto& e : examples) (e.who.empty() ? passing : failing).insert(e.rule);
  for (const auto& r : trace::rules()) {
    EXPECT_TRUE(passing.contains(r.name)) << r.name;
    EXPECT_TRUE(failing.contains(r.name)) << r.name;
    EXPECT_FALSE(r.explanation.empty());
  }
}

TEST(TraceCheckTable, AWholeTraceIsClean) {
  std::vector spans{using_tokens(agent(1), 10, 20), using_tokens(chat(2, 1), 5, 10), tool(3, 1),
                    using_tokens(chat(4, 1, 50, 60), 5, 10)};
  for (const auto& f : trace::check(spans)) ADD_FAILURE() << f.rule->name << ": " << f.message;
}

// Where nothing was sampled or removed, a metric that counts more is wrong, too.
TEST(TraceCheckTable, AllSpansMayBeThere) {
  std::vector spans{agent(1), using_tokens(chat(2, 1), 10, 20)};
  std::vector points{metric(in_metric, 11)};
  auto some = trace::check(spans, points, {.only = {"metric_disagrees", "metric_beyond_spans"}});
  ASSERT_EQ(some.size(), 1U);
  EXPECT_EQ(some[0].rule->name, "metric_beyond_spans");
  EXPECT_EQ(some[0].span, in_metric);
  auto all = trace::check(spans, points,
                          {.only = {"metric_disagrees", "metric_beyond_spans"},
                           .spans = trace::check_options::kept::all});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].rule->name, "metric_disagrees");
}

TEST(TraceCheckTable, HistoriesMayBeElsewhere) {
  std::vector spans{agent(1), with(chat(2, 1), after, reference(9).c_str())};
  auto found = trace::check(spans, {.history_elsewhere = [](const trace::span_reference& which) {
                              return which.span_id == digits(9, 16);
                            }});
  EXPECT_TRUE(found.empty());
}

TEST(TraceCheckTable, ContentMayBeAllowed) {
  std::vector spans{agent(1), with(chat(2, 1), "gen_ai.input.messages", "[...]")};
  EXPECT_TRUE(trace::check(spans, {.content = trace::check_options::content::allowed}).empty());
}

TEST(TraceCheckTable, OursOwnAnAccount) {
  auto ours = agent(1);
  ours.scope_name = "skein";
  auto found = trace::check(std::vector{ours, using_tokens(chat(2, 1), 10, 20)});
  EXPECT_EQ(found.size(), 2U);
}

// What it says never has what people said.
TEST(TraceCheckTable, MessagesQuoteNoContent) {
  std::vector spans{agent(1), with(with(chat(2, 1), "gen_ai.input.messages", "canary"), "note",
                                   ("canary " + key_like).c_str())};
  for (const auto& f : trace::check(spans)) {
    EXPECT_FALSE(f.message.contains("canary")) << f.message;
    EXPECT_FALSE(f.message.contains(key_like)) << f.message;
  }
}

}  // namespace
}  // namespace skein::test
