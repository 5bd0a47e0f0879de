// How bytes are cut into chunks never changes the events.
#include <random>

#include <gtest/gtest.h>

#include "sse_events.hpp"

namespace skein::http::test {
namespace {

using namespace std::string_literals;

// The standard read off line by line over the whole text: slow, obvious, and not the code under
// test.
std::vector<event> oracle(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  std::vector<event> out;
  std::string data, type, id, last_id, line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r' && text[i] != '\n') {
      line += text[i];
      continue;
    }
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    if (line.empty()) {
      last_id = id;
      if (!data.empty()) out.push_back({type, data.substr(0, data.size() - 1), last_id});
      data.clear();
      type.clear();
    } else if (line[0] != ':') {
      const std::size_t colon = line.find(':');
      const std::string name = line.substr(0, colon);
      std::string value = colon == std::string::npos ? "" : line.substr(colon + 1);
      if (value.starts_with(' ')) value.erase(0, 1);
      if (name == "data") data += value + "\n";
      if (name == "event") type = value;
      if (name == "id" && value.find('\0') == std::string::npos) id = value;
    }
    line.clear();
  }
  return out;
}

const std::vector<std::string>& corpus() {
  static const std::vector<std::string> texts = {
      "data: one\n\ndata: two\ndata: lines\n\nevent: t\nid: 4\ndata: three\n\n",
      "data: one\r\n\r\ndata: two\r\ndata: lines\r\n\r\nevent: t\r\nid: 4\r\ndata: three\r\n\r\n",
      "data: one\r\rdata: two\rdata: lines\r\revent: t\rid: 4\rdata: three\r\r",
      "\xEF\xBB\xBF: hello\r\n\ndata\n\rdata\r\ndata: x\n\n\r\r\nid\ndata:  y\r\n\r",
      "\xEF\xBB"
      "data: a\n\nevent\ndata: \xEF\xBB\xBF\n\n\n\n:x\nid: a\0b\ndata:\0\n\nretry: 5\n\n"s,
      "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n: OPENROUTER PROCESSING\n\n"
      "data: : keepalive\n\ndata:\n\ndata: [DONE]\n\ndata: cut",
  };
  return texts;
}

TEST(sse_chunking, whole_texts_match_the_oracle) {
  for (const auto& text : corpus()) EXPECT_EQ(events_of(text), oracle(text));
}

TEST(sse_chunking, every_cut_in_two_gives_the_same_events) {
  for (const auto& text : corpus()) {
    const auto expected = oracle(text);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      sse_decoder decoder;
      std::vector<event> events;
      feed_copy(decoder, std::string_view(text).substr(0, cut), events);
      feed_copy(decoder, std::string_view(text).substr(cut), events);
      ASSERT_EQ(events, expected) << "cut at " << cut << " of:\n" << text;
    }
  }
}

TEST(sse_chunking, every_cut_in_three_gives_the_same_events) {
  const auto& text = corpus()[3];
  const auto expected = oracle(text);
  for (std::size_t a = 0; a <= text.size(); ++a) {
    for (std::size_t b = a; b <= text.size(); ++b) {
      sse_decoder decoder;
      std::vector<event> events;
      feed_copy(decoder, std::string_view(text).substr(0, a), events);
      feed_copy(decoder, std::string_view(text).substr(a, b - a), events);
      feed_copy(decoder, std::string_view(text).substr(b), events);
      ASSERT_EQ(events, expected) << "cut at " << a << " and " << b;
    }
  }
}

TEST(sse_chunking, byte_by_byte_gives_the_same_events) {
  for (const auto& text : corpus()) {
    sse_decoder decoder;
    std::vector<event> events;
    for (const char& byte : text) feed_copy(decoder, {&byte, 1}, events);
    EXPECT_EQ(events, oracle(text)) << text;
  }
}

TEST(sse_chunking, random_streams_in_random_chunks_match_the_oracle) {
  const std::vector<std::string> pieces = {"data", "data: ", "event: ",     "id: ", ":",
                                           "\n",   "\r",     "\r\n",        "x",    "\n\n",
                                           "\0"s,  " ",      "\xEF\xBB\xBF"};
  std::mt19937 random(20261123);
  for (int round = 0; round < 4000; ++round) {
    std::string text;
    for (auto n = random() % 40; n > 0; --n) text += pieces[random() % pieces.size()];
    sse_decoder decoder;
    std::vector<event> events;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 7;
      feed_copy(decoder, std::string_view(text).substr(at, size), events);
      at += size;
    }
    ASSERT_EQ(events, oracle(text)) << "round " << round << ":\n" << text;
  }
}

TEST(sse_chunking, a_chunk_fed_too_early_is_not_lost) {
  const std::string first = "data: a\n\ndata: b\n\nda";
  const std::string second = "ta: c\n\n";
  sse_decoder decoder;
  std::vector<event> events;
  decoder.feed(first);
  events.push_back(copy(decoder.next().value()));
  decoder.feed(second);
  while (auto e = decoder.next()) events.push_back(copy(*e));
  EXPECT_EQ(events, oracle(first + second));
}

TEST(sse_chunking, an_event_whole_in_its_chunk_is_a_view_into_it) {
  const std::string chunk = "event: t\ndata: payload\n\ndata: payload\n\n";
  sse_decoder decoder;
  decoder.feed(chunk);
  for (int i = 0; i < 2; ++i) {
    const auto e = decoder.next().value();
    EXPECT_GE(e.data.data(), chunk.data());
    EXPECT_LT(e.data.data(), chunk.data() + chunk.size());
  }
}

}  // namespace
}  // namespace skein::http::test
