// Boost.JSON is the value: these are the names Skein uses for it.
#pragma once

#include <boost/json.hpp>

namespace skein::json {
using boost::json::array;
using boost::json::object;
using boost::json::parse;
using boost::json::serialize;
using boost::json::string;
using boost::json::value;
}  // namespace skein::json
