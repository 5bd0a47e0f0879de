// The agents of `skein demo`, made for testing::demo_script(), and the tools of --demo-tools.
#pragma once

#include <string_view>
#include <vector>

#include <skein/agent/agent.hpp>
#include <skein/chat/client.hpp>
#include <skein/telemetry/operation.hpp>
#include <skein/tool/tool.hpp>

namespace skein::cli {

inline constexpr std::string_view demo_prompt =
    "What should I wear in Oslo tomorrow, and what is 17 + 25?";

// get_weather, add and now. Made up, but for the time.
[[nodiscard]] std::vector<tool> demo_tools();

// An agent `demo`, which has the tools and may ask another agent.
struct demo_agents {
  demo_agents(chat_client& model, telemetry::capture content);
  agent stylist;
  agent demo;
};

}  // namespace skein::cli
