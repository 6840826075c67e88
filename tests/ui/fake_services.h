// Services for tests of the window: a store in memory, a fake engine, a builder that follows a script.
#pragma once

#include <atomic>

#include "tests/ui/fake_inference.h"
#include "tests/ui/memory_store.h"
#include "ui/services.h"

namespace flightdeck::test {

/// What the fakes share with the test.
struct World {
  std::shared_ptr<MemoryData> chats = std::make_shared<MemoryData>();
  FakeInference::Script script;
  std::vector<EngineListing> engines;
  std::mutex mutex;  // guards engines and settings
  Settings saved;
  std::string build_error;               // not empty: builds fail with it
  std::atomic<bool> hold_build = false;  // a build stands in its middle until this falls or it is cancelled
  std::atomic<int> builds = 0;
  FakeInference* engine = nullptr;  // the one loaded last
  bool starter = true;
  std::vector<DeviceFacts> gpus;  // beside the CPU
  Result<SearchPage> found = SearchPage{};
  std::function<Result<RepoOffer>(const RepoId&)> offer;
  std::vector<JobSnapshot> downloads;  // stand still
  std::vector<CachedModel> cached;
};

Services fakeServices(World& world);
EngineListing fakeEngine(const std::string& name, QFormat format, uint64_t bytes);

}  // namespace flightdeck::test
