#include "otlp/span_bytes.hpp"

#include <algorithm>
#include <bit>
#include <concepts>
#include <exception>
#include <functional>
#include <protozero/pbf_writer.hpp>
#include <protozero/varint.hpp>
#include <utility>

#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/sdk/instrumentationscope/instrumentation_scope.h>
#include <opentelemetry/sdk/resource/resource.h>
#include <opentelemetry/trace/trace_state.h>

namespace skein::otlp {

namespace nostd = opentelemetry::nostd;
namespace common = opentelemetry::common;
namespace sdk = opentelemetry::sdk;
namespace trace = opentelemetry::trace;

namespace {

using protozero::pbf_writer;

// Field numbers of opentelemetry-proto 1.x.
struct value_field {
  static constexpr std::uint32_t text = 1, boolean = 2, integer = 3, real = 4, array = 5, bytes = 7;
};
struct attribute_field {
  static constexpr std::uint32_t key = 1, value = 2;
};
struct span_field {
  static constexpr std::uint32_t trace_id = 1, span_id = 2, trace_state = 3, parent_span_id = 4,
                                 name = 5, kind = 6, start = 7, end = 8, attributes = 9,
                                 events = 11, links = 13, status = 15, flags = 16;
};
struct status_field {
  static constexpr std::uint32_t message = 2, code = 3;
};
struct event_field {
  static constexpr std::uint32_t time = 1, name = 2, attributes = 3;
};
struct link_field {
  static constexpr std::uint32_t trace_id = 1, span_id = 2, trace_state = 3, attributes = 4,
                                 flags = 6;
};

// Sizes on the wire, with the field's number, which is below 16 unless said.
constexpr std::size_t of_tag = 1;
constexpr std::size_t of_late_tag = 2;
std::size_t of_varint(std::uint64_t v) noexcept {
  return static_cast<std::size_t>(protozero::length_of_varint(v));
}
std::size_t of_field(std::size_t size) noexcept { return of_tag + of_varint(size) + size; }

// Writes what has been measured. A pbf_writer moves each message once more, to put its length
// before it.
class wire_writer {
 public:
  explicit wire_writer(char* to) noexcept : at_(to) {}

  void bytes(std::uint32_t field, std::string_view v) {
    open(field, v.size());
    raw(v);
  }
  void open(std::uint32_t field, std::size_t size) {
    tag(field, protozero::pbf_wire_type::length_delimited);
    varint(size);
  }
  void number(std::uint32_t field, std::uint64_t v) {
    tag(field, protozero::pbf_wire_type::varint);
    varint(v);
  }
  void fixed64(std::uint32_t field, std::uint64_t v) {
    tag(field, protozero::pbf_wire_type::fixed64);
    fixed(v);
  }
  void fixed32(std::uint32_t field, std::uint32_t v) {
    tag(field, protozero::pbf_wire_type::fixed32);
    fixed(v);
  }
  void raw(std::string_view v) { at_ = std::ranges::copy(v, at_).out; }

 private:
  void tag(std::uint32_t field, protozero::pbf_wire_type type) {
    varint((field << 3U) | static_cast<std::uint32_t>(type));
  }
  void varint(std::uint64_t v) { at_ += protozero::write_varint(at_, v); }
  template <class Unsigned>
  void fixed(Unsigned v) {
    for (std::size_t i = 0; i < sizeof v; ++i) *at_++ = static_cast<char>(v >> (8 * i));
  }

  char* at_;
};

// Of a message that follows, in the message that is open.
void add_head(std::string& out, std::uint32_t field, std::size_t size) {
  const auto type = static_cast<std::uint32_t>(protozero::pbf_wire_type::length_delimited);
  protozero::add_varint_to_buffer(&out, (field << 3U) | type);
  protozero::add_varint_to_buffer(&out, size);
}

// The forms that OTLP has for what is no array and no bytes.
bool plain(bool v) { return v; }
double plain(double v) { return v; }
template <std::integral I>
std::int64_t plain(I v) {
  return static_cast<std::int64_t>(v);
}
std::string_view plain(const char* v) { return v != nullptr ? v : ""; }
std::string_view plain(const std::string& v) { return v; }
std::string_view plain(nostd::string_view v) { return {v.data(), v.size()}; }

std::size_t size_of(bool) { return of_tag + 1; }
std::size_t size_of(double) { return of_tag + sizeof(std::uint64_t); }
std::size_t size_of(std::int64_t v) { return of_tag + of_varint(static_cast<std::uint64_t>(v)); }
std::size_t size_of(std::string_view v) { return of_field(v.size()); }

void write(wire_writer& to, bool v) { to.number(value_field::boolean, v ? 1 : 0); }
void write(wire_writer& to, double v) {
  to.fixed64(value_field::real, std::bit_cast<std::uint64_t>(v));
}
void write(wire_writer& to, std::int64_t v) {
  to.number(value_field::integer, static_cast<std::uint64_t>(v));
}
void write(wire_writer& to, std::string_view v) { to.bytes(value_field::text, v); }

template <class T>
constexpr bool is_bytes =
    std::same_as<T, std::vector<std::uint8_t>> || std::same_as<T, nostd::span<const std::uint8_t>>;
template <class T>
concept single = requires(const T& v) { plain(v); };

template <class Array>
std::size_t size_of_items(const Array& all) {
  std::size_t size = 0;
  for (const auto& v : all) size += of_field(size_of(plain(v)));
  return size;
}

// Of the values that OpenTelemetry borrows, and of those that it owns.
struct measure_value {
  template <class T>
  std::size_t operator()(const T& v) const {
    if constexpr (is_bytes<T>) {
      return of_field(v.size());
    } else if constexpr (single<T>) {
      return size_of(plain(v));
    } else {
      return of_field(size_of_items(v));
    }
  }
};
struct write_value {
  wire_writer& to;
  template <class T>
  void operator()(const T& v) const {
    if constexpr (is_bytes<T>) {
      to.bytes(value_field::bytes, {reinterpret_cast<const char*>(v.data()), v.size()});
    } else if constexpr (single<T>) {
      write(to, plain(v));
    } else {
      to.open(value_field::array, size_of_items(v));
      for (const auto& each : v) {
        to.open(1, size_of(plain(each)));
        write(to, plain(each));
      }
    }
  }
};

// Gives where in `out` the key is.
template <class Value>
std::size_t append_attribute(std::string& out, std::uint32_t field, std::string_view key,
                             const Value& value) {
  const auto value_size = nostd::visit(measure_value{}, value);
  const auto size = of_field(key.size()) + of_field(value_size);
  const auto before = out.size();
  out.resize_and_overwrite(before + of_field(size), [&](char* to, std::size_t all) {
    wire_writer pair(to + before);
    pair.open(field, size);
    pair.bytes(attribute_field::key, key);
    pair.open(attribute_field::value, value_size);
    nostd::visit(write_value{pair}, value);
    return all;
  });
  return out.size() - of_field(value_size) - key.size();
}

template <class Id>
std::string_view bytes_of(const Id& id) {
  return {reinterpret_cast<const char*>(id.Id().data()), Id::kSize};
}

void add_state(pbf_writer& to, std::uint32_t field, const trace::SpanContext& context) {
  if (!context.trace_state() || context.trace_state()->Empty()) return;
  to.add_string(field, context.trace_state()->ToHeader());
}

std::string attributes_in(std::uint32_t field, const common::KeyValueIterable& all) {
  attribute_bytes attributes(field);
  all.ForEachKeyValue([&](nostd::string_view key, common::AttributeValue value) noexcept {
    attributes.set({key.data(), key.size()}, value);
    return true;
  });
  return attributes.bytes();
}

template <class Owned>
std::string attributes_in(std::uint32_t field, const Owned& all) {
  std::string out;
  for (const auto& [key, value] : all) append_attribute(out, field, key, value);
  return out;
}

// Only memory can fail here; then the span lacks what could not be kept, and goes on.
template <class F>
void guarded(F&& f) noexcept {
  try {
    f();
  } catch (const std::exception& e) {
    OTEL_INTERNAL_LOG_ERROR("[Skein] a span is incomplete: " << e.what());
  }
}

}  // namespace

void attribute_bytes::set(std::string_view key, const common::AttributeValue& value) {
  for (auto e = entries_.begin(); e != entries_.end(); ++e) {
    if (std::string_view(bytes_).substr(e->key, e->key_size) != key) continue;
    const auto size = e->end - e->begin;
    bytes_.erase(e->begin, size);
    for (auto later = entries_.erase(e); later != entries_.end(); ++later) {
      later->begin -= size;
      later->key -= size;
      later->end -= size;
    }
    break;
  }
  if (bytes_.empty()) bytes_.reserve(512);
  const auto begin = bytes_.size();
  const auto at = append_attribute(bytes_, field_, key, value);
  entries_.push_back({.begin = static_cast<std::uint32_t>(begin),
                      .key = static_cast<std::uint32_t>(at),
                      .key_size = static_cast<std::uint32_t>(key.size()),
                      .end = static_cast<std::uint32_t>(bytes_.size())});
}

span_bytes::span_bytes() : attributes_(span_field::attributes) {}

void span_bytes::SetIdentity(const trace::SpanContext& context, trace::SpanId parent) noexcept {
  trace_id_ = context.trace_id();
  span_id_ = context.span_id();
  parent_id_ = parent;
  guarded([&] {
    pbf_writer to(others_);
    add_state(to, span_field::trace_state, context);
  });
}

void span_bytes::SetAttribute(nostd::string_view key,
                              const common::AttributeValue& value) noexcept {
  guarded([&] { attributes_.set({key.data(), key.size()}, value); });
}

void span_bytes::AddEvent(nostd::string_view name, common::SystemTimestamp time,
                          const common::KeyValueIterable& attributes) noexcept {
  guarded([&] {
    pbf_writer to(others_);
    pbf_writer event(to, span_field::events);
    event.add_fixed64(event_field::time,
                      static_cast<std::uint64_t>(time.time_since_epoch().count()));
    event.add_string(event_field::name, name.data(), name.size());
    others_ += attributes_in(event_field::attributes, attributes);  // into the open message
  });
}

void span_bytes::AddLink(const trace::SpanContext& context,
                         const common::KeyValueIterable& attributes) noexcept {
  guarded([&] {
    pbf_writer to(others_);
    pbf_writer link(to, span_field::links);
    link.add_bytes(link_field::trace_id, std::string(bytes_of(context.trace_id())));
    link.add_bytes(link_field::span_id, std::string(bytes_of(context.span_id())));
    add_state(link, link_field::trace_state, context);
    others_ += attributes_in(link_field::attributes, attributes);
    link.add_fixed32(link_field::flags, context.trace_flags().flags());
  });
}

void span_bytes::SetStatus(trace::StatusCode code, nostd::string_view description) noexcept {
  guarded([&] {
    status_ = code;
    status_text_.assign(description.data(), description.size());
  });
}

void span_bytes::SetName(nostd::string_view name) noexcept {
  guarded([&] { name_.assign(name.data(), name.size()); });
}

std::size_t span_bytes::status_size() const noexcept {
  if (status_ == trace::StatusCode::kUnset && status_text_.empty()) return 0;
  return (status_text_.empty() ? 0 : of_field(status_text_.size())) + of_tag + 1;
}

std::size_t span_bytes::size() const noexcept {
  const auto status = status_size();
  return of_field(trace::TraceId::kSize) + of_field(trace::SpanId::kSize) +
         (parent_id_.IsValid() ? of_field(trace::SpanId::kSize) : 0) + of_field(name_.size()) +
         of_tag + 1 + 2 * (of_tag + sizeof(std::uint64_t)) + attributes_.bytes().size() +
         others_.size() + (status == 0 ? 0 : of_field(status)) + of_late_tag +
         sizeof(std::uint32_t);
}

void span_bytes::append_to(std::string& out) const {
  const auto before = out.size();
  out.resize_and_overwrite(before + size(), [&](char* bytes, std::size_t all) {
    wire_writer to(bytes + before);
    to.bytes(span_field::trace_id, bytes_of(trace_id_));
    to.bytes(span_field::span_id, bytes_of(span_id_));
    if (parent_id_.IsValid()) to.bytes(span_field::parent_span_id, bytes_of(parent_id_));
    to.bytes(span_field::name, name_);
    to.number(span_field::kind, static_cast<std::uint64_t>(kind_) + 1);
    to.fixed64(span_field::start, start_);
    to.fixed64(span_field::end, start_ + duration_);
    to.raw(attributes_.bytes());
    to.raw(others_);
    if (const auto status = status_size(); status != 0) {
      to.open(span_field::status, status);
      if (!status_text_.empty()) to.bytes(status_field::message, status_text_);
      to.number(status_field::code, static_cast<std::uint64_t>(status_));
    }
    // Bits 8 and 9: whether it is known that the parent is remote, and whether it is.
    to.fixed32(span_field::flags, flags_ | 0x100U | (parent_is_remote_ ? 0x200U : 0U));
    return all;
  });
}

std::string resource_fields(const sdk::resource::Resource* resource) {
  std::string out;
  if (resource == nullptr) return out;
  pbf_writer of_resource(out);
  {
    pbf_writer described(of_resource, 1);
    out += attributes_in(1, resource->GetAttributes());
  }
  if (!resource->GetSchemaURL().empty()) of_resource.add_string(3, resource->GetSchemaURL());
  return out;
}

std::string scope_fields(const sdk::instrumentationscope::InstrumentationScope* scope) {
  std::string out;
  if (scope == nullptr) return out;
  pbf_writer of_scope(out);
  {
    pbf_writer described(of_scope, 1);
    described.add_string(1, scope->GetName());
    if (!scope->GetVersion().empty()) described.add_string(2, scope->GetVersion());
    out += attributes_in(3, scope->GetAttributes());
  }
  if (!scope->GetSchemaURL().empty()) of_scope.add_string(3, scope->GetSchemaURL());
  return out;
}

void write_request(std::string& out, std::vector<const span_bytes*> spans) {
  auto key = [](const span_bytes* s) { return std::pair(s->resource(), s->scope()); };
  std::ranges::stable_sort(spans, std::less<>(), key);
  out.clear();
  pbf_writer request(out);
  for (auto at = spans.begin(); at != spans.end();) {
    const auto* resource = (*at)->resource();
    pbf_writer of_resource(request, 1);
    out += resource_fields(resource);
    while (at != spans.end() && (*at)->resource() == resource) {
      const auto* scope = (*at)->scope();
      pbf_writer of_scope(of_resource, 2);
      out += scope_fields(scope);
      for (; at != spans.end() && (*at)->resource() == resource && (*at)->scope() == scope; ++at) {
        add_head(out, 2, (*at)->size());
        (*at)->append_to(out);
      }
    }
  }
}

}  // namespace skein::otlp
