// The programs of docs/replay.md.
#include <chrono>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/providers/openai.hpp>
#include <skein/providers/replay.hpp>
#include <skein/testing/scripted_transport.hpp>

namespace {

skein::task<std::string> ask(skein::http::transport& through) {
  skein::openai::client model({.model = "gpt-5-mini", .api_key = "any", .transport = &through});
  auto answer =
      co_await collect(model.stream({.messages = {skein::user_message("Is it raining?")}}));
  co_return answer.text();
}

void record(skein::http::transport& network, const std::filesystem::path& file) {
  skein::replay::recorder recording(network, file);
  sync_wait(ask(recording));
  recording.check();  // that all of it is in the file
}

std::string replay(const std::filesystem::path& file) {
  skein::replay::player recorded(file);
  skein::simulated_runtime rt(1);  // takes no time; on an asio_runtime it takes what it took
  auto text = sync_wait(rt, ask(recorded));
  recorded.expect_all_used();
  return text;
}

TEST(ReplaySnippets, WhatWasRecordedIsSaidAgain) {
  skein::testing::scripted_transport network(skein::testing::turns({{.text = "A little."}}));
  const auto file = std::filesystem::path(::testing::TempDir()) / "skein_replay_snippets.cassette";
  record(network, file);
  EXPECT_EQ(replay(file), "A little.");
  std::filesystem::remove(file);
}

}  // namespace
