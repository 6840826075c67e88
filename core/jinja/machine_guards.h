// What the machine changes for a while and sets back, also when a failure passes. Internal to this folder.
#pragma once

#include <utility>

#include "core/jinja/machine.h"

namespace flightdeck::jinja {

template <class T>
class Swap {
 public:
  Swap(T& place, T value) : place_(place), old_(std::exchange(place, std::move(value))) {}
  ~Swap() { place_ = std::move(old_); }
  Swap(const Swap&) = delete;
  Swap& operator=(const Swap&) = delete;

 private:
  T& place_;
  T old_;
};

/// What is written while it lives goes into an empty text.
class Capture : Swap<Text> {
 public:
  explicit Capture(Text& output) : Swap(output, Text()) {}
};

class Level {
 public:
  Level(int& depth, int limit, const char* what) : depth_(depth) {
    if (depth_ >= limit) fail_render("{} deeper than {} levels", what, limit);
    ++depth_;
  }
  ~Level() { --depth_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  int& depth_;
};

/// Every node on the way down costs C++ stack: some 1 KiB, with sanitizers 5.
class Machine::Deeper : Level {
 public:
  static constexpr int limit = 1000;
  explicit Deeper(Machine& machine) : Level(machine.depth_, limit, "expressions and blocks nest") {}
};

/// A scope of its own.
class Machine::Inner : Swap<std::shared_ptr<Scope>> {
 public:
  explicit Inner(Machine& machine) : Swap(machine.scope_, std::make_shared<Scope>(Scope{{}, machine.scope_})) {}
};

}  // namespace flightdeck::jinja
