#include "export_log.hpp"

#include <cstdio>
#include <exception>
#include <format>
#include <mutex>

#include <opentelemetry/nostd/shared_ptr.h>
#include <opentelemetry/sdk/common/global_log_handler.h>

#include "screen.hpp"

namespace skein::cli {

namespace log = opentelemetry::sdk::common::internal_log;
using handler_ptr = opentelemetry::nostd::shared_ptr<log::LogHandler>;

class export_log::handler final : public log::LogHandler {
 public:
  void Handle(log::LogLevel level, const char*, int, const char* message,
              const opentelemetry::sdk::common::AttributeMap&) noexcept override {
    if (message == nullptr) return;
    try {
      auto line = one_line(message);
      if (level != log::LogLevel::Error) {
        std::fputs(std::format("{}: {}\n", log::LevelToString(level), line).c_str(), stderr);
        return;
      }
      std::lock_guard lock(mutex_);
      if (first_error_.empty()) first_error_ = std::move(line);
    } catch (const std::exception& e) {
      std::fputs(e.what(), stderr);
    }
  }
  [[nodiscard]] std::string first_error() const {
    std::lock_guard lock(mutex_);
    return first_error_;
  }

 private:
  mutable std::mutex mutex_;
  std::string first_error_;
};

struct export_log::state {
  handler* ours = nullptr;
  handler_ptr installed;
  handler_ptr previous;
};

export_log::export_log() : state_(std::make_unique<state>()) {
  state_->ours = new handler;
  state_->installed = handler_ptr(state_->ours);
  state_->previous = log::GlobalLogHandler::GetLogHandler();
  log::GlobalLogHandler::SetLogHandler(state_->installed);
}

export_log::~export_log() { log::GlobalLogHandler::SetLogHandler(state_->previous); }

std::string export_log::first_error() const { return state_->ours->first_error(); }

}  // namespace skein::cli
