// The spans of every provider's answers: as they arrive, whole, left, cut and refused. Each is one,
// and right; tests/apps/recordings_test.sh has them checked by skein trace check, too.
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <skein/async/asio_runtime.hpp>
#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/providers/anthropic.hpp>
#include <skein/providers/gemini.hpp>
#include <skein/providers/ollama.hpp>
#include <skein/providers/openai.hpp>
#include <skein/providers/openai_responses.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/semconv.hpp>
#include <skein/telemetry/tree.hpp>

#include "canned_transport.hpp"
#include "conformance.hpp"
#include "telemetry/recording.hpp"

namespace skein::providers::spans_test {
namespace {

using conformance::protocol;

std::unique_ptr<chat_client> client_of(const protocol& p, http::transport* over) {
  const secret<std::string> key = std::string("k");
  if (p.name == "anthropic") {
    return std::make_unique<anthropic::client>(
        anthropic::client_options{.model = "claude-sonnet-4-5", .api_key = key, .transport = over});
  }
  if (p.name == "gemini") {
    return std::make_unique<gemini::client>(
        gemini::client_options{.model = "gemini-3-flash", .api_key = key, .transport = over});
  }
  if (p.name == "ollama") {
    return std::make_unique<ollama::client>(
        ollama::client_options{.model = "qwen3", .transport = over});
  }
  const openai::client_options options{.model = "gpt-5-mini", .api_key = key, .transport = over};
  if (p.name == "openai_responses") return std::make_unique<openai::responses_client>(options);
  EXPECT_EQ(p.name, "openai_chat") << "a protocol that has no client here";
  return std::make_unique<openai::client>(options);
}

enum class way : std::uint8_t { arriving, whole, left, cut, refused };

test::canned_transport answering(const protocol& p, const conformance::test_case& c, way how) {
  if (how == way::refused) {
    return test::canned_transport(R"({"error":{"message":"slow down"}})", 429);
  }
  if (how == way::whole) return test::canned_transport(test::read_file(whole_of(p, c)));
  auto body = test::read_file(stream_of(p, c));
  if (how == way::cut) body.resize(body.size() / 2);
  const char* type = p.frames == framing::lines ? "application/x-ndjson" : "text/event-stream";
  return test::canned_transport(std::move(body), 200, type);
}

task<> ask(chat_client& client, way how) {
  auto answer = client.stream({.messages = {user_message("hi")}}, {.streaming = how != way::whole});
  if (how == way::left) {
    (void)co_await answer.next();
    co_return;
  }
  while (co_await answer.next()) {}
}

class provider_spans : public ::testing::TestWithParam<const protocol*> {
 protected:
  void SetUp() override { telemetry::install(); }
  // How its span ended: `request` is what the span says the provider called it.
  struct ending {
    bool finished;
    std::string request;
  };
  ending play(const conformance::test_case& c, way how) {
    auto over = answering(*GetParam(), c, how);
    auto client = client_of(*GetParam(), &over);
    client->content = telemetry::content_policy(telemetry::capture::on);
    const auto before = ledger.ended();
    asio_runtime rt{1};
    const bool ended = sync_wait(rt, [](chat_client& of, way in) -> task<bool> {
      co_return (co_await as_result(ask(of, in))).has_value();
    }(*client, how));
    EXPECT_EQ(ledger.ended(), before + 1) << c.name;
    const auto span = ledger.records().back().attributes;
    const auto* request = span.if_contains(telemetry::semconv::provider_request_id);
    return {ended, request != nullptr ? std::string(request->as_string()) : std::string()};
  }

  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider{ledger};
};

TEST_P(provider_spans, are_right_however_an_answer_ends) {
  for (const auto& c : conformance::cases()) {
    if (lack_of(*GetParam(), c) != nullptr) continue;
    SCOPED_TRACE(c.name);
    const auto* own = variant_of(*GetParam(), c);
    const auto& means = own != nullptr ? own->instead : c.means;
    const bool finishes = means.ends == conformance::ends::finished;
    const auto arrived = play(c, way::arriving);
    EXPECT_EQ(arrived.finished, finishes);
    EXPECT_EQ(arrived.request, finishes ? "" : "req_7") << "also of an error inside an answer";
    if (c.also_whole) {
      EXPECT_TRUE(play(c, way::whole).finished);
    }
    play(c, way::left);
    play(c, way::cut);
    const auto refused = play(c, way::refused);
    EXPECT_FALSE(refused.finished);
    EXPECT_EQ(refused.request, "req_7");
  }
  EXPECT_EQ(ledger.started(), ledger.ended());
  for (const auto& problem : telemetry::check_tree(ledger)) ADD_FAILURE() << problem;
  skein::test::keep_recording(ledger.records());
}

std::vector<const protocol*> all_protocols() {
  std::vector<const protocol*> out;
  for (const auto& p : conformance::protocols()) out.push_back(&p);
  return out;
}
INSTANTIATE_TEST_SUITE_P(of, provider_spans, ::testing::ValuesIn(all_protocols()),
                         [](const auto& of) { return std::string(of.param->name); });

}  // namespace
}  // namespace skein::providers::spans_test
