// What code in the middle of a pass may ask of a group of processes.
#pragma once

#include "engine.h"

namespace reat {

// How an error begins that came of another process, after which the group is of no use.
constexpr const char* exchangeFailed = "the exchange between processes failed: ";

// [size, ...]: each process's row, a contiguous tensor on the CPU, in the order of ranks. Waits for all of them, and JavaScript with it.
at::Tensor rowsOfAll(const Engine::Group& group, const at::Tensor& row);

void registerSharedNorm(Napi::Env env, Napi::Object exports);

}  // namespace reat
