// Spans that tests leave for skein trace check (tests/apps/recordings_test.sh).
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <span>

#include <gtest/gtest.h>

#include <skein/telemetry/otlp_json.hpp>
#include <skein/telemetry/span_record.hpp>

namespace skein::test {

// With SKEIN_RECORD_SPANS they go into a file of that folder, one for each test.
inline void keep_recording(std::span<const telemetry::span_record> recorded) {
  const char* folder = std::getenv("SKEIN_RECORD_SPANS");
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  if (folder == nullptr || test == nullptr) return;
  auto name = std::format("{}.{}.jsonl", test->test_suite_name(), test->name());
  std::ranges::replace(name, '/', '_');
  std::ofstream out(std::filesystem::path(folder) / name, std::ios::app);
  out << telemetry::to_otlp_json_line(recorded) << '\n';
}

}  // namespace skein::test
