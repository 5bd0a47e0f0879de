#include "otlp/span_bytes.hpp"

#include <algorithm>
#include <exception>
#include <protozero/pbf_writer.hpp>
#include <utility>
#include <variant>

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
struct any_value {
  static constexpr std::uint32_t text = 1, boolean = 2, integer = 3, real = 4, array = 5, bytes = 7;
};
struct key_value {
  static constexpr std::uint32_t key = 1, value = 2;
};
struct span_field {
  static constexpr std::uint32_t trace_id = 1, span_id = 2, trace_state = 3, parent_span_id = 4,
                                 name = 5, kind = 6, start = 7, end = 8, attributes = 9,
                                 events = 11, links = 13, status = 15, flags = 16;
};
struct event_field {
  static constexpr std::uint32_t time = 1, name = 2, attributes = 3;
};
struct link_field {
  static constexpr std::uint32_t trace_id = 1, span_id = 2, trace_state = 3, attributes = 4,
                                 flags = 6;
};

void write_one(pbf_writer& to, bool v) { to.add_bool(any_value::boolean, v); }
void write_one(pbf_writer& to, std::int64_t v) { to.add_int64(any_value::integer, v); }
void write_one(pbf_writer& to, double v) { to.add_double(any_value::real, v); }
void write_one(pbf_writer& to, std::string_view v) {
  to.add_string(any_value::text, v.data(), v.size());
}

template <class T>
void write_each(pbf_writer& to, const nostd::span<T>& values) {
  pbf_writer array(to, any_value::array);
  for (const auto& v : values) {
    pbf_writer one(array, 1);
    if constexpr (std::is_same_v<std::remove_const_t<T>, nostd::string_view>) {
      write_one(one, std::string_view(v.data(), v.size()));
    } else if constexpr (std::is_same_v<std::remove_const_t<T>, bool> ||
                         std::is_same_v<std::remove_const_t<T>, double>) {
      write_one(one, v);
    } else {
      write_one(one, static_cast<std::int64_t>(v));
    }
  }
}

struct value_writer {
  pbf_writer& to;
  void operator()(bool v) { write_one(to, v); }
  void operator()(double v) { write_one(to, v); }
  void operator()(const char* v) { write_one(to, std::string_view(v != nullptr ? v : "")); }
  void operator()(nostd::string_view v) { write_one(to, std::string_view(v.data(), v.size())); }
  void operator()(std::int32_t v) { write_one(to, std::int64_t{v}); }
  void operator()(std::uint32_t v) { write_one(to, std::int64_t{v}); }
  void operator()(std::int64_t v) { write_one(to, v); }
  void operator()(std::uint64_t v) { write_one(to, static_cast<std::int64_t>(v)); }
  void operator()(nostd::span<const std::uint8_t> v) {
    to.add_bytes(any_value::bytes, reinterpret_cast<const char*>(v.data()), v.size());
  }
  template <class T>
  void operator()(nostd::span<T> v) {
    write_each(to, v);
  }
};

void add_state(pbf_writer& to, std::uint32_t field, const trace::SpanContext& context) {
  if (!context.trace_state() || context.trace_state()->Empty()) return;
  to.add_string(field, context.trace_state()->ToHeader());
}

void add_ids(pbf_writer& to, std::uint32_t trace_field, std::uint32_t span_field,
             const trace::SpanContext& context) {
  to.add_bytes(trace_field, reinterpret_cast<const char*>(context.trace_id().Id().data()), 16);
  to.add_bytes(span_field, reinterpret_cast<const char*>(context.span_id().Id().data()), 8);
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
  pbf_writer to(out);
  for (const auto& [key, value] : all) {
    pbf_writer pair(to, field);
    pair.add_string(key_value::key, key);
    pbf_writer any(pair, key_value::value);
    nostd::visit(
        [&](const auto& v) {
          using V = std::decay_t<decltype(v)>;
          if constexpr (std::is_same_v<V, std::string>) {
            write_one(any, std::string_view(v));
          } else if constexpr (std::is_same_v<V, bool> || std::is_same_v<V, double>) {
            write_one(any, v);
          } else if constexpr (std::is_arithmetic_v<V>) {
            write_one(any, static_cast<std::int64_t>(v));
          } else if constexpr (std::is_same_v<V, std::vector<std::uint8_t>>) {
            any.add_bytes(any_value::bytes, reinterpret_cast<const char*>(v.data()), v.size());
          } else {
            pbf_writer array(any, any_value::array);
            for (const auto& item : v) {
              pbf_writer one(array, 1);
              using I = std::decay_t<decltype(item)>;
              if constexpr (std::is_same_v<I, std::string>) {
                write_one(one, std::string_view(item));
              } else if constexpr (std::is_same_v<V, std::vector<bool>>) {
                write_one(one, static_cast<bool>(item));
              } else if constexpr (std::is_same_v<I, double>) {
                write_one(one, item);
              } else {
                write_one(one, static_cast<std::int64_t>(item));
              }
            }
          }
        },
        value);
  }
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
  if (entries_.empty()) {
    entries_.reserve(16);
    bytes_.reserve(512);
  }
  entry added{.begin = static_cast<std::uint32_t>(bytes_.size()),
              .key = 0,
              .key_size = static_cast<std::uint32_t>(key.size()),
              .end = 0};
  {
    pbf_writer to(bytes_);
    pbf_writer pair(to, field_);
    pair.add_string(key_value::key, key.data(), key.size());
    pbf_writer any(pair, key_value::value);
    nostd::visit(value_writer{any}, value);
  }
  added.end = static_cast<std::uint32_t>(bytes_.size());
  added.key = static_cast<std::uint32_t>(bytes_.find(key, added.begin + 2));
  entries_.push_back(added);
}

span_bytes::span_bytes() : attributes_(span_field::attributes) {}

void span_bytes::SetIdentity(const trace::SpanContext& context, trace::SpanId parent) noexcept {
  guarded([&] {
    identity_.clear();
    pbf_writer to(identity_);
    add_ids(to, span_field::trace_id, span_field::span_id, context);
    add_state(to, span_field::trace_state, context);
    if (parent.IsValid()) {
      to.add_bytes(span_field::parent_span_id, reinterpret_cast<const char*>(parent.Id().data()),
                   8);
    }
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
    add_ids(link, link_field::trace_id, link_field::span_id, context);
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

void span_bytes::append_to(std::string& out) const {
  pbf_writer to(out);
  out += identity_;
  to.add_string(span_field::name, name_);
  to.add_enum(span_field::kind, static_cast<std::int32_t>(kind_) + 1);
  to.add_fixed64(span_field::start, start_);
  to.add_fixed64(span_field::end, start_ + duration_);
  out += attributes_.bytes();
  out += others_;
  if (status_ != trace::StatusCode::kUnset || !status_text_.empty()) {
    pbf_writer status(to, span_field::status);
    if (!status_text_.empty()) status.add_string(2, status_text_);
    status.add_enum(3, static_cast<std::int32_t>(status_));
  }
  // Bits 8 and 9: whether it is known that the parent is remote, and whether it is.
  to.add_fixed32(span_field::flags, flags_ | 0x100U | (parent_is_remote_ ? 0x200U : 0U));
}

std::string request_of(const std::vector<const span_bytes*>& spans) {
  auto sorted = spans;
  auto key = [](const span_bytes* s) { return std::pair(s->resource(), s->scope()); };
  std::ranges::stable_sort(sorted, std::less<>(), key);
  std::string out;
  std::string one;
  pbf_writer request(out);
  for (auto at = sorted.begin(); at != sorted.end();) {
    const auto* resource = (*at)->resource();
    pbf_writer of_resource(request, 1);
    if (resource != nullptr) {
      pbf_writer described(of_resource, 1);
      out += attributes_in(1, resource->GetAttributes());
    }
    while (at != sorted.end() && (*at)->resource() == resource) {
      const auto* scope = (*at)->scope();
      pbf_writer of_scope(of_resource, 2);
      if (scope != nullptr) {
        pbf_writer described(of_scope, 1);
        described.add_string(1, scope->GetName());
        if (!scope->GetVersion().empty()) described.add_string(2, scope->GetVersion());
        out += attributes_in(3, scope->GetAttributes());
      }
      for (; at != sorted.end() && (*at)->resource() == resource && (*at)->scope() == scope; ++at) {
        one.clear();
        (*at)->append_to(one);
        of_scope.add_message(2, one);
      }
      if (scope != nullptr && !scope->GetSchemaURL().empty()) {
        of_scope.add_string(3, scope->GetSchemaURL());
      }
    }
    if (resource != nullptr && !resource->GetSchemaURL().empty()) {
      of_resource.add_string(3, resource->GetSchemaURL());
    }
  }
  return out;
}

}  // namespace skein::otlp
