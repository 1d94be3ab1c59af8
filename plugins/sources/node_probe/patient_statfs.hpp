// patient_statfs.hpp - statfs of mounts that may never answer: a file server that has gone leaves
// the caller in the kernel, where nothing can wake it. Each such mount has a thread of its own
// that asks; whoever collects waits for it until a deadline, and not again before it answered.
#pragma once

#include <sys/vfs.h>

#include <chrono>
#include <memory>
#include <string>

namespace node_probe {

using Statfs = int (*)(const char* path, struct statfs* result);

// One mount. `ask`, then `answer`, from one thread.
class PatientStatfs {
 public:
  static constexpr int kThreadsMax = 64;  // in the process, stuck ones included

  PatientStatfs(std::string path, Statfs statfs);
  // Never waits: a thread that is stuck is left to itself.
  ~PatientStatfs();
  PatientStatfs(const PatientStatfs&) = delete;
  PatientStatfs& operator=(const PatientStatfs&) = delete;

  // Has the thread ask, unless it is still at it.
  void ask();
  // 0 and a result; the errno of statfs; ETIMEDOUT when there is no answer by `deadline` (at once
  // if there was none the time before); EAGAIN when there are too many threads.
  int answer(std::chrono::steady_clock::time_point deadline, struct statfs& result);

 private:
  struct Job;
  static void run(const std::shared_ptr<Job>& job);
  std::shared_ptr<Job> job_;
  bool late_ = false;  // the last `answer` was ETIMEDOUT
};

}  // namespace node_probe
