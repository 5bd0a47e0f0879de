#include "chat/content.hpp"

#include <skein/json/base64.hpp>
#include <skein/json/text.hpp>
#include <skein/telemetry/conventions.hpp>

#include "telemetry/shape.hpp"

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

content<json::value> messages_content(std::span<const message> messages) {
  json::array all;
  for (const auto& m : messages) {
    json::array parts;
    for (const auto& p : m.parts) parts.push_back(std::visit(to_part{}, p));
    json::object o{{"role", name_of(m.role)}, {"parts", std::move(parts)}};
    if (!m.name.empty()) o["name"] = m.name;
    all.push_back(std::move(o));
  }
  return content<json::value>(std::move(all));
}

content<json::value> instructions_content(std::string_view instructions) {
  auto o = named("text");
  o["content"] = json::valid_utf8(instructions);
  return content<json::value>(json::array{std::move(o)});
}

content<json::value> definitions_content(std::span<const tool_definition> tools) {
  json::array all;
  for (const auto& t : tools) {
    auto o = named("function");
    o["name"] = t.name;
    if (!t.description.empty()) o["description"] = json::valid_utf8(t.description);
    o["parameters"] = t.parameters;
    all.push_back(std::move(o));
  }
  return content<json::value>(std::move(all));
}

void set_request_content(telemetry::operation& span, const chat_request& request,
                         const telemetry::content_policy& policy) {
  namespace semconv = telemetry::semconv;
  if (!span.wants(policy)) return;
  std::span<const message> messages(request.messages);
  const auto here = span.identity();
  if (request.history != nullptr && here.IsValid()) {
    const auto known =
        request.history->known(messages, here, telemetry::effective(policy.rules().history));
    if (known.messages > 0) {
      span.set(semconv::history_after, known.where);
      span.set(semconv::history_omitted, static_cast<std::int64_t>(known.messages));
    }
    request.history->add(messages, here);
    messages = messages.subspan(known.messages);
  }
  span.set(semconv::input_messages, messages_content(messages), policy);
  if (!request.instructions.empty()) {
    span.set(semconv::system_instructions, instructions_content(request.instructions), policy);
  }
  if (!request.tools.empty()) {
    span.set(semconv::tool_definitions, definitions_content(request.tools), policy);
  }
}

}  // namespace skein::detail
