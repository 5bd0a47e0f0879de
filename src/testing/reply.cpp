#include "testing/reply.hpp"

#include <algorithm>
#include <exception>
#include <format>
#include <string_view>

#include <boost/beast/http/status.hpp>

#include <skein/testing/openai_bytes.hpp>

#include "testing/requests.hpp"

namespace skein::testing {
namespace {

namespace http = boost::beast::http;

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

reply play(const json::value& request, const scripted_turn& turn) {
  const auto what = turn.fault.value_or(fault{});
  if (auto error = http_error(turn)) {
    auto refused = refuse(*error);
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
    to.content_type = "text/event-stream; charset=utf-8";
    to.headers.emplace_back("Cache-Control", "no-cache");
    to.pieces = sse_events(request, turn);
  } else {
    auto whole = turn;  // the sender cuts the body, and must know its full length to say it
    using enum fault_kind;
    if (what.kind == cut || what.kind == stall || what.kind == reset) whole.fault.reset();
    to.pieces = {response_bytes(request, whole)};
  }
  return to;
}

reply chat(const http_request& from, const responder& respond) {
  boost::system::error_code ec;
  boost::json::parse_options deep;
  deep.max_depth = 512;  // tools carry schemas, and schemas nest
  const auto request = json::parse(from.body(), ec, {}, deep);
  if (ec || !request.is_object()) {
    return refuse(invalid(400, "We could not parse the JSON body of your request: " +
                                   (ec ? ec.message() : std::string{"it is not an object"})));
  }
  const auto& object = request.get_object();
  if (const auto* model = object.if_contains("model"); !model || !model->is_string()) {
    return refuse(invalid(400, "you must provide a model parameter", {}, "model"));
  }
  if (const auto* messages = object.if_contains("messages"); !messages || !messages->is_array()) {
    return refuse(invalid(400, "Missing required parameter: 'messages'.",
                          "missing_required_parameter", "messages"));
  }
  try {
    return play(request, respond(request));
  } catch (const std::exception& e) {
    return refuse({.message = std::format("The script threw an exception: {}", e.what())});
  }
}

}  // namespace

reply refuse(const api_error& error) {
  return {.status = static_cast<unsigned>(error.status), .pieces = {error_body(error)}};
}

reply answer(const http_request& request, const responder& respond, const server_options& options) {
  const std::string_view target{request.target().data(), request.target().size()};
  const auto path = target.substr(0, target.find_first_of("?#"));
  const std::string_view method{request.method_string().data(), request.method_string().size()};
  const bool is_chat = path.ends_with("/chat/completions");
  if (!is_chat && !path.ends_with("/models")) {
    return refuse(invalid(404,
                          std::format("Unknown request URL: {} {}. This server knows POST "
                                      "<prefix>/chat/completions and GET <prefix>/models.",
                                      method, target),
                          "unknown_url"));
  }
  if (request.method() != (is_chat ? http::verb::post : http::verb::get)) {
    auto refused = refuse(invalid(405, std::format("Not allowed to {} on {}", method, path)));
    refused.headers.emplace_back("Allow", is_chat ? "POST" : "GET");
    return refused;
  }
  if (options.require_key &&
      request[http::field::authorization] != "Bearer " + *options.require_key) {
    const bool missing = request.count(http::field::authorization) == 0;
    return refuse(missing ? invalid(401,
                                    "You didn't provide an API key: send it as 'Authorization: "
                                    "Bearer YOUR_KEY'.")
                          : invalid(401, "Incorrect API key provided.", "invalid_api_key"));
  }
  return is_chat ? chat(request, respond) : list_models(options);
}

std::string head_of(const reply& reply, unsigned http_version, bool keep_alive) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(reply.status));
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
