#include <opentelemetry/context/runtime_context.h>

#include <skein/async/strand.hpp>
#include <skein/core/error.hpp>
#include <skein/telemetry/install.hpp>

namespace skein::telemetry {

namespace {

namespace contexts = opentelemetry::context;
namespace nostd = opentelemetry::nostd;

// Entries are keyed by the token's address: before opentelemetry-cpp 1.24 a token cannot be
// subclassed, and comparing contexts by value is ambiguous when one is attached twice.
class strand_storage final : public contexts::RuntimeContextStorage {
 public:
  contexts::Context GetCurrent() noexcept override { return strand::here().current(); }
  nostd::unique_ptr<contexts::Token> Attach(const contexts::Context& c) noexcept override {
    auto token = CreateToken(c);
    strand::here().attach(token.get(), c);
    return token;
  }
  bool Detach(contexts::Token& token) noexcept override { return strand::here().detach(&token); }
};

}  // namespace

storage installed_storage() {
  auto current = contexts::RuntimeContext::GetConstRuntimeContextStorage();
  if (dynamic_cast<const strand_storage*>(current.get()) != nullptr) return storage::skein;
  if (dynamic_cast<const contexts::ThreadLocalContextStorage*>(current.get()) != nullptr) {
    return storage::opentelemetry_default;
  }
  return storage::foreign;
}

void install() {
  switch (installed_storage()) {
    case storage::skein:
      return;
    case storage::foreign:
      throw usage_error(
          "telemetry::install: this program already set an OpenTelemetry RuntimeContextStorage of "
          "its "
          "own; remove that call, or leave Skein's out (its own spans do not need it)");
    case storage::opentelemetry_default:
      break;
  }
  contexts::RuntimeContext::SetRuntimeContextStorage(
      nostd::shared_ptr<contexts::RuntimeContextStorage>(new strand_storage));
}

}  // namespace skein::telemetry
