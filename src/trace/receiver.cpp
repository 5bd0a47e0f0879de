#include "trace/receiver.hpp"

#include <algorithm>
#include <cctype>
#include <format>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/json/text.hpp>
#include <skein/trace/otlp.hpp>

#include "trace/gzip.hpp"

namespace skein::trace {

namespace {

constexpr std::string_view protobuf_type = "application/x-protobuf";
constexpr std::string_view json_type = "application/json";

// Of google.rpc.Code.
enum class rpc : int { invalid_argument = 3, unimplemented = 12, unavailable = 14 };

// Without its parameters, in lower case.
std::string media_type(std::string_view field) {
  std::string out(field.substr(0, field.find(';')));
  std::erase_if(out, [](char c) { return c == ' ' || c == '\t'; });
  std::ranges::transform(out, out.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return out;
}

rpc code_of(int status) {
  if (status == 503) return rpc::unavailable;
  return status == 404 || status == 405 ? rpc::unimplemented : rpc::invalid_argument;
}

// An Export...ServiceResponse: partial_success = 1 with rejected = 1 and error_message = 2, for all
// signals alike.
std::string response_body(bool json, std::size_t rejected, const std::string& why) {
  if (json) {
    if (rejected == 0) return "{}";
    return json::write_text(
        json::object{{"partialSuccess", json::object{{"rejectedSpans", std::to_string(rejected)},
                                                     {"errorMessage", why}}}});
  }
  std::string out;
  if (rejected == 0) return out;
  {
    // Done before `out` goes: the length is written last.
    protozero::pbf_writer response(out);
    protozero::pbf_writer partial(response, 1);
    partial.add_int64(1, static_cast<std::int64_t>(rejected));
    partial.add_string(2, why);
  }
  return out;
}

}  // namespace

// A google.rpc.Status: code = 1, message = 2.
receiver_reply refuse(int status, std::string_view message, std::string_view content_type) {
  receiver_reply reply{.status = status, .retry = status == 503};
  auto code = static_cast<int>(code_of(status));
  if (media_type(content_type) == protobuf_type) {
    reply.content_type = protobuf_type;
    protozero::pbf_writer out(reply.body);
    out.add_int32(1, code);
    out.add_string(2, std::string(message));
  } else {
    reply.content_type = json_type;
    reply.body = json::write_text(json::object{{"code", code}, {"message", message}});
  }
  return reply;
}

receiver_reply answer(const receiver_request& request, std::size_t body_limit,
                      const span_sink& keep) {
  auto no = [&](int status, std::string_view message) {
    return refuse(status, message, request.content_type);
  };
  auto path = request.target.substr(0, request.target.find('?'));
  const bool traces = path == "/v1/traces";
  if (!traces && path != "/v1/metrics" && path != "/v1/logs") {
    return no(404, "there are /v1/traces, /v1/metrics and /v1/logs here");
  }
  if (request.method != "POST") return no(405, "use POST");
  auto type = media_type(request.content_type);
  const bool json = type == json_type;
  if (!json && type != protobuf_type) {
    return no(415, "Content-Type must be application/x-protobuf or application/json");
  }

  std::string unpacked;
  auto body = request.body;
  auto encoding = media_type(request.content_encoding);
  if (encoding == "gzip") {
    auto out = gunzip(body, body_limit);
    if (!out && out.error() == gunzip_failure::too_large) {
      return no(413, std::format("the body unpacks to more than {} bytes", body_limit));
    }
    if (!out) return no(400, "the body is no gzip");
    unpacked = *std::move(out);
    body = unpacked;
  } else if (!encoding.empty() && encoding != "identity") {
    return no(415, "Content-Encoding must be gzip or identity");
  }

  receiver_reply reply{.content_type = std::string(json ? json_type : protobuf_type)};
  std::string why;
  if (traces) {
    otlp_spans read;
    if (json) {
      auto r = telemetry::read_otlp_json(body);
      if (!r) return no(400, r.error());
      read = *std::move(r);
    } else {
      auto r = read_protobuf(body);
      if (!r) return no(400, r.error().message);
      read = *std::move(r);
    }
    try {
      keep(read.spans);
    } catch (const error& e) {
      auto later = no(503, e.what());
      later.failure = e.what();
      return later;
    }
    reply.spans = read.spans.size();
    reply.rejected = read.rejected;
    why = std::move(read.first_rejection);
  }
  reply.body = response_body(json, reply.rejected, why);
  return reply;
}

}  // namespace skein::trace
