#include "trace/receiver.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <expected>
#include <format>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/json/text.hpp>
#include <skein/trace/otlp.hpp>

#include "core/ascii.hpp"
#include "trace/gzip.hpp"
#include "trace/log_count.hpp"

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
  return detail::lower(out);
}

rpc code_of(int status) {
  if (status == 503) return rpc::unavailable;
  return status == 404 || status == 405 ? rpc::unimplemented : rpc::invalid_argument;
}

struct tally {
  std::size_t spans = 0;
  std::size_t points = 0;
  std::size_t log_records = 0;
  std::size_t rejected = 0;
  std::string why = {};
};

// An Export...ServiceResponse: partial_success = 1 with rejected = 1 and error_message = 2, for all
// signals alike.
std::string response_body(bool json, std::string_view rejected_key, const tally& t) {
  if (json) {
    if (t.rejected == 0) return "{}";
    return json::write_text(
        json::object{{"partialSuccess", json::object{{rejected_key, std::to_string(t.rejected)},
                                                     {"errorMessage", t.why}}}});
  }
  std::string out;
  if (t.rejected == 0) return out;
  {
    // Done before `out` goes: the length is written last.
    protozero::pbf_writer response(out);
    protozero::pbf_writer partial(response, 1);
    partial.add_int64(1, static_cast<std::int64_t>(t.rejected));
    partial.add_string(2, t.why);
  }
  return out;
}

// Reads and keeps; the error is what is wrong with the body.
using handler = std::expected<tally, std::string> (*)(std::string_view body, bool json,
                                                      const signal_sinks& keep);

std::expected<tally, std::string> take_spans(std::string_view body, bool json,
                                             const signal_sinks& keep) {
  std::expected<otlp_spans, std::string> read;
  if (json) {
    read = telemetry::read_otlp_json(body);
  } else {
    read = read_protobuf(body).transform_error([](read_error e) { return std::move(e.message); });
  }
  if (!read) return std::unexpected(std::move(read.error()));
  keep.spans(read->spans);
  return tally{.spans = read->spans.size(),
               .rejected = read->rejected,
               .why = std::move(read->first_rejection)};
}

std::expected<tally, std::string> take_metrics(std::string_view body, bool json,
                                               const signal_sinks& keep) {
  auto read = json ? read_metrics_json(body) : read_metrics_protobuf(body);
  if (!read) return std::unexpected(std::move(read.error().message));
  keep.metrics(read->points);
  return tally{.points = read->points.size(),
               .rejected = read->rejected,
               .why = std::move(read->first_rejection)};
}

std::expected<tally, std::string> count_logs(std::string_view body, bool json,
                                             const signal_sinks&) {
  auto counted = json ? count_log_records_json(body) : count_log_records_protobuf(body);
  if (!counted) return std::unexpected(std::move(counted.error().message));
  return tally{.log_records = *counted};
}

struct endpoint {
  std::string_view path;
  handler take;
  std::string_view rejected_key;
};
constexpr std::array endpoints{endpoint{"/v1/traces", take_spans, "rejectedSpans"},
                               endpoint{"/v1/metrics", take_metrics, "rejectedDataPoints"},
                               endpoint{"/v1/logs", count_logs, "rejectedLogRecords"}};

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
                      const signal_sinks& keep) {
  auto no = [&](int status, std::string_view message) {
    return refuse(status, message, request.content_type);
  };
  auto path = request.target.substr(0, request.target.find('?'));
  const auto* to = std::ranges::find(endpoints, path, &endpoint::path);
  if (to == endpoints.end()) {
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
  try {
    auto taken = to->take(body, json, keep);
    if (!taken) return no(400, taken.error());
    reply.spans = taken->spans;
    reply.points = taken->points;
    reply.log_records = taken->log_records;
    reply.rejected = taken->rejected;
    reply.body = response_body(json, to->rejected_key, *taken);
  } catch (const error& e) {
    auto later = no(503, e.what());
    later.failure = e.what();
    return later;
  }
  return reply;
}

}  // namespace skein::trace
