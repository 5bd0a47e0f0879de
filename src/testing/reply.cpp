#include "testing/reply.hpp"

#include <algorithm>
#include <exception>
#include <format>
#include <string_view>
#include <utility>

#include <boost/beast/http/status.hpp>

#include <skein/testing/openai_bytes.hpp>

#include "testing/protocol.hpp"
#include "testing/requests.hpp"

namespace skein::testing {
namespace {

namespace beast_http = boost::beast::http;

api_error invalid(int status, std::string message, std::string code = {}, std::string param = {}) {
  return {.status = status,
          .message = std::move(message),
          .type = "invalid_request_error",
          .code = std::move(code),
          .param = std::move(param)};
}

reply list_models(const server_options& options) {
  json::array data;
  for (const auto& model : options.models) {
    data.push_back(json::object{
        {"id", model}, {"object", "model"}, {"created", 1'700'000'000}, {"owned_by", "skein"}});
  }
  return {.pieces = {json::serialize(json::object{{"object", "list"}, {"data", std::move(data)}})}};
}

reply refuse_in(const protocol& spoken, const api_error& error) {
  return {.status = static_cast<unsigned>(error.status),
          .pieces = {json::serialize(spoken.error(error))}};
}

reply play(const protocol& spoken, const json::value& request, const scripted_turn& turn) {
  const auto what = turn.fault.value_or(fault{});
  if (auto error = http_error(turn)) {
    auto refused = refuse_in(spoken, *error);
    if (what.kind == fault_kind::rate_limited) {
      refused.headers.emplace_back("Retry-After", std::to_string(what.retry_after.count()));
    }
    refused.fault = what;
    refused.first_delay = turn.first_delay;
    return refused;
  }
  reply to{.fault = what,
           .pieces_per_write = std::max<std::size_t>(turn.events_per_write, 1),
           .first_delay = turn.first_delay,
           .delay = turn.chunk_delay};
  if (what.kind == fault_kind::slow) {
    to.first_delay += what.delay;
    to.delay += what.delay;
    to.pieces_per_write = 1;
  }
  to.streamed = wants_stream(request);
  if (to.streamed) {
    to.content_type = spoken.stream_type;
    to.headers.emplace_back("Cache-Control", "no-cache");
    to.pieces = events_of(spoken, request, turn);
  } else {
    auto whole = turn;  // the sender cuts the body, and must know its full length to say it
    using enum fault_kind;
    if (what.kind == cut || what.kind == stall || what.kind == reset) whole.fault.reset();
    to.pieces = {body_of(spoken, request, whole)};
  }
  return to;
}

reply chat(const protocol& spoken, const http_request& from, std::string_view path,
           const responder& respond) {
  const auto refused = [&](const api_error& error) { return refuse_in(spoken, error); };
  boost::system::error_code ec;
  boost::json::parse_options deep;
  deep.max_depth = 512;  // tools carry schemas, and schemas nest
  auto body = json::parse(from.body(), ec, {}, deep);
  if (ec || !body.is_object()) {
    return refused(invalid(400, "We could not parse the JSON body of your request: " +
                                    (ec ? ec.message() : std::string{"it is not an object"})));
  }
  const bool holds = body.get_object().contains(spoken.holds);
  const auto request = spoken.chat_form(std::move(body), path);
  if (const auto* model = member(request, "model"); !model || !model->is_string()) {
    return refused(invalid(400, "you must provide a model parameter", {}, "model"));
  }
  if (const auto* messages = member(request, "messages");
      !holds || !messages || !messages->is_array()) {
    return refused(invalid(400, std::format("Missing required parameter: '{}'.", spoken.holds),
                           "missing_required_parameter", std::string(spoken.holds)));
  }
  try {
    return play(spoken, request, respond(request));
  } catch (const std::exception& e) {
    return refused({.message = std::format("The script threw an exception: {}", e.what())});
  }
}

// As any of the protocols sends it; empty if none does.
std::string_view key_in(const http_request& request) {
  for (const std::string_view name : {"authorization", "x-api-key", "x-goog-api-key"}) {
    if (const auto found = request.find(name); found != request.end()) {
      std::string_view key{found->value().data(), found->value().size()};
      if (name == "authorization") key.remove_prefix(key.starts_with("Bearer ") ? 7 : key.size());
      return key;
    }
  }
  return {};
}

}  // namespace

reply refuse(const api_error& error) { return refuse_in(chat_completions, error); }

reply answer(const http_request& request, const responder& respond, const server_options& options) {
  const std::string_view target{request.target().data(), request.target().size()};
  const auto path = target.substr(0, target.find_first_of("?#"));
  const std::string_view method{request.method_string().data(), request.method_string().size()};
  const auto* spoken = protocol_at(path);
  if (!spoken && !path.ends_with("/models")) {
    return refuse(invalid(
        404,
        std::format("Unknown request URL: {} {}. This server knows GET <prefix>/models and POST "
                    "<prefix>/chat/completions, /responses, /messages, /api/chat, and "
                    "/models/<model>:generateContent and :streamGenerateContent.",
                    method, target),
        "unknown_url"));
  }
  const auto refused = [&](const api_error& error) {
    return refuse_in(spoken ? *spoken : chat_completions, error);
  };
  if (request.method() != (spoken ? beast_http::verb::post : beast_http::verb::get)) {
    auto wrong = refused(invalid(405, std::format("Not allowed to {} on {}", method, path)));
    wrong.headers.emplace_back("Allow", spoken ? "POST" : "GET");
    return wrong;
  }
  if (options.require_key && key_in(request) != *options.require_key) {
    return refused(key_in(request).empty()
                       ? invalid(401,
                                 "You didn't provide an API key: send it as 'Authorization: "
                                 "Bearer YOUR_KEY'.")
                       : invalid(401, "Incorrect API key provided.", "invalid_api_key"));
  }
  return spoken ? chat(*spoken, request, path, respond) : list_models(options);
}

std::string head_of(const reply& reply, unsigned http_version, bool keep_alive) {
  const auto reason = beast_http::obsolete_reason(static_cast<beast_http::status>(reply.status));
  std::string head =
      std::format("HTTP/1.1 {} {}\r\nServer: skein\r\nContent-Type: {}\r\n", reply.status,
                  std::string_view{reason.data(), reason.size()}, reply.content_type);
  for (const auto& [name, value] : reply.headers) head += std::format("{}: {}\r\n", name, value);
  if (!reply.streamed) {
    std::size_t length = 0;
    for (const auto& piece : reply.pieces) length += piece.size();
    head += std::format("Content-Length: {}\r\n", length);
  } else if (http_version >= 11) {
    head += "Transfer-Encoding: chunked\r\n";
  }
  head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace skein::testing
