// The layer that fetches media: bytes instead of URIs, once, and nothing that may not be reached.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/providers/media.hpp>
#include <skein/testing/model_server.hpp>

namespace skein::media_test {
namespace {

// A model that keeps what it is asked, and answers "ok".
struct keeping final : chat_client {
  std::vector<chat_request> asked;
  [[nodiscard]] client_info info() const override { return {.provider = "test", .model = "m"}; }

 protected:
  skein::stream<chat_update> open(const chat_request& request, const chat_options&) override {
    asked.push_back(request);
    return answer();
  }
  static skein::stream<chat_update> answer() {
    co_yield chat_update(text_delta{.text = "ok"});
    co_yield chat_update(response_finished{});
  }
};

chat_request with(media_part media) {
  return {.messages = {{.parts = {text_part{"What is this?"}, std::move(media)}}}};
}

task<std::string> ask(chat_client& model, chat_request request) {
  auto got = co_await as_result(collect(model.stream(request)));
  if (got) co_return got->text();
  try {
    std::rethrow_exception(got.error());
  } catch (const error& e) {
    co_return e.type();
  }
}

const media_part& media_of(const chat_request& r) {
  return std::get<media_part>(r.messages.at(0).parts.at(1));
}

// The list of models stands for an image.
class FetchedMedia : public ::testing::Test {
 protected:
  FetchedMedia() {
    options.also_reachable = {"127.0.0.1"};
    options.media_types = {"application/json"};
  }
  testing::model_server server{testing::turns({})};
  std::string url = server.url() + "/models";
  http::fetch_options options;
  keeping model;
};

TEST_F(FetchedMedia, BytesAreSentInsteadOfTheUriAndFetchedOnce) {
  fetched_media layer(model, options);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(sync_wait(ask(layer, with({.kind = media_kind::image, .uri = url, .name = "x"}))),
              "ok");
    const auto& sent = media_of(model.asked.at(static_cast<std::size_t>(i)));
    EXPECT_EQ(sent.uri, "");
    EXPECT_EQ(sent.media_type, "application/json");
    EXPECT_TRUE(sent.bytes.contains("scripted")) << sent.bytes;
    EXPECT_EQ(sent.name, "x");
    EXPECT_EQ(sent.kind, media_kind::image);
  }
  EXPECT_EQ(server.counters().requests, 1U);
}

TEST_F(FetchedMedia, WhatMayNotBeFetchedStopsTheRequest) {
  options.also_reachable.clear();
  fetched_media layer(model, options);
  EXPECT_EQ(sync_wait(ask(layer, with({.uri = url}))), "address_refused");
  EXPECT_EQ(sync_wait(ask(layer, with({.uri = "HTTP://127.0.0.1/"}))), "address_refused");
  EXPECT_TRUE(model.asked.empty());
  EXPECT_EQ(server.counters().accepted_connections, 0U);
}

TEST_F(FetchedMedia, OtherUrisAndBytesAreLeftAlone) {
  fetched_media layer(model, options);
  const media_part table[] = {{.uri = "gs://bucket/x"},
                              {.uri = "data:image/png;base64,AA=="},
                              {.uri = "file-abc"},
                              {.media_type = "image/png", .bytes = "png"}};
  for (const auto& media : table) {
    EXPECT_EQ(sync_wait(ask(layer, with(media))), "ok");
    EXPECT_EQ(media_of(model.asked.back()), media);
  }
}

TEST_F(FetchedMedia, WithoutTheLayerNothingIsFetched) {
  EXPECT_EQ(sync_wait(ask(model, with({.uri = url}))), "ok");
  EXPECT_EQ(media_of(model.asked.back()).uri, url);
  EXPECT_EQ(server.counters().accepted_connections, 0U);
}

}  // namespace
}  // namespace skein::media_test
