// The thread shares a job with its owner and lives until the owner has gone and statfs returned.
#include "patient_statfs.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>

#include "weir/signals.hpp"

namespace node_probe {

namespace {
std::atomic<int> threads{0};
constexpr std::size_t kStackBytes = 64 * 1024;

// A stuck thread returns into this code, perhaps long after its plugin was to be unloaded.
void stay_loaded() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&stay_loaded), &info) != 0 && info.dli_fname != nullptr) {
    dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE);
  }
}
}  // namespace

struct PatientStatfs::Job {
  std::mutex mutex;
  std::condition_variable changed;
  enum { kIdle, kAsked, kAnswered, kAbandoned } state = kIdle;
  bool in_statfs = false;
  bool has_thread = false;
  pthread_t thread{};
  std::string path;
  Statfs statfs = nullptr;
  struct statfs result {};
  int error = 0;
};

PatientStatfs::PatientStatfs(std::string path, Statfs statfs) : job_(std::make_shared<Job>()) {
  job_->path = std::move(path);
  job_->statfs = statfs;
}

PatientStatfs::~PatientStatfs() {
  bool stuck = false;
  {
    const std::lock_guard lock(job_->mutex);
    job_->state = Job::kAbandoned;
    stuck = job_->in_statfs;
  }
  job_->changed.notify_all();
  if (!job_->has_thread) return;
  if (stuck) {
    stay_loaded();
    pthread_detach(job_->thread);
  } else {
    pthread_join(job_->thread, nullptr);
  }
}

void PatientStatfs::run(const std::shared_ptr<Job>& job) {
  std::unique_lock lock(job->mutex);
  for (;;) {
    job->changed.wait(lock,
                      [&] { return job->state == Job::kAsked || job->state == Job::kAbandoned; });
    if (job->state == Job::kAbandoned) break;
    struct statfs result {};
    job->in_statfs = true;
    lock.unlock();
    const int error = job->statfs(job->path.c_str(), &result) == 0 ? 0 : errno;
    lock.lock();
    job->in_statfs = false;
    if (job->state == Job::kAbandoned) break;
    job->result = result;
    job->error = error;
    job->state = Job::kAnswered;
    job->changed.notify_all();
  }
  threads.fetch_sub(1);
}

void PatientStatfs::ask() {
  const std::lock_guard lock(job_->mutex);
  if (job_->state == Job::kAsked) return;
  if (!job_->has_thread) {
    if (threads.fetch_add(1) >= kThreadsMax) {
      threads.fetch_sub(1);
      return;
    }
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackBytes);
    auto* shared = new std::shared_ptr<Job>(job_);
    const auto body = [](void* argument) -> void* {
      const std::unique_ptr<std::shared_ptr<Job>> job(static_cast<std::shared_ptr<Job>*>(argument));
      run(*job);
      return nullptr;
    };
    {
      const weir::SignalsBlocked blocked;
      job_->has_thread = pthread_create(&job_->thread, &attributes, body, shared) == 0;
    }
    pthread_attr_destroy(&attributes);
    if (!job_->has_thread) {
      delete shared;
      threads.fetch_sub(1);
      return;
    }
  }
  job_->state = Job::kAsked;
  job_->changed.notify_all();
}

int PatientStatfs::answer(std::chrono::steady_clock::time_point deadline, struct statfs& result) {
  std::unique_lock lock(job_->mutex);
  if (!job_->has_thread) return EAGAIN;
  const auto answered = [&] { return job_->state == Job::kAnswered; };
  late_ = late_ ? !answered() : !job_->changed.wait_until(lock, deadline, answered);
  if (late_) return ETIMEDOUT;
  result = job_->result;
  return job_->error;
}

}  // namespace node_probe
