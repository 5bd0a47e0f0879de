#include <atomic>

#include <skein/telemetry/switch.hpp>

namespace skein::telemetry {

namespace {
std::atomic<bool> disabled = false;
constexpr const char* untraced_key = "skein.untraced";
}  // namespace

void disable() noexcept { disabled.store(true, std::memory_order_relaxed); }
void enable() noexcept { disabled.store(false, std::memory_order_relaxed); }
bool enabled() noexcept { return !disabled.load(std::memory_order_relaxed); }

context untraced(const context& from) { return context(from).SetValue(untraced_key, true); }
bool is_untraced(const context& c) noexcept { return c.HasKey(untraced_key); }

}  // namespace skein::telemetry
