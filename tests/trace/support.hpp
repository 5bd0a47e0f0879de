// What the trace tests share: made-up spans, and OTLP in Protobuf written by hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <protozero/pbf_writer.hpp>
#include <random>
#include <string>
#include <string_view>

#include "telemetry/support.hpp"

namespace skein::test {

using protozero::pbf_writer;

inline std::string raw_id(unsigned n, std::size_t size) {
  std::string id(size, '\0');
  id.back() = static_cast<char>(n);
  return id;
}

// A Span of opentelemetry-proto with what a test adds to it.
template <class More>
std::string proto_span(std::string_view trace_id, std::string_view span_id, More more) {
  std::string bytes;
  pbf_writer span(bytes);
  span.add_bytes(1, trace_id.data(), trace_id.size());
  span.add_bytes(2, span_id.data(), span_id.size());
  more(span);
  return bytes;
}
inline std::string proto_span(std::string_view trace_id, std::string_view span_id) {
  return proto_span(trace_id, span_id, [](pbf_writer&) {});
}
inline void add_text_attribute(pbf_writer& to, protozero::pbf_tag_type tag, const std::string& key,
                               const std::string& value) {
  pbf_writer attribute(to, tag);
  attribute.add_string(1, key);
  pbf_writer any(attribute, 2);
  any.add_string(1, value);
}
inline std::string proto_request(const std::vector<std::string>& spans) {
  std::string bytes;
  pbf_writer request(bytes);
  {
    pbf_writer resource_spans(request, 1);
    {
      pbf_writer resource(resource_spans, 1);
      add_text_attribute(resource, 1, "service.name", "test");
    }
    pbf_writer scope_spans(resource_spans, 2);
    {
      pbf_writer scope(scope_spans, 1);
      scope.add_string(1, "tester");
      scope.add_string(2, "1.0");
    }
    for (const auto& s : spans) scope_spans.add_message(2, s);
  }
  return bytes;
}

// A folder for the test, gone after it.
class temporary_folder {
 public:
  temporary_folder() {
    std::random_device random;
    path_ = std::filesystem::temp_directory_path() / ("skein-test-" + std::to_string(random()));
    std::filesystem::create_directory(path_);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace skein::test
