// The tool calls of one answer, executed at the same time; some while the answer still arrives.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
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
    const telemetry::content_policy& content;
    telemetry::dialect dialect;
    std::size_t& executed;          // counts the tools that ran
    detail::wanted_answer* answer;  // whose calls are no tools; or null
  };
  explicit tool_batch(surroundings around);
  ~tool_batch();

  // What arrives of the answer. Begins the calls whose tools do so early; nobody is told of it
  // until the answer is whole.
  void watch(const chat_update& update);
  // The answer will not be whole: what was begun stops, and is gone on return.
  void revoke();
  // The answer is whole, and these are its calls. Once. What was begun and is not among them stops.
  void execute(std::vector<tool_call_part> calls);

  // Gives the next thing that happens; false when every call has its result.
  task<bool> next(agent_update& to);
  // One for each call, in order. After next() gave false.
  task<std::vector<tool_result_part>> results();

 private:
  struct early_call;
  void begin(const tool_call_delta& first);
  task<tool_result> run_early(early_call& call);
  early_call* begun(const tool_call_part& call);

  task<> finish(std::size_t index);
  tool_result answered(const tool_call_part& call);
  // Through the layers from this one on.
  task<tool_result> through(std::size_t layer, tool_call_part call);
  task<tool_result> attempt(const tool_call_part& call);
  // `early`: the call that is not whole yet, or null.
  task<tool_result> run(const tool_call_part& call, const tool& t, bound_call bound,
                        early_call* early);
  tool_result as_shown(tool_result result) const;

  surroundings around_;
  std::vector<tool_call_part> calls_;
  std::vector<tool_result_part> results_;
  std::optional<channel<agent_update>> events_;  // once all calls are known
  std::size_t running_ = 0;
  std::vector<std::unique_ptr<early_call>> early_;
  task_group group_;  // last: destroyed first
};

}  // namespace skein
