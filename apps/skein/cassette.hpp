// What stands between the model's client and the network, by --record and --replay.
#pragma once

#include <optional>
#include <string>

#include <skein/http/client.hpp>
#include <skein/http/transport.hpp>
#include <skein/providers/replay.hpp>

namespace skein::cli {

class cassette {
 public:
  // The names of files, one of them or both empty. Throws usage_error and schema_error for a file
  // that will not do.
  cassette(const std::string& record, const std::string& replay);

  // Null if nothing does: the client takes its own.
  [[nodiscard]] http::transport* transport() noexcept;
  // Throws if something could not be recorded, or was not asked for again.
  void check() const;

 private:
  http::client client_;
  http::client_transport network_{client_};
  std::optional<replay::recorder> recorder_;
  std::optional<replay::player> player_;
};

}  // namespace skein::cli
