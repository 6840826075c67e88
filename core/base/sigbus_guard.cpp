#include "core/base/sigbus_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>

namespace flightdeck::sigbus_guard {
namespace {

// Fixed and lock-free: the signal handler walks it.
struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<uintptr_t> begin{0}, end{0};
  std::atomic<bool> faulted{false};
};
std::array<Slot, 4096> slots;
uintptr_t page_bytes = 4096;
struct sigaction previous_action;

/// Puts zero pages over the rest of the mapping and lets the read run again. Only async-signal-safe calls.
void on_sigbus(int number, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  for (Slot& slot : slots) {
    const uintptr_t begin = slot.begin.load(), end = slot.end.load();
    if (begin == 0 || address < begin || address >= end) continue;
    const uintptr_t page = address & ~(page_bytes - 1);
    void* zeros =
        mmap(reinterpret_cast<void*>(page), end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (zeros == MAP_FAILED) break;
    slot.faulted.store(true);
    errno = saved_errno;
    return;
  }
  errno = saved_errno;
  if (previous_action.sa_flags & SA_SIGINFO) return previous_action.sa_sigaction(number, info, context);
  sigaction(SIGBUS, &previous_action, nullptr);  // not ours: the access faults again under the former handling
}

void install() {
  page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = on_sigbus;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &previous_action);
}

}  // namespace

int add(const void* begin, size_t size) {
  static std::once_flag installed;
  std::call_once(installed, install);
  for (size_t i = 0; i < slots.size(); ++i) {
    bool free = false;
    if (!slots[i].taken.compare_exchange_strong(free, true)) continue;
    slots[i].faulted.store(false);
    slots[i].end.store(reinterpret_cast<uintptr_t>(begin) + size);
    slots[i].begin.store(reinterpret_cast<uintptr_t>(begin));
    return static_cast<int>(i);
  }
  return -1;
}

void remove(int slot) {
  if (slot < 0) return;
  Slot& s = slots[static_cast<size_t>(slot)];
  s.begin.store(0);
  s.end.store(0);
  s.taken.store(false);
}

bool faulted(int slot) { return slot >= 0 && slots[static_cast<size_t>(slot)].faulted.load(); }

}  // namespace flightdeck::sigbus_guard
