// How processes that work together know of each other that they live.
#pragma once

#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace reat {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds betweenBeats(200);
// Of a process that lives, a beat is heard within it, on a busy machine too.
constexpr Milliseconds listening(2000);

inline std::string placeOf(const char* what, int rank) { return std::string("reat/") + what + "/" + std::to_string(rank); }

// Counts upward in the store from a thread of its own, so that the others know a process that computes from one that is gone.
class Pulse {
 public:
  Pulse(c10::intrusive_ptr<c10d::Store> store, int rank) : state_(std::make_shared<State>()) {
    thread_ = std::thread([state = state_, store, rank] {
      std::unique_lock<std::mutex> lock(state->mutex);
      while (!state->asked) {
        lock.unlock();
        try {
          store->add(placeOf("beats", rank), 1);
        } catch (const std::exception&) {
          lock.lock();
          break;
        }
        lock.lock();
        state->changed.wait_for(lock, betweenBeats, [&] { return state->asked; });
      }
      state->ended = true;
      state->changed.notify_all();
    });
  }
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;
  ~Pulse() {
    std::unique_lock<std::mutex> lock(state_->mutex);
    state_->asked = true;
    state_->changed.notify_all();
    // A store whose process stands still answers nobody.
    const bool ended = state_->changed.wait_for(lock, listening, [&] { return state_->ended; });
    lock.unlock();
    ended ? thread_.join() : thread_.detach();
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool asked = false;
    bool ended = false;
  };
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace reat
