// Log records are not kept; how many there were is.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include <skein/trace/otlp.hpp>

namespace skein::trace {

// Of an ExportLogsServiceRequest.
[[nodiscard]] std::expected<std::size_t, read_error> count_log_records_protobuf(
    std::string_view bytes);
// Of text as read_otlp_json takes it.
[[nodiscard]] std::expected<std::size_t, read_error> count_log_records_json(std::string_view text);

}  // namespace skein::trace
