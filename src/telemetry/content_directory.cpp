#include <condition_variable>
#include <deque>
#include <format>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/core/error.hpp>
#include <skein/telemetry/content.hpp>
#include <skein/telemetry/semconv.hpp>

#include "telemetry/shape.hpp"

namespace skein::telemetry {

namespace fs = std::filesystem;

namespace {

// As others name them, so that tools find them.
std::string_view suffix_of(std::string_view key) {
  if (key == semconv::input_messages) return "inputs";
  if (key == semconv::output_messages) return "outputs";
  if (key == semconv::system_instructions) return "system_instruction";
  if (key == semconv::tool_definitions) return "tool.definitions";
  return "content";
}

class directory final : public content_store {
 public:
  directory(fs::path path, std::size_t max_waiting)
      : path_(std::move(path)), max_waiting_(max_waiting), writer_([this] { work(); }) {}
  directory(const directory&) = delete;
  directory& operator=(const directory&) = delete;
  ~directory() override {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_all();
    writer_.join();
  }

  std::string put(std::string_view key, std::string text) noexcept override {
    try {
      auto name = std::format("{}_{}.json", sha256(text), suffix_of(key));
      auto where = "file://" + (path_ / name).string();
      std::lock_guard lock(mutex_);
      if (waiting_.size() >= max_waiting_) {
        if (std::exchange(lost_, true)) return {};
        OTEL_INTERNAL_LOG_WARN("[Skein] content is not stored: " << max_waiting_
                                                                 << " pieces wait to be written to "
                                                                 << path_.string());
        return {};
      }
      waiting_.push_back({std::move(name), std::move(text)});
      wake_.notify_one();
      return where;
    } catch (const std::exception& e) {
      OTEL_INTERNAL_LOG_ERROR("[Skein] content is not stored: " << e.what());
      return {};
    }
  }

  bool flush(std::chrono::milliseconds deadline) noexcept override {
    std::unique_lock lock(mutex_);
    bool done = idle_.wait_for(lock, deadline, [this] { return waiting_.empty(); });
    return !std::exchange(lost_, false) && done;
  }

 private:
  struct piece {
    std::string name;
    std::string text;
  };
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const auto& next = waiting_.front();  // nobody else takes from here
      lock.unlock();
      const bool written = write(next);
      lock.lock();
      waiting_.pop_front();
      lost_ = lost_ || !written;
      if (waiting_.empty()) idle_.notify_all();
    }
  }
  bool write(const piece& p) const noexcept {
    std::error_code failed;
    const auto target = path_ / p.name;
    if (fs::exists(target, failed)) return true;
    // Under a name that says so until it is complete; what a killed process leaves is written over.
    const auto draft = path_ / (p.name + ".part");
    {
      std::ofstream out(draft, std::ios::binary | std::ios::trunc);
      fs::permissions(draft, fs::perms::owner_read | fs::perms::owner_write, failed);
      if (failed) out.setstate(std::ios::failbit);
      out.write(p.text.data(), static_cast<std::streamsize>(p.text.size()));
      if (!out.flush()) failed = std::make_error_code(std::errc::io_error);
    }
    if (!failed) fs::rename(draft, target, failed);
    if (failed) {
      OTEL_INTERNAL_LOG_ERROR("[Skein] content is not stored in " << target.string() << ": "
                                                                  << failed.message());
    }
    return !failed;
  }

  const fs::path path_;
  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::deque<piece> waiting_;
  bool closing_ = false;
  bool lost_ = false;
  std::thread writer_;
};

}  // namespace

std::shared_ptr<content_store> content_directory(const fs::path& path, std::size_t max_waiting) {
  std::error_code failed;
  const auto whole = fs::absolute(path, failed);
  if (!failed && fs::create_directories(whole, failed)) {
    fs::permissions(whole, fs::perms::owner_all, failed);
  }
  if (failed) {
    throw usage_error(
        std::format("content_directory: {} cannot be made: {}", path.string(), failed.message()));
  }
  return std::make_shared<directory>(whole, max_waiting);
}

}  // namespace skein::telemetry
