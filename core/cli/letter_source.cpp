#include "core/cli/letter_source.hpp"

#include <cerrno>
#include <map>
#include <stdexcept>
#include <vector>

#include "core/deadletter/file.hpp"
#include "weir/weir.hpp"

namespace weir::cli {

namespace {

constexpr std::uint32_t kRowsACollection = 10'000;
constexpr std::size_t kRowsABatch = 1'000;  // read before there is a batch of that size
constexpr std::size_t kCopyBytes = 1u << 20;

LetterFile* g_file = nullptr;

Schema schema_of(const deadletter::RowSchema& from) {
  Schema to(from.measurement, from.help);
  for (const std::string& label : from.labels) to.label(label);
  for (const deadletter::FieldSchema& f : from.fields) {
    if (f.type == WEIR_HISTOGRAM) {
      to.histogram(f.name, f.bounds, f.unit, f.help, f.flat_name);
    } else {
      to.field(f.name, f.type, f.metric, f.unit, f.help, f.flat_name);
    }
  }
  return to;
}

void set(weir::Batch& batch, std::uint32_t field, std::uint32_t row, weir_type type,
         const deadletter::Value& value) {
  if (const auto* v = std::get_if<double>(&value)) return batch.set(field, row, *v);
  if (const auto* v = std::get_if<std::int64_t>(&value)) return batch.set_i64(field, row, *v);
  if (const auto* v = std::get_if<std::uint64_t>(&value)) return batch.set_u64(field, row, *v);
  if (const auto* v = std::get_if<bool>(&value)) return batch.set_bool(field, row, *v);
  if (const auto* v = std::get_if<std::string>(&value)) return batch.set_string(field, row, *v);
  if (const auto* v = std::get_if<deadletter::Histogram>(&value)) {
    return batch.set_histogram(field, row, v->counts, v->sum);
  }
  if (type == WEIR_STRING) batch.set_string(field, row, "");
  batch.set_null(field, row);
}

class Letters {
 public:
  explicit Letters(Source source) : source_(source) {}

  void collect(Time) {
    std::vector<deadletter::Letter> run;  // of one schema
    deadletter::Letter letter;
    for (std::uint32_t rows = 0; rows < kRowsACollection && g_file->next(letter); ++rows) {
      if (measurement(*letter.schema) == nullptr) continue;
      if (!run.empty() && (run.size() == kRowsABatch || run[0].schema != letter.schema)) emit(run);
      run.push_back(std::move(letter));
    }
    if (!run.empty()) emit(run);
  }

 private:
  // nullptr: the schema of the row that was read last is refused, and the row with it.
  const weir_measurement* measurement(const deadletter::RowSchema& schema) {
    const weir_measurement*& known = known_[&schema];
    try {
      if (known == nullptr) known = source_.measurement(schema_of(schema));
    } catch (const std::invalid_argument& error) {
      g_file->refuse(error.what());
    }
    return known;
  }
  void emit(std::vector<deadletter::Letter>& run) {
    const deadletter::RowSchema& schema = *run[0].schema;
    const weir_measurement* m = measurement(schema);
    weir::Batch batch = source_.batch(m, static_cast<std::uint32_t>(run.size()));
    std::vector<weir_string> values;
    for (const deadletter::Letter& letter : run) {
      values.clear();
      for (const std::string& v : letter.labels) values.push_back(abi_string(v));
      const std::uint32_t row = batch.add(source_.series(m, values), letter.time);
      for (std::uint32_t i = 0; i < letter.values.size(); ++i) {
        set(batch, i, row, schema.fields[i].type, letter.values[i]);
      }
    }
    source_.emit(std::move(batch));
    run.clear();
  }

  Source source_;
  std::map<const deadletter::RowSchema*, const weir_measurement*> known_;
};

}  // namespace

LetterFile::LetterFile(std::string path) : path_(std::move(path)), in_(path_, std::ios::binary) {
  if (!in_) error_ = errno;
  ended_ = error_ != 0;
}

bool LetterFile::next(deadletter::Letter& letter) {
  while (!ended_) {
    errno = 0;
    if (!std::getline(in_, line_)) {
      ended_ = true;
      if (in_.bad()) error_ = errno != 0 ? errno : EIO;
      break;
    }
    ++number_;
    std::string error;
    const auto kind = reader_.read(line_, letter, error);
    if (kind == deadletter::LineReader::Kind::kRow) return true;
    if (kind == deadletter::LineReader::Kind::kSchema) {
      to_copy_.push_back(number_);
    } else {
      refuse(error);
    }
  }
  return false;
}

void LetterFile::refuse(const std::string& why) {
  if (++bad_ == 1) first_bad_ = std::to_string(number_) + ": " + why;
  to_copy_.push_back(number_);
}

std::string LetterFile::copy_bad(const std::string& to) const {
  std::ifstream in(path_, std::ios::binary);
  std::string lines, line;
  std::uint64_t number = 0;
  for (const std::uint64_t wanted : to_copy_) {
    while (number < wanted && std::getline(in, line)) ++number;
    if (number < wanted) return path_ + " cannot be read a second time";
    lines += line + '\n';
    if (lines.size() < kCopyBytes && wanted != to_copy_.back()) continue;
    if (std::string why = deadletter::append_lines(to, lines); !why.empty()) return why;
    lines.clear();
  }
  return "";
}

const weir_component_type* letter_source() {
  return source<Letters>("deadletters", "Rows that a sink rejected.");
}

void read_letters_from(LetterFile& file) { g_file = &file; }

}  // namespace weir::cli
