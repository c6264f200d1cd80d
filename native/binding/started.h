// What JavaScript orders a process or a thread with, and what it gets.
#ifndef FORKLESS_BINDING_STARTED_H_
#define FORKLESS_BINDING_STARTED_H_

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "core/children.h"

namespace forkless {

using ProcessHandle = Napi::External<std::shared_ptr<WatchedProcess>>;

// { id, pid, handle }
Napi::Object WrapProcess(Napi::Env env, std::shared_ptr<WatchedProcess> process);
// The same with `pipes`, our ends of them.
Napi::Object WrapStarted(Napi::Env env, StartedChild child);

std::string TextOf(const Napi::Object& object, const char* key);
std::vector<uint8_t> Bytes(const Napi::Value& value);
// [[offset, stamp], ...]
std::vector<Block> Blocks(const Napi::Value& value);
Stdio StdioOf(const std::string& name);

}  // namespace forkless

#endif  // FORKLESS_BINDING_STARTED_H_
