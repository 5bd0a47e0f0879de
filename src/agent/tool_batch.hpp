// The tool calls of one answer, executed at the same time.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <skein/agent/agent.hpp>
#include <skein/async/channel.hpp>
#include <skein/async/spawn.hpp>
#include <skein/tool/tool_set.hpp>

namespace skein {

// Owned by the run's coroutine frame. What it refers to must outlive it; dropping it destroys the
// tools where they stand.
class tool_batch {
 public:
  struct surroundings {
    const tool_set& tools;
    const std::vector<tool_layer>& layers;
    skein::session* session;
    std::string_view agent_name;
    std::string_view conversation_id;
    error_details errors;
    telemetry::capture content;
    telemetry::dialect dialect;
    std::size_t& executed;  // counts the tools that ran
  };
  tool_batch(surroundings around, std::vector<tool_call_part> calls);

  // Gives the next thing that happens; false when every call has its result.
  task<bool> next(agent_update& to);
  // One for each call, in order. After next() gave false.
  task<std::vector<tool_result_part>> results();

 private:
  task<> execute(std::size_t index);
  // Through the layers from this one on.
  task<tool_result> through(std::size_t layer, tool_call_part call);
  task<tool_result> attempt(const tool_call_part& call);
  task<tool_result> run(const tool_call_part& call, const tool& t, bound_call bound);

  surroundings around_;
  std::vector<tool_call_part> calls_;
  std::vector<tool_result_part> results_;
  channel<agent_update> events_;
  std::size_t running_;
  task_group group_;  // last: destroyed first
};

}  // namespace skein
