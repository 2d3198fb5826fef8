// Keeps large blocks of freed CPU memory for the next tensors, instead of giving them back to the system.
//
// If memory were given back, the next layer would need it again and pay a page fault for every 4 KiB. If it were left to the C
// library's heap, blocks of many sizes would fragment the heap, and a step would take a third more memory than it uses.
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#ifdef __linux__
#include <sys/mman.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <mutex>
#include <utility>

#include "engine.h"

namespace reat {

namespace {

#if defined(__linux__) && defined(__GLIBC__)

constexpr size_t kPage = 4096;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kLarge = 2 * kHugePage;
// If all blocks began at the border of a huge page, they would compete for the same sets of the caches.
constexpr size_t kOffset = kPage + 64;
constexpr size_t kOffsets = 31;

// Used and kept blocks together are at most two fifths more than the most that was ever in use at once.
class KeptBlocks {
 public:
  // Null if the system has no more memory.
  void* take(size_t bytes) {
    const size_t size = classOf(bytes);
    const std::lock_guard<std::mutex> guard(mutex_);
    // The block that was freed last may still be in a cache.
    const auto fits = [size](const Block& block) { return block.size == size; };
    const auto found = std::find_if(kept_.rbegin(), kept_.rend(), fits);
    if (found != kept_.rend()) {
      const Block block = *found;
      kept_.erase(std::next(found).base());
      keptBytes_ -= block.size;
      return lend(block);
    }
    const size_t most = std::max(most_, inUse_ + size);
    while (!kept_.empty() && inUse_ + size + keptBytes_ > most + most / 5 * 2) dropOldest();
    void* memory = map(size);
    if (memory == nullptr) {
      while (!kept_.empty()) dropOldest();
      memory = map(size);
    }
    if (memory == nullptr) return nullptr;
    // Counted only now, so that a batch that did not fit does not raise the limit for ever.
    most_ = most;
    return lend({memory, size});
  }

  // False for memory that was not allocated here.
  bool give(void* memory) {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto found = lent_.find(memory);
    if (found == lent_.end()) return false;
    kept_.push_back({memory, found->second});
    inUse_ -= found->second;
    keptBytes_ += found->second;
    lent_.erase(found);
    return true;
  }

  std::pair<size_t, size_t> inUseAndKept() {
    const std::lock_guard<std::mutex> guard(mutex_);
    return {inUse_, keptBytes_};
  }

 private:
  struct Block {
    void* memory;
    size_t size;
  };

  // Sizes are rounded up to eighths of a power of two: a similar request then finds the block again, and little is wasted.
  static size_t classOf(size_t bytes) {
    size_t grain = kLarge / 8;
    while (grain * 16 <= bytes) grain *= 2;
    return (bytes + grain - 1) / grain * grain;
  }

  void* lend(const Block& block) {
    lent_.emplace(block.memory, block.size);
    inUse_ += block.size;
    return block.memory;
  }

  void dropOldest() {
    keptBytes_ -= kept_.front().size;
    const auto place = reinterpret_cast<uintptr_t>(kept_.front().memory);
    const size_t offset = place % kHugePage;
    munmap(reinterpret_cast<void*>(place - offset), kept_.front().size + offset);
    kept_.erase(kept_.begin());
  }

  // Starts shortly after a huge page's border, so that the system can use huge pages.
  void* map(size_t size) {
    const size_t offset = kOffset * (next_++ % kOffsets);
    const size_t whole = (offset + size + kPage - 1) / kPage * kPage;
    void* wider = mmap(nullptr, whole + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (wider == MAP_FAILED) return nullptr;
    const auto begin = reinterpret_cast<uintptr_t>(wider);
    const size_t before = (kHugePage - begin % kHugePage) % kHugePage;
    if (before > 0) munmap(wider, before);
    if (before < kHugePage) munmap(reinterpret_cast<void*>(begin + before + whole), kHugePage - before);
    madvise(reinterpret_cast<void*>(begin + before), whole, MADV_HUGEPAGE);
    return reinterpret_cast<void*>(begin + before + offset);
  }

  std::mutex mutex_;
  std::vector<Block> kept_;  // the one kept longest first
  std::unordered_map<void*, size_t> lent_;
  size_t next_ = 0;
  size_t inUse_ = 0;
  size_t keptBytes_ = 0;
  size_t most_ = 0;
};

// Lives as long as the process: tensors may be freed while it ends.
KeptBlocks& blocks() {
  static auto* kept = new KeptBlocks;
  return *kept;
}

void release(void* memory) {
  if (memory != nullptr && !blocks().give(memory)) c10::free_cpu(memory);
}

struct KeepingAllocator final : c10::Allocator {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
  c10::DataPtr allocate(size_t bytes) override { return lend(bytes); }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
#else
  c10::DataPtr allocate(size_t bytes) const override { return lend(bytes); }
#endif
  c10::DeleterFnPtr raw_deleter() const override { return release; }

 private:
  static c10::DataPtr lend(size_t bytes) {
    void* memory = bytes < kLarge ? nullptr : blocks().take(bytes);
    // LibTorch allocates small blocks itself, and reports failures in its own words.
    if (memory == nullptr) memory = c10::alloc_cpu(bytes);
    return {memory, memory, release, c10::Device(c10::DeviceType::CPU)};
  }
};

// False where the system is another one.
bool keep() {
  static KeepingAllocator allocator;
  c10::SetCPUAllocator(&allocator, 1);
  // Smaller blocks are left to the C library, which also keeps them.
  return mallopt(M_MMAP_THRESHOLD, kLarge) && mallopt(M_TRIM_THRESHOLD, -1) && mallopt(M_TOP_PAD, 16 << 20);
}

std::pair<size_t, size_t> inUseAndKept() { return blocks().inUseAndKept(); }

#else

bool keep() { return false; }

std::pair<size_t, size_t> inUseAndKept() { return {0, 0}; }

#endif

Napi::Value keepFreedMemory(const Napi::CallbackInfo& info) {
  static const bool kept = keep();
  return Napi::Boolean::New(info.Env(), kept);
}

Napi::Value largeBlocks(const Napi::CallbackInfo& info) {
  const auto [inUse, kept] = inUseAndKept();
  Napi::Object memory = Napi::Object::New(info.Env());
  memory.Set("inUseBytes", static_cast<double>(inUse));
  memory.Set("keptBytes", static_cast<double>(kept));
  return memory;
}

}  // namespace

void registerMemory(Napi::Env env, Napi::Object exports) {
  define<keepFreedMemory>(env, exports, "keepFreedMemory");
  define<largeBlocks>(env, exports, "largeBlocks");
}

}  // namespace reat
