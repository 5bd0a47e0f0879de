// Which streamed fragment belongs to which tool call, although servers label them badly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <skein/chat/update.hpp>

namespace skein::openai::detail {

// Sees the end of a JSON object or array without parsing it, at a constant cost per byte.
class json_end_scanner {
 public:
  void add(std::string_view text) noexcept;
  [[nodiscard]] bool begun() const noexcept { return opened_; }
  [[nodiscard]] bool complete() const noexcept { return opened_ && depth_ == 0; }

 private:
  std::size_t depth_ = 0;
  bool opened_ = false;
  bool in_string_ = false;
  bool escaped_ = false;
};

// A call is identified by its id if that is new, else by its index, else it is the last one opened.
// Merging is never a guess against the evidence: these open another call
//   a new id, also under a known index (servers that number every call 0)
//   a known id with a name under another index, or with another name, or with the same name and
//   arguments after arguments that were whole (servers that give every call the same id)
//   without an id: another name, a second fragment with a name in the same event, or the same name
//   after arguments that were whole (and, without an index, after none at all)
// Ids that are missing or given twice are made up, so that the ids given out are unique. A call is
// given out once its name is known, or at the end.
class call_tracker {
 public:
  struct fragment {
    std::string_view id = {};
    std::optional<std::int64_t> index = {};
    std::string_view name = {};
    std::string_view arguments = {};
  };

  void begin_event() noexcept { ++event_; }
  void add(const fragment& f, std::string_view response_id, std::vector<chat_update>& out);
  // Calls that never got a name.
  void finish(std::vector<chat_update>& out);

 private:
  struct call {
    std::string id;           // ours
    std::string provider_id;  // empty: none was given
    std::optional<std::int64_t> index;
    std::string name;
    std::string held;  // arguments that came before the name
    json_end_scanner end;
    std::uint64_t event = 0;
  };

  [[nodiscard]] std::size_t find(const fragment& f, std::string_view response_id);
  [[nodiscard]] std::size_t open(const fragment& f, std::string_view response_id);
  [[nodiscard]] bool starts_another(const call& c, const fragment& f) const noexcept;
  [[nodiscard]] bool taken(std::string_view id) const noexcept;

  std::vector<call> calls_;
  std::uint64_t event_ = 0;
};

}  // namespace skein::openai::detail
