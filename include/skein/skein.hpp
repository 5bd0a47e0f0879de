// Everything a program usually needs.
#pragma once

#include <skein/agent/agent.hpp>
#include <skein/async/asio_runtime.hpp>
#include <skein/async/channel.hpp>
#include <skein/async/offload.hpp>
#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/async/spawn.hpp>
#include <skein/async/stream.hpp>
#include <skein/async/task.hpp>
#include <skein/async/time.hpp>
#include <skein/async/when.hpp>
#include <skein/chat/client.hpp>
#include <skein/core/error.hpp>
#include <skein/core/version.hpp>
#include <skein/json/docs.hpp>
#include <skein/json/reflect.hpp>
#include <skein/json/schema.hpp>
#include <skein/providers/openai.hpp>
#include <skein/providers/scripted.hpp>
#include <skein/telemetry/setup.hpp>
#include <skein/tool/tool.hpp>
