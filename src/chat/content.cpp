#include "chat/content.hpp"

#include <skein/json/base64.hpp>
#include <skein/json/text.hpp>

namespace skein::detail {

namespace {

std::string_view modality(media_kind k) {
  switch (k) {
    case media_kind::image:
      return "image";
    case media_kind::audio:
      return "audio";
    case media_kind::video:
      return "video";
    case media_kind::file:
      return "document";
  }
  return "document";
}

json::object named(std::string_view type) { return {{"type", type}}; }

struct to_part {
  json::object operator()(const text_part& p) const {
    auto o = named("text");
    o["content"] = json::valid_utf8(p.text);
    return o;
  }
  json::object operator()(const reasoning_part& p) const {
    auto o = named("reasoning");
    o["content"] = json::valid_utf8(p.text);
    return o;
  }
  json::object operator()(const tool_call_part& p) const {
    auto o = named("tool_call");
    o["id"] = p.id;
    o["name"] = p.name;
    o["arguments"] = arguments_value(p.arguments);
    return o;
  }
  json::object operator()(const tool_result_part& p) const {
    auto o = named("tool_call_response");
    o["id"] = p.call_id;
    o["response"] = json::valid_utf8(p.content);
    return o;
  }
  json::object operator()(const media_part& p) const {
    auto o = named(p.uri.empty() ? "blob" : "uri");
    o["modality"] = modality(p.kind);
    if (!p.media_type.empty()) o["mime_type"] = p.media_type;
    if (p.uri.empty()) {
      std::string text;
      json::append_base64(text, p.bytes);
      o["content"] = text;
    } else {
      o["uri"] = json::valid_utf8(p.uri);
    }
    return o;
  }
  json::object operator()(const error_part& p) const {
    auto o = named("error");
    o["code"] = p.code;
    o["message"] = json::valid_utf8(p.message);
    return o;
  }
  json::object operator()(const raw_part& p) const {
    auto o = named("generic");
    o["provider"] = p.provider;
    o["value"] = p.value;
    return o;
  }
};

}  // namespace

json::value arguments_value(std::string_view arguments) {
  auto parsed = json::parse_text(arguments);
  if (parsed) return *std::move(parsed);
  return json::value(json::valid_utf8(arguments));
}

std::string messages_attribute(std::span<const message> messages) {
  json::array all;
  for (const auto& m : messages) {
    json::array parts;
    for (const auto& p : m.parts) parts.push_back(std::visit(to_part{}, p));
    json::object o{{"role", name_of(m.role)}, {"parts", std::move(parts)}};
    if (!m.name.empty()) o["name"] = m.name;
    all.push_back(std::move(o));
  }
  return json::write_text(all);
}

std::string instructions_attribute(std::string_view instructions) {
  auto o = named("text");
  o["content"] = json::valid_utf8(instructions);
  return json::write_text(json::array{std::move(o)});
}

std::string definitions_attribute(std::span<const tool_definition> tools) {
  json::array all;
  for (const auto& t : tools) {
    auto o = named("function");
    o["name"] = t.name;
    if (!t.description.empty()) o["description"] = json::valid_utf8(t.description);
    o["parameters"] = t.parameters;
    all.push_back(std::move(o));
  }
  return json::write_text(all);
}

}  // namespace skein::detail
