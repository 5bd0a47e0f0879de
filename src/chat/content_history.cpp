#include <functional>
#include <variant>

#include <boost/container_hash/hash.hpp>

#include <skein/chat/content_history.hpp>
#include <skein/json/value.hpp>

namespace skein {

namespace {

// Messages that are told apart here are only recorded once too often, or, one time in 2^64, not.
struct add_part {
  std::size_t& to;
  void text(std::string_view s) const { boost::hash_combine(to, std::hash<std::string_view>()(s)); }
  template <class E>
  void number(E e) const {
    boost::hash_combine(to, static_cast<std::size_t>(e));
  }
  void operator()(const text_part& p) const { text(p.text); }
  void operator()(const reasoning_part& p) const {
    text(p.text);
    text(p.opaque);
  }
  void operator()(const tool_call_part& p) const {
    text(p.id);
    text(p.name);
    text(p.arguments);
    text(p.opaque);
  }
  void operator()(const tool_result_part& p) const {
    text(p.call_id);
    text(p.name);
    text(p.content);
    number(p.outcome);
  }
  void operator()(const media_part& p) const {
    number(p.kind);
    text(p.media_type);
    text(p.uri);
    text(p.bytes);
  }
  void operator()(const error_part& p) const {
    text(p.code);
    text(p.message);
  }
  void operator()(const raw_part& p) const {
    text(p.provider);
    number(std::hash<json::value>()(p.value));
  }
};

std::size_t hash_of(std::span<const message> messages) {
  std::size_t h = 0;
  for (const auto& m : messages) {
    boost::hash_combine(h, static_cast<std::size_t>(m.role));
    boost::hash_combine(h, m.parts.size());
    for (const auto& p : m.parts) {
      boost::hash_combine(h, p.index());
      std::visit(add_part{h}, p);
    }
  }
  return h;
}

template <class Id>
void append_hex(std::string& to, const Id& id) {
  char hex[2 * Id::kSize];
  id.ToLowerBase16(hex);
  to.append(hex, sizeof(hex));
}

}  // namespace

content_history::recorded content_history::known(std::span<const message> messages,
                                                 const opentelemetry::trace::SpanContext& span,
                                                 telemetry::history form) const {
  std::lock_guard lock(mutex_);
  if (form == telemetry::history::whole || count_ == 0 || count_ > messages.size()) return {};
  if (form == telemetry::history::within_trace && span_.trace_id() != span.trace_id()) return {};
  if (hash_of(messages.first(count_)) != hash_) return {};  // edited, or another conversation
  recorded r{.messages = count_};
  append_hex(r.where, span_.trace_id());
  r.where += '-';
  append_hex(r.where, span_.span_id());
  return r;
}

void content_history::add(std::span<const message> messages,
                          const opentelemetry::trace::SpanContext& span) {
  const auto hash = hash_of(messages);
  std::lock_guard lock(mutex_);
  count_ = messages.size();
  hash_ = hash;
  span_ = span;
}

}  // namespace skein
