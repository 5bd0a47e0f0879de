// How what curl reports becomes an error that says what happened, where, and what to do.
#pragma once

#include <chrono>
#include <exception>
#include <string_view>

#include <curl/curl.h>

namespace skein::http::detail {

// `where` is host:port; `more` is curl's own text, possibly empty.
[[nodiscard]] std::exception_ptr failure_of(CURLcode code, std::string_view where,
                                            std::string_view more);

// The same before there was a connection: a cut there is one that could not be made.
[[nodiscard]] std::exception_ptr failure_to_connect(CURLcode code, std::string_view where,
                                                    std::string_view more);

// `option` is the member of http::timeouts that passed, `missing` what the peer did not do.
[[nodiscard]] std::exception_ptr timed_out(std::string_view option, std::chrono::milliseconds value,
                                           std::string_view where, std::string_view missing);

// `option` is the member of http::limits, `what` is what grew beyond it.
[[nodiscard]] std::exception_ptr beyond_limit(std::string_view option, std::size_t value,
                                              std::string_view where, std::string_view what);

// `address` is what the name led to.
[[nodiscard]] std::exception_ptr unreachable(std::string_view address, std::string_view where);

}  // namespace skein::http::detail
