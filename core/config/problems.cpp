// See problems.hpp.
#include "core/config/problems.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir::config {

std::string to_string(const Place& place) {
  if (place.line == 0) return place.file;
  return place.file + ':' + std::to_string(place.line) + ':' + std::to_string(place.column);
}

std::size_t Problems::file_index(const std::string& name) {
  const auto it = std::find(files_.begin(), files_.end(), name);
  const auto index = static_cast<std::size_t>(it - files_.begin());
  if (it == files_.end()) files_.push_back(name);
  return index;
}

void Problems::file(const std::string& name) { file_index(name); }

Problems::Entry Problems::entry(Place place, std::string message) {
  for (char& c : message) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  const std::size_t index = file_index(place.file);
  return {index, {std::move(place), std::move(message)}};
}

void Problems::add(Place place, std::string message) {
  if (problems_.size() < kKeptMax) {
    problems_.push_back(entry(std::move(place), std::move(message)));
  } else {
    ++not_kept_;
  }
}

void Problems::warn(Place place, std::string message) {
  if (warnings_.size() < kKeptMax) {
    warnings_.push_back(entry(std::move(place), std::move(message)));
  }
}

std::vector<Problem> Problems::list() const { return in_order(problems_); }
std::vector<Problem> Problems::warnings() const { return in_order(warnings_); }

std::vector<Problem> Problems::in_order(std::vector<Entry> sorted) {
  const auto key = [](const Entry& e) {
    const Problem& p = e.problem;
    return std::tie(e.file_index, p.place.line, p.place.column, p.message);
  };
  std::stable_sort(sorted.begin(), sorted.end(), [&](const Entry& a, const Entry& b) {
    const Place& p = a.problem.place;
    const Place& q = b.problem.place;
    return std::tie(a.file_index, p.line, p.column) < std::tie(b.file_index, q.line, q.column);
  });
  std::vector<Problem> result;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    // The same place has few problems: looking back over them finds every duplicate.
    bool told = false;
    for (std::size_t j = i; j-- > 0 && !told;) {
      if (sorted[j].problem.place.line != sorted[i].problem.place.line ||
          sorted[j].problem.place.column != sorted[i].problem.place.column) {
        break;
      }
      told = key(sorted[j]) == key(sorted[i]);
    }
    if (!told) result.push_back(sorted[i].problem);
  }
  return result;
}

std::string Problems::text() const {
  const std::vector<Problem> all = list();
  std::string text;
  for (std::size_t i = 0; i < all.size() && i < kToldMax; ++i) {
    const std::string place = to_string(all[i].place);
    if (!place.empty()) text += place + ": ";
    text += all[i].message + '\n';
  }
  if (const std::size_t more = not_kept_ + all.size(); more > kToldMax) {
    text += "and " + std::to_string(more - kToldMax) + " more\n";
  }
  return text;
}

}  // namespace weir::config
