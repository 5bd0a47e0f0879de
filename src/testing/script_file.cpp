#include <array>
#include <cstdint>
#include <format>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/testing/script.hpp>

namespace skein::testing {
namespace {

// A place in the file, for reading and for complaining.
class place {
 public:
  place(const json::value& value, std::string path) : value_(&value), path_(std::move(path)) {}

  [[noreturn]] void fail(const std::string& message) const { throw schema_error(path_, message); }

  [[nodiscard]] const json::value& value() const { return *value_; }

  [[nodiscard]] const json::object& object() const {
    if (!value_->is_object()) fail("must be an object");
    return value_->get_object();
  }
  [[nodiscard]] const json::array& array() const {
    if (!value_->is_array()) fail("must be an array");
    return value_->get_array();
  }
  [[nodiscard]] std::string text() const {
    if (!value_->is_string()) fail("must be a string");
    return std::string{value_->get_string()};
  }
  [[nodiscard]] std::string text_or_json() const {
    return value_->is_string() ? text() : json::serialize(*value_);
  }
  [[nodiscard]] bool boolean() const {
    if (!value_->is_bool()) fail("must be true or false");
    return value_->get_bool();
  }
  [[nodiscard]] std::uint32_t number() const {
    boost::system::error_code ec;
    const auto n = value_->to_number<std::uint32_t>(ec);
    if (ec || value_->is_double()) fail("must be a whole number, 0 or more");
    return n;
  }

  [[nodiscard]] bool has(std::string_view name) const { return object().contains(name); }
  [[nodiscard]] place operator[](std::string_view name) const {
    const auto* found = object().if_contains(name);
    if (!found) fail(std::format("must have a member \"{}\"", name));
    return {*found, std::format("{}.{}", path_, name)};
  }
  [[nodiscard]] place operator[](std::size_t index) const {
    return {array()[index], std::format("{}[{}]", path_, index)};
  }

  void only(std::initializer_list<std::string_view> names) const {
    for (const auto& entry : object()) {
      bool known = false;
      for (auto name : names) known = known || name == std::string_view{entry.key()};
      if (!known)
        fail(std::format("has a member \"{}\", which no script knows",
                         std::string_view{entry.key()}));
    }
  }

  // Reads the member, if there is one, with `read` into `target`.
  template <class Target, class Read>
  void maybe(std::string_view name, Target& target, Read read) const {
    if (has(name)) target = ((*this)[name].*read)();
  }
  template <class Duration>
  void maybe_time(std::string_view name, Duration& target) const {
    if (has(name)) target = Duration{(*this)[name].number()};
  }

 private:
  const json::value* value_;
  std::string path_;
};

void read_match(const place& from, rule& to) {
  from.only({"userMessage", "systemMessage", "hasToolResult", "toolName", "model", "turnIndex"});
  from.maybe("userMessage", to.user_message, &place::text);
  from.maybe("systemMessage", to.system_message, &place::text);
  from.maybe("hasToolResult", to.has_tool_result, &place::boolean);
  from.maybe("toolName", to.tool, &place::text);
  from.maybe("model", to.model, &place::text);
  from.maybe("turnIndex", to.turn, &place::number);
}

void read_calls(const place& from, scripted_turn& to) {
  for (std::size_t i = 0; i < from.array().size(); ++i) {
    const auto call = from[i];
    call.only({"id", "name", "arguments"});
    auto& added = to.calls.emplace_back(scripted_call{.id = std::format("call_{}", i + 1)});
    added.name = call["name"].text();
    call.maybe("id", added.id, &place::text);
    call.maybe("arguments", added.arguments, &place::text_or_json);
  }
}

void read_error(const place& from, scripted_turn& to) {
  from.only({"error", "status"});
  const auto error = from["error"];
  error.only({"message", "type", "code", "param"});
  auto& read = to.error.emplace();
  error.maybe("message", read.message, &place::text);
  error.maybe("type", read.type, &place::text);
  error.maybe("code", read.code, &place::text);
  error.maybe("param", read.param, &place::text);
  if (!from.has("status")) return;
  read.status = static_cast<int>(from["status"].number());
  if (read.status < 400 || read.status > 599) from["status"].fail("must be from 400 to 599");
}

void read_usage(const place& from, skein::usage& to) {
  from.only(
      {"prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens"});
  from.maybe("prompt_tokens", to.input, &place::number);
  from.maybe("completion_tokens", to.output, &place::number);
  from.maybe("cached_tokens", to.cache_read, &place::number);
  from.maybe("reasoning_tokens", to.reasoning, &place::number);
}

void read_response(const place& from, scripted_turn& to) {
  if (from.has("error")) return read_error(from, to);
  from.only({"content", "chunks", "reasoning", "toolCalls", "finishReason", "usage"});
  from.maybe("content", to.text, &place::text_or_json);
  from.maybe("reasoning", to.reasoning, &place::text);
  from.maybe("finishReason", to.finish, &place::text);
  if (from.has("toolCalls")) read_calls(from["toolCalls"], to);
  if (from.has("usage")) read_usage(from["usage"], to.usage);
  if (!from.has("chunks")) return;
  const auto chunks = from["chunks"];
  for (std::size_t i = 0; i < chunks.array().size(); ++i) to.chunks.push_back(chunks[i].text());
}

fault_kind read_kind(const place& from) {
  using enum fault_kind;
  static constexpr std::array<std::pair<std::string_view, fault_kind>, 10> names{
      {{"none", none},
       {"cut", cut},
       {"stall", stall},
       {"reset", reset},
       {"slow", slow},
       {"malformed", malformed},
       {"rate_limited", rate_limited},
       {"server_error", server_error},
       {"no_done", no_done},
       {"error_event", error_event}}};
  const auto text = from.text();
  std::string all;
  for (const auto& [name, kind] : names) {
    if (text == name) return kind;
    all += (all.empty() ? "" : ", ") + std::string{name};
  }
  from.fail(std::format("\"{}\" is no fault; there are {}", text, all));
}

void read_fault(const place& from, scripted_turn& to) {
  from.only({"kind", "at", "delay", "retryAfter"});
  auto& read = to.fault.emplace();
  read.kind = read_kind(from["kind"]);
  from.maybe("at", read.at, &place::number);
  from.maybe_time("delay", read.delay);
  from.maybe_time("retryAfter", read.retry_after);
}

bool is_about_chat(const place& fixture) {
  if (fixture.has("match") && fixture["match"].has("inputText")) return false;
  return !fixture["response"].has("embedding");
}

rule read_rule(const place& from) {
  from.only({"match", "response", "chunkSize", "firstDelay", "latency", "fault"});
  rule read;
  if (from.has("match")) read_match(from["match"], read);
  read_response(from["response"], read.answer);
  from.maybe("chunkSize", read.answer.chunk_size, &place::number);
  from.maybe_time("firstDelay", read.answer.first_delay);
  from.maybe_time("latency", read.answer.chunk_delay);
  if (from.has("fault")) read_fault(from["fault"], read.answer);
  return read;
}

}  // namespace

std::vector<rule> parse_rules(std::string_view text) {
  boost::system::error_code ec;
  const auto parsed = json::parse(text, ec);
  if (ec) throw schema_error("$", "the script is not JSON: " + ec.message());
  const place root(parsed, "$");
  if (parsed.is_object()) root.only({"fixtures"});
  const auto list = parsed.is_object() ? root["fixtures"] : root;
  std::vector<rule> read;
  for (std::size_t i = 0; i < list.array().size(); ++i) {
    if (is_about_chat(list[i])) read.push_back(read_rule(list[i]));
  }
  return read;
}

}  // namespace skein::testing
