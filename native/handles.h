// Slot tables that hand LibTorch objects to JavaScript as plain numbers.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace reat {

// A handle is generation * 2^24 + slot, with a generation of at least 2^8. So it is an exact double and never looks like a small
// integer, and a handle whose object was freed is recognised even when another object uses the slot.
template <typename T>
class HandleTable {
 public:
  explicit HandleTable(const char* kind) : kind_(kind) {}

  double add(T value) {
    uint32_t slot;
    if (!free_.empty()) {
      slot = free_.back();
      free_.pop_back();
    } else {
      if (slots_.size() >= kSlotCount) throw std::runtime_error("too many live objects: dispose tensors or use scope()");
      slot = static_cast<uint32_t>(slots_.size());
      slots_.emplace_back();
    }
    Slot& entry = slots_[slot];
    entry.value = std::move(value);
    entry.live = true;
    ++live_;
    return static_cast<double>(entry.generation) * kSlotCount + slot;
  }

  const T& get(double handle) const { return slots_[locate(handle)].value; }

  // Returns false if the handle's object is already freed, so that disposing twice is harmless.
  bool remove(double handle) {
    uint32_t slot;
    if (!find(handle, slot)) return false;
    Slot& entry = slots_[slot];
    entry.live = false;
    if (++entry.generation == kLastGeneration) entry.generation = kFirstGeneration;
    --live_;
    free_.push_back(slot);
    T released = std::move(entry.value);
    entry.value = T();
    return true;
  }

  size_t live() const { return live_; }

 private:
  static constexpr uint32_t kSlotCount = 1u << 24;
  static constexpr uint32_t kFirstGeneration = 1u << 8;
  static constexpr uint32_t kLastGeneration = 1u << 29;  // beyond it a handle would not be an exact double

  struct Slot {
    T value{};
    uint32_t generation = kFirstGeneration;
    bool live = false;
  };

  bool find(double handle, uint32_t& slot) const {
    if (!(handle >= 0 && handle < 9007199254740992.0)) return false;
    const auto bits = static_cast<uint64_t>(handle);
    slot = static_cast<uint32_t>(bits & (kSlotCount - 1));
    return slot < slots_.size() && slots_[slot].live && slots_[slot].generation == bits >> 24;
  }

  uint32_t locate(double handle) const {
    uint32_t slot;
    if (!find(handle, slot)) throw std::runtime_error(std::string("the ") + kind_ + " has been disposed");
    return slot;
  }

  const char* kind_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  size_t live_ = 0;
};

}  // namespace reat
