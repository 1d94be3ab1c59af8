// A disk in memory that behaves as badly as a real one may: what was not synced can be lost, torn
// by sectors and reordered when the power goes; calls fail, write less than asked, and stop in the
// middle at a chosen moment. A copy of the disk is a disk of its own.
#pragma once

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/buffer/directory.hpp"

namespace weir::buffer::sim {

using Random = std::mt19937_64;

inline std::uint64_t below(Random& random, std::uint64_t end) {
  return std::uniform_int_distribution<std::uint64_t>(0, end - 1)(random);
}

struct Write {  // or, without data, a change of size
  std::uint64_t offset;
  std::string data;
};

struct Node {
  std::string now;      // what every process sees
  std::string durable;  // what is on the platter for certain
  std::vector<Write> pending;

  static void apply(std::string& to, const Write& w) {
    if (w.data.empty()) return to.resize(w.offset);
    if (to.size() < w.offset + w.data.size()) to.resize(w.offset + w.data.size());
    to.replace(w.offset, w.data.size(), w.data);
  }
  void write(Write w) {
    apply(now, w);
    pending.push_back(std::move(w));
  }
  void lose_power(Random& random) {
    constexpr std::uint64_t kSector = 512;
    for (const Write& w : pending) {
      const std::uint64_t fate = below(random, 3);
      if (fate == 0) continue;
      if (fate == 1 || w.data.empty()) {
        apply(durable, w);
        continue;
      }
      for (std::uint64_t at = 0; at < w.data.size();) {
        const std::uint64_t n = std::min(kSector - (w.offset + at) % kSector, w.data.size() - at);
        if (below(random, 2) == 0) apply(durable, {w.offset + at, w.data.substr(at, n)});
        at += n;
      }
    }
    pending.clear();
    now = durable;
  }
};

using Names = std::map<std::string, std::shared_ptr<Node>>;

struct Disk {
  Names now, durable;
  struct Change {
    std::string from, to;  // "" to: unlinked; "" from: created
    std::shared_ptr<Node> node;
  };
  std::vector<Change> pending;
  Random random{1};
  // One call that changes something in so many fails; 0: none.
  unsigned failing_one_in = 0;
  // A single errno for everything that would take room.
  int full = 0;
  // The same for single calls.
  int read_error = 0, sync_error = 0, truncate_error = 0;
  // Calls that change something until the machine or the process stops; -1: never.
  std::int64_t calls_left = -1;
  bool dead = false;
  bool locked = false;
  std::set<std::string> brought_back;  // files whose deletion a loss of power undid

  static void apply(Names& names, const Change& c) {
    if (c.from.empty()) {
      names[c.to] = c.node;
    } else if (c.to.empty()) {
      names.erase(c.from);
    } else if (auto moved = names.extract(c.from)) {
      names[c.to] = moved.mapped();
    }
  }
  void change(Change c) {
    apply(now, c);
    pending.push_back(std::move(c));
  }
  // The process is gone, the machine goes on.
  void kill() {
    dead = locked = false;
    calls_left = -1;
  }
  void lose_power() {
    kill();
    for (const Change& c : pending) {
      if (below(random, 2) == 0) {
        apply(durable, c);
      } else if (c.to.empty()) {
        brought_back.insert(c.from);
      }
    }
    pending.clear();
    now = durable;
    for (auto& [name, node] : now) node->lose_power(random);
  }
  // As it would be found after the process's end; shares nothing.
  std::shared_ptr<Disk> copy() const {
    auto other = std::make_shared<Disk>();
    for (const auto& [name, node] : now) {
      other->now[name] = std::make_shared<Node>(Node{node->now, node->now, {}});
    }
    other->durable = other->now;
    return other;
  }
  std::uint64_t bytes_of_segments() const {
    std::uint64_t bytes = 0;
    for (const auto& [name, node] : now) {
      if (name.ends_with(".segment")) bytes += node->now.size();
    }
    return bytes;
  }

  enum class Fate { kGood, kFails, kDies };
  // What becomes of a call that changes something. kDies: a part of it may still happen.
  Fate fate() {
    if (dead) return Fate::kFails;
    if (calls_left >= 0 && calls_left-- == 0) {
      dead = true;
      return Fate::kDies;
    }
    if (failing_one_in != 0 && below(random, failing_one_in) == 0) return Fate::kFails;
    return Fate::kGood;
  }
  int error() { return dead || below(random, 2) == 0 ? -EIO : -ENOSPC; }
};

class SimFile final : public File {
 public:
  SimFile(std::shared_ptr<Disk> disk, std::shared_ptr<Node> node)
      : disk_(std::move(disk)), node_(std::move(node)) {}

  ssize_t write_at(std::uint64_t offset, std::span<const iovec> pieces) override {
    std::string data;
    for (const iovec& p : pieces) data.append(static_cast<const char*>(p.iov_base), p.iov_len);
    if (data.empty()) return 0;
    if (disk_->full != 0) return disk_->full;
    switch (disk_->fate()) {
      case Disk::Fate::kGood: break;
      case Disk::Fate::kFails:
        // As often a part is written before it fails.
        if (disk_->dead || below(disk_->random, 2) == 0) return disk_->error();
        data.resize(below(disk_->random, data.size()) + 1);
        break;
      case Disk::Fate::kDies:
        data.resize(below(disk_->random, data.size() + 1));
        if (!data.empty()) node_->write({offset, data});
        return -EIO;
    }
    const auto size = static_cast<ssize_t>(data.size());
    node_->write({offset, std::move(data)});
    return size;
  }
  ssize_t read_at(std::uint64_t offset, void* to, std::size_t size) override {
    if (disk_->read_error != 0) return disk_->read_error;
    if (offset >= node_->now.size()) return 0;
    size = std::min<std::size_t>(size, node_->now.size() - offset);
    std::memcpy(to, node_->now.data() + offset, size);
    return static_cast<ssize_t>(size);
  }
  int truncate(std::uint64_t size) override {
    if (disk_->truncate_error != 0) return disk_->truncate_error;
    if (disk_->fate() != Disk::Fate::kGood) return -EIO;
    node_->write({size, {}});
    return 0;
  }
  int sync() override {
    if (disk_->sync_error != 0) return disk_->sync_error;
    const Disk::Fate fate = disk_->fate();
    if (fate == Disk::Fate::kFails && !disk_->dead) {
      // As Linux does it: once it was told, what could not be written counts as written.
      std::erase_if(node_->pending, [&](const Write&) { return below(disk_->random, 2) == 0; });
    }
    if (fate != Disk::Fate::kGood) return -EIO;
    for (const Write& w : node_->pending) Node::apply(node_->durable, w);
    node_->pending.clear();
    return 0;
  }
  std::int64_t size() override { return static_cast<std::int64_t>(node_->now.size()); }

 private:
  std::shared_ptr<Disk> disk_;
  std::shared_ptr<Node> node_;
};

class SimDirectory final : public Directory {
 public:
  explicit SimDirectory(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  std::unique_ptr<File> open(const std::string& name, Mode mode, int& error) override {
    error = 0;
    auto found = disk_->now.find(name);
    if (mode != Mode::kCreate) {
      if (found == disk_->now.end()) {
        error = -ENOENT;
        return nullptr;
      }
      return std::make_unique<SimFile>(disk_, found->second);
    }
    error = disk_->full;
    if (error == 0 && disk_->fate() != Disk::Fate::kGood) error = disk_->error();
    if (error != 0) return nullptr;
    if (found == disk_->now.end()) {
      disk_->change({"", name, std::make_shared<Node>()});
      found = disk_->now.find(name);
    } else if (!found->second->now.empty()) {
      found->second->write({0, {}});
    }
    return std::make_unique<SimFile>(disk_, found->second);
  }
  int list(std::vector<std::string>& names) override {
    for (const auto& [name, node] : disk_->now) names.push_back(name);
    return 0;
  }
  int rename(const std::string& from, const std::string& to) override {
    if (!disk_->now.contains(from)) return -ENOENT;
    if (disk_->fate() != Disk::Fate::kGood) return -EIO;
    disk_->change({from, to, nullptr});
    return 0;
  }
  int unlink(const std::string& name) override {
    if (!disk_->now.contains(name)) return -ENOENT;
    if (disk_->fate() != Disk::Fate::kGood) return -EIO;
    disk_->change({name, "", nullptr});
    return 0;
  }
  int sync() override {
    if (disk_->fate() != Disk::Fate::kGood) return -EIO;
    disk_->durable = disk_->now;
    disk_->pending.clear();
    return 0;
  }
  int lock(std::string& holder) override {
    if (disk_->locked) {
      holder = "process 1";
      return -EWOULDBLOCK;
    }
    disk_->locked = true;
    return 0;
  }
  void unlock() override { disk_->locked = false; }
  bool locked(std::string& holder) override {
    if (disk_->locked) holder = "process 1";
    return disk_->locked;
  }
  std::string path() const override { return "/sim"; }

 private:
  std::shared_ptr<Disk> disk_;
};

}  // namespace weir::buffer::sim
