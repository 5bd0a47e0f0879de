// What is asked of a model: messages, tool definitions, and options with designated initialisers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <skein/chat/content_history.hpp>
#include <skein/chat/message.hpp>
#include <skein/json/value.hpp>
#include <skein/telemetry/content.hpp>

namespace skein {

// What a model is told of a tool. `parameters` is a JSON Schema (2020-12) of an object.
struct tool_definition {
  std::string name;
  std::string description;
  json::value parameters = json::object{{"type", "object"}, {"properties", json::object{}}};
};

// What a model is told of all its tools, in this order. Never changes, so copies share it.
class tool_definitions {
 public:
  tool_definitions() = default;
  tool_definitions(std::vector<tool_definition> all);
  tool_definitions(std::initializer_list<tool_definition> all)
      : tool_definitions(std::vector<tool_definition>(all)) {}

  operator const std::vector<tool_definition>&() const noexcept {
    static const std::vector<tool_definition> none;
    return all_ ? *all_ : none;
  }
  [[nodiscard]] std::size_t size() const noexcept { return list().size(); }
  [[nodiscard]] bool empty() const noexcept { return list().empty(); }
  [[nodiscard]] const tool_definition& operator[](std::size_t i) const { return list()[i]; }
  [[nodiscard]] auto begin() const noexcept { return list().begin(); }
  [[nodiscard]] auto end() const noexcept { return list().end(); }
  // Of their names, descriptions and schemas as JSON text, nearly.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  [[nodiscard]] const std::vector<tool_definition>& list() const noexcept { return *this; }
  std::shared_ptr<const std::vector<tool_definition>> all_;
  std::size_t bytes_ = 0;
};

enum class tool_mode : std::uint8_t { automatic, none, required };

// `name` forces one tool (with `required`).
struct tool_choice {
  tool_mode mode = tool_mode::automatic;
  std::string name = {};
};

struct json_object_format {};
// `schema` is a JSON Schema; with `strict` the provider guarantees it where it can.
struct json_schema_format {
  std::string name;
  json::value schema;
  std::optional<bool> strict = {};
};
using response_format = std::variant<json_object_format, json_schema_format>;
// Where a provider takes a json_schema_format. Many that hold a model to a schema by a grammar
// leave it no way to call a tool.
enum class schema_formats : std::uint8_t { taken, taken_without_tools, refused };

// Every field that is not set is not sent, and the provider's default holds.
struct chat_options {
  std::string model = {};  // empty: the client's
  std::optional<double> temperature = {};
  std::optional<double> top_p = {};
  std::optional<std::int64_t> top_k = {};
  std::optional<std::int64_t> max_tokens = {};
  std::vector<std::string> stop = {};
  std::optional<std::int64_t> seed = {};
  std::optional<double> frequency_penalty = {};
  std::optional<double> presence_penalty = {};
  std::map<std::string, double> logit_bias = {};
  std::optional<bool> logprobs = {};
  std::optional<std::int64_t> top_logprobs = {};
  std::string reasoning_effort = {};  // e.g. low, medium, high
  std::string verbosity = {};
  std::string service_tier = {};
  std::string user = {};
  std::optional<bool> store = {};
  std::map<std::string, std::string> metadata = {};
  std::optional<skein::tool_choice> tool_choice = {};
  std::optional<bool> parallel_tool_calls = {};
  std::optional<skein::response_format> response_format = {};
  std::string conversation_id = {};  // recorded as gen_ai.conversation.id
  // A stored response that this request goes on from: then `messages` holds only what came after
  // it. Providers that store no responses throw usage_error; so for the next two.
  std::string previous_response_id = {};
  // The provider works on although nobody listens; `continuation` of the answer takes it up again.
  std::optional<bool> background = {};
  // Takes up that answer from its beginning instead of asking; messages are not sent.
  std::string continuation_token = {};
  bool streaming = true;         // false: one plain HTTP answer, same updates
  json::object extra_body = {};  // merged over the request body, last
  std::vector<std::pair<std::string, std::string>> extra_headers = {};
  // Whether and how this request's content is recorded; unset: as the client says.
  std::optional<telemetry::content_policy> content = {};
};

struct chat_request {
  std::string instructions = {};  // come first, as the provider takes them
  std::vector<message> messages = {};
  tool_definitions tools = {};
  content_history* history =
      nullptr;  // for telemetry only; borrowed, for the request and its layers
};

}  // namespace skein
