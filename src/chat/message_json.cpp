#include <array>
#include <format>
#include <utility>

#include <skein/chat/message_json.hpp>
#include <skein/json/base64.hpp>

namespace skein {

namespace {

using json::mismatch;

constexpr std::array roles{role::system, role::user, role::assistant, role::tool};
constexpr std::array<std::pair<media_kind, std::string_view>, 4> kinds{
    {{media_kind::image, "image"},
     {media_kind::audio, "audio"},
     {media_kind::video, "video"},
     {media_kind::file, "file"}}};

json::object typed(std::string_view type) { return {{"type", type}}; }

struct part_writer {
  json::object operator()(const text_part& p) const {
    auto o = typed("text");
    o["text"] = p.text;
    return o;
  }
  json::object operator()(const reasoning_part& p) const {
    auto o = typed("reasoning");
    o["text"] = p.text;
    if (!p.opaque.empty()) o["opaque"] = p.opaque;
    return o;
  }
  json::object operator()(const tool_call_part& p) const {
    auto o = typed("tool_call");
    o["id"] = p.id;
    o["name"] = p.name;
    o["arguments"] = p.arguments;
    if (!p.opaque.empty()) o["opaque"] = p.opaque;
    return o;
  }
  json::object operator()(const tool_result_part& p) const {
    auto o = typed("tool_result");
    o["call_id"] = p.call_id;
    o["name"] = p.name;
    o["content"] = p.content;
    if (p.outcome == tool_outcome::error) o["outcome"] = "error";
    return o;
  }
  json::object operator()(const media_part& p) const {
    auto o = typed("media");
    for (const auto& [kind, name] : kinds) {
      if (kind == p.kind) o["kind"] = name;
    }
    if (!p.media_type.empty()) o["media_type"] = p.media_type;
    if (!p.name.empty()) o["name"] = p.name;
    if (!p.uri.empty()) {
      o["uri"] = p.uri;
    } else {
      std::string text;
      json::append_base64(text, p.bytes);
      o["bytes"] = text;
    }
    return o;
  }
  json::object operator()(const error_part& p) const {
    auto o = typed("error");
    o["code"] = p.code;
    o["message"] = p.message;
    return o;
  }
  json::object operator()(const raw_part& p) const {
    auto o = typed("raw");
    o["provider"] = p.provider;
    o["value"] = p.value;
    return o;
  }
};

// Reads members of one object; the first thing wrong is kept.
class reader {
 public:
  reader(const json::value& v, std::string path) : path_(std::move(path)) {
    object_ = v.if_object();
    if (object_ == nullptr) failed_ = mismatch{path_, "expected an object"};
  }
  std::string text(std::string_view key, bool required) {
    const auto* v = member(key, required);
    if (v == nullptr) return {};
    if (const auto* s = v->if_string()) return std::string(*s);
    fail(key, "expected a string");
    return {};
  }
  const json::value* member(std::string_view key, bool required) {
    const auto* v = object_ != nullptr ? object_->if_contains(key) : nullptr;
    if (v == nullptr && required) fail(key, "is missing");
    return v;
  }
  void fail(std::string_view key, std::string message) {
    if (!failed_) failed_ = mismatch{std::format("{}.{}", path_, key), std::move(message)};
  }
  [[nodiscard]] const std::optional<mismatch>& failed() const { return failed_; }

 private:
  const json::object* object_ = nullptr;
  std::string path_;
  std::optional<mismatch> failed_;
};

std::expected<part, mismatch> read_part(const json::value& v, const std::string& path) {
  reader r(v, path);
  auto type = r.text("type", true);
  std::optional<part> p;
  if (type == "text") {
    p = text_part{r.text("text", true)};
  } else if (type == "reasoning") {
    p = reasoning_part{r.text("text", true), r.text("opaque", false)};
  } else if (type == "tool_call") {
    p = tool_call_part{r.text("id", true), r.text("name", true), r.text("arguments", true),
                       r.text("opaque", false)};
  } else if (type == "tool_result") {
    p = tool_result_part{
        r.text("call_id", true), r.text("name", true), r.text("content", true),
        r.text("outcome", false) == "error" ? tool_outcome::error : tool_outcome::ok};
  } else if (type == "media") {
    media_part m{.media_type = r.text("media_type", false),
                 .uri = r.text("uri", false),
                 .name = r.text("name", false)};
    auto kind = r.text("kind", true);
    bool known = false;
    for (const auto& [k, name] : kinds) {
      if (name == kind) {
        m.kind = k;
        known = true;
      }
    }
    if (!known) r.fail("kind", "expected image, audio, video or file");
    auto bytes = json::from_base64(r.text("bytes", m.uri.empty()));
    if (!bytes) r.fail("bytes", "expected base64");
    m.bytes = std::move(bytes).value_or("");
    p = std::move(m);
  } else if (type == "error") {
    p = error_part{r.text("code", true), r.text("message", true)};
  } else if (type == "raw") {
    const auto* value = r.member("value", true);
    p = raw_part{r.text("provider", true), value != nullptr ? *value : json::value()};
  } else {
    r.fail("type", "this version knows no such part");
  }
  if (r.failed()) return std::unexpected(*r.failed());
  return *std::move(p);
}

std::expected<message, mismatch> read_message(const json::value& v, const std::string& path) {
  reader r(v, path);
  message m{.name = r.text("name", false)};
  auto name = r.text("role", true);
  bool known = false;
  for (auto candidate : roles) {
    if (name_of(candidate) == name) {
      m.role = candidate;
      known = true;
    }
  }
  if (!known) r.fail("role", "expected system, user, assistant or tool");
  const auto* parts = r.member("parts", true);
  const auto* list = parts != nullptr ? parts->if_array() : nullptr;
  if (list == nullptr) {
    r.fail("parts", "expected an array");
  } else {
    for (std::size_t i = 0; i < list->size(); ++i) {
      auto p = read_part((*list)[i], std::format("{}.parts[{}]", path, i));
      if (!p) return std::unexpected(p.error());
      m.parts.push_back(*std::move(p));
    }
  }
  if (r.failed()) return std::unexpected(*r.failed());
  return m;
}

}  // namespace

json::value message_to_json(const message& m) {
  json::array parts;
  for (const auto& p : m.parts) parts.push_back(std::visit(part_writer{}, p));
  json::object o{{"role", name_of(m.role)}, {"parts", std::move(parts)}};
  if (!m.name.empty()) o["name"] = m.name;
  return o;
}

std::expected<message, mismatch> message_from_json(const json::value& v) {
  return read_message(v, "$");
}

json::value messages_to_json(std::span<const message> messages) {
  json::array all;
  for (const auto& m : messages) all.push_back(message_to_json(m));
  return all;
}

std::expected<std::vector<message>, mismatch> messages_from_json(const json::value& v) {
  const auto* list = v.if_array();
  if (list == nullptr) return std::unexpected(mismatch{"$", "expected an array of messages"});
  std::vector<message> all;
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto m = read_message((*list)[i], std::format("$[{}]", i));
    if (!m) return std::unexpected(m.error());
    all.push_back(*std::move(m));
  }
  return all;
}

}  // namespace skein
