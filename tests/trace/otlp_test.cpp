// OTLP in Protobuf, whole and damaged.
#include <string>

#include <gtest/gtest.h>

#include <skein/trace/otlp.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

using trace::read_document;
using trace::read_protobuf;

std::string rich_span() {
  return proto_span(raw_id(1, 16), raw_id(2, 8), [](pbf_writer& s) {
    auto parent = raw_id(1, 8);
    s.add_bytes(4, parent);
    s.add_string(5, "chat gpt");
    s.add_enum(6, 3);
    s.add_fixed64(7, 1'000);
    s.add_fixed64(8, 2'000);
    add_text_attribute(s, 9, "text", "\xC3\xBC");
    {
      pbf_writer a(s, 9);
      a.add_string(1, "int");
      pbf_writer v(a, 2);
      v.add_int64(3, -5);
    }
    {
      pbf_writer a(s, 9);
      a.add_string(1, "double");
      pbf_writer v(a, 2);
      v.add_double(4, 0.5);
    }
    {
      pbf_writer a(s, 9);
      a.add_string(1, "list");
      pbf_writer v(a, 2);
      pbf_writer list(v, 5);
      pbf_writer first(list, 1);
      first.add_bool(2, true);
    }
    {
      pbf_writer a(s, 9);
      a.add_string(1, "map");
      pbf_writer v(a, 2);
      pbf_writer map(v, 6);
      add_text_attribute(map, 1, "k", "v");
    }
    {
      pbf_writer a(s, 9);
      a.add_string(1, "empty");
      pbf_writer v(a, 2);
    }
    {
      pbf_writer a(s, 9);
      a.add_string(1, "bytes");
      pbf_writer v(a, 2);
      v.add_bytes(7, std::string("hi"));
    }
    {
      pbf_writer e(s, 11);
      e.add_fixed64(1, 1'500);
      e.add_string(2, "exception");
      add_text_attribute(e, 3, "exception.type", "429");
    }
    {
      pbf_writer l(s, 13);
      l.add_bytes(1, raw_id(7, 16));
      l.add_bytes(2, raw_id(8, 8));
      add_text_attribute(l, 4, "why", "x");
    }
    {
      pbf_writer status(s, 15);
      status.add_string(2, "busy");
      status.add_enum(3, 2);
    }
    s.add_fixed32(16, 0x301);
    s.add_string(1000, "from the future");
    s.add_uint32(10, 3);
  });
}

TEST(TraceProtobuf, EverythingARecordHasAPlaceFor) {
  auto read = read_protobuf(proto_request({rich_span()}));
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->spans.size(), 1U);
  EXPECT_EQ(read->rejected, 0U);
  const auto& s = read->spans.front();
  EXPECT_EQ(s.trace_id, digits(1, 32));
  EXPECT_EQ(s.span_id, digits(2, 16));
  EXPECT_EQ(s.parent_span_id, digits(1, 16));
  EXPECT_TRUE(s.parent_is_remote);
  EXPECT_EQ(s.name, "chat gpt");
  EXPECT_EQ(s.kind, telemetry::span_kind::client);
  EXPECT_EQ(s.start, 1'000);
  EXPECT_EQ(s.end, 2'000);
  EXPECT_EQ(s.status, telemetry::span_status::error);
  EXPECT_EQ(s.status_message, "busy");
  EXPECT_EQ(s.attributes, (json::object{{"text", "\xC3\xBC"},
                                        {"int", -5},
                                        {"double", 0.5},
                                        {"list", json::array{true}},
                                        {"map", json::object{{"k", "v"}}},
                                        {"empty", nullptr},
                                        {"bytes", "aGk="}}));
  ASSERT_EQ(s.events.size(), 1U);
  EXPECT_EQ(s.events[0].time, 1'500);
  EXPECT_EQ(s.events[0].attributes, (json::object{{"exception.type", "429"}}));
  ASSERT_EQ(s.links.size(), 1U);
  EXPECT_EQ(s.links[0].trace_id, digits(7, 32));
  EXPECT_EQ(s.resource, (json::object{{"service.name", "test"}}));
  EXPECT_EQ(s.scope_name, "tester");
  EXPECT_EQ(s.scope_version, "1.0");
}

// The two forms of one file are the same spans.
TEST(TraceProtobuf, IsWhatTheJsonIs) {
  auto read = read_protobuf(proto_request({rich_span()}));
  ASSERT_TRUE(read);
  auto as_json = read_document(telemetry::to_otlp_json_line(read->spans) + "\n");
  ASSERT_TRUE(as_json) << as_json.error().message;
  EXPECT_EQ(*as_json, read->spans);
  auto as_protobuf = read_document(proto_request({rich_span()}));
  ASSERT_TRUE(as_protobuf) << as_protobuf.error().message;
  EXPECT_EQ(*as_protobuf, read->spans);
}

// The length after the first tag may be any byte, braces among them.
TEST(TraceProtobuf, IsRecognisedWhateverItsLength) {
  for (std::size_t extra = 0; extra < 200; ++extra) {
    auto span = proto_span(raw_id(1, 16), raw_id(2, 8),
                           [&](pbf_writer& s) { s.add_string(5, std::string(extra, 'x')); });
    auto read = read_document(proto_request({span}));
    ASSERT_TRUE(read) << extra << ": " << read.error().message;
    ASSERT_EQ(read->size(), 1U);
  }
}

TEST(TraceProtobuf, DamagedSpansAreLeftOutAndCounted) {
  auto good = proto_span(raw_id(1, 16), raw_id(2, 8));
  auto read = read_protobuf(proto_request({good, proto_span(raw_id(1, 15), raw_id(3, 8)),
                                           proto_span(std::string(16, '\0'), raw_id(4, 8)),
                                           good.substr(0, good.size() - 3)}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->spans.size(), 1U);
  EXPECT_EQ(read->rejected, 3U);
  EXPECT_EQ(read->first_rejection,
            "resource_spans[0].scope_spans[0].spans[1]: an identifier has the wrong length");
  EXPECT_FALSE(read_document(proto_request({good, "\x0A\x05"})));
}

TEST(TraceProtobuf, NestedTooDeepIsRefused) {
  std::string value;
  for (int i = 0; i < 100; ++i) {
    std::string list;
    pbf_writer(list).add_message(1, value);
    std::string outer;
    pbf_writer(outer).add_message(5, list);
    value = outer;
  }
  auto span = proto_span(raw_id(1, 16), raw_id(2, 8), [&](pbf_writer& s) {
    pbf_writer a(s, 9);
    a.add_string(1, "deep");
    a.add_message(2, value);
  });
  auto read = read_protobuf(proto_request({span}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->rejected, 1U);
}

// Whatever happens to the bytes: an answer, and no span that was not there.
TEST(TraceProtobuf, EveryCutAndEveryFlippedByteGetsAnAnswer) {
  auto whole = proto_request({rich_span(), proto_span(raw_id(1, 16), raw_id(3, 8))});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    auto read = read_protobuf(std::string_view(whole).substr(0, n));
    if (read) {
      EXPECT_LE(read->spans.size() + read->rejected, 2U);
    }
    for (int mask : {0x01, 0x80, 0xFF, 0x07}) {
      auto changed = whole;
      changed[n] = static_cast<char>(changed[n] ^ static_cast<char>(mask));
      auto other = read_protobuf(changed);
      if (other) {
        for (const auto& s : other->spans) EXPECT_EQ(s.trace_id.size(), 32U);
      }
      (void)read_document(changed);
    }
  }
}

TEST(TraceDocument, SaysWhereItIsWrong) {
  auto nothing = read_document("");
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->empty());
  auto broken = read_document("{\"resourceSpans\":[\n");
  ASSERT_FALSE(broken);
  EXPECT_TRUE(broken.error().message.starts_with("OTLP JSON, line 1, byte "))
      << broken.error().message;
  auto text = read_document("hello");
  ASSERT_FALSE(text);
}

}  // namespace
}  // namespace skein::test
