#include "mysql.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace weir::mysql_sink {

namespace {

constexpr std::size_t kStatementBytes = 128 << 10;  // of a statement, where rows are not larger
constexpr std::size_t kLoadRowsMin = 500;           // fewer rows are inserted
constexpr std::uint32_t kRowsAtOnce = 256;          // between two looks at that limit

std::int64_t wall_clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Which it is not by several threads; and never undone: other components may still use it.
void initialise_library() {
  static const int error = mysql_library_init(0, nullptr, nullptr);
  if (error != 0) {
    throw std::runtime_error("the client library of MariaDB cannot be initialised");
  }
}

}  // namespace

void Mysql::Block::clear() {
  text.clear();
  ends.clear();
  origins.clear();
}

Mysql::Mysql(Sink sink, const Options& options)
    : sink_(sink),
      options_(options),
      connection_(sink, options_),
      tables_(sink, options_, connection_),
      tuples_(Form::tuple),
      lines_(Form::line) {}

void Mysql::check(const Options& options, Problems& problems) {
  const Place place = parse_place(options.url);
  if (!place.problem.empty()) problems.add("url", place.problem);
  if (options.tls) options.tls->check(problems);
  if (options.retention.count() > 0 && options.retention < std::chrono::hours(24)) {
    problems.add("retention", "is too short; expected 0 (for ever) or at least 1d");
  }
  table::check(options.tables, problems);
}

// A server that does not answer now may do so later: `write` says what is wrong.
void Mysql::start() { initialise_library(); }

// A new connection sets up its session and asks for two variables.
Finding Mysql::probe(Duration limit) {
  initialise_library();
  Options options = options_;
  for (Duration* timeout :
       {&options.connect_timeout, &options.read_timeout, &options.write_timeout}) {
    *timeout = std::min(*timeout, limit);
  }
  Connection connection(sink_, options);
  const Problem problem = connection.open();
  return problem ? Finding::failed(problem.text) : Finding::ok();
}

void Mysql::stop() {
  tables_.forget();
  connection_.close();
}

Status Mysql::write(std::span<const weir_batch* const> batches) {
  Problem problem;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool was_open = connection_.is_open();
    problem = deliver(batches);
    // A server closes connections that were idle for long; and others change tables.
    if (problem.kind == Kind::schema || (problem.kind == Kind::connection && was_open)) continue;
    break;
  }
  if (problem) {
    // The next try is a new connection: rights are looked up when one is made, and behind one
    // address may stand another server by then, one that takes writes.
    if (!problem.is_for_a_lock()) connection_.start_anew();
    return Status::retry(problem.text);
  }
  for (const Rejected& r : rejected_) {
    sink_.abi()->reject(sink_.abi(), r.batch, r.row, r.rows, r.reason.c_str());
  }
  return Status::ok();
}

Problem Mysql::deliver(std::span<const weir_batch* const> batches) {
  rejected_.clear();
  shapes_.clear();
  if (!connection_.is_open()) tables_.forget();
  if (Problem p = connection_.open()) return p;
  const std::int64_t now = wall_clock_ns();
  // First, since what goes may be the room that the rest needs; and what was not known before.
  if (Problem p = tables_.expire(now)) return p;
  for (const weir_batch* batch : batches) {
    Shape* shape = nullptr;
    if (Problem p = tables_.prepare(*batch, now, shape)) return p;
    shapes_.push_back(shape);
  }
  if (Problem p = tables_.expire(now)) return p;
  if (Problem p = connection_.execute("START TRANSACTION")) return p;
  Problem problem = transaction(batches);
  if (!problem) problem = connection_.execute("COMMIT");
  if (problem) {
    tables_.forget();
    if (connection_.is_open()) connection_.execute("ROLLBACK");
  }
  return problem;
}

// Batches of one shape that follow each other are written together.
Problem Mysql::transaction(std::span<const weir_batch* const> batches) {
  for (std::size_t begin = 0, end = 0; begin < batches.size(); begin = end) {
    const Shape& shape = *shapes_[begin];
    while (end < batches.size() && shapes_[end] == &shape) ++end;
    const auto same = batches.subspan(begin, end - begin);
    if (shape.problem.empty()) {
      bool is_done = false;
      if (Problem p = load(shape, same, is_done)) return p;
      if (is_done) continue;
      if (Problem p = insert(shape, same)) return p;
      continue;
    }
    for (const weir_batch* batch : same) {
      rejected_.push_back({batch, 0, batch->rows, shape.problem});
    }
  }
  return {};
}

// Many rows by LOAD DATA LOCAL, which is cheaper for the server and takes only rows that are new
// and right: it would skip the others, or change their values. Where it did, it is undone, and the
// rows are inserted. Not done: nothing was written.
Problem Mysql::load(const Shape& shape, std::span<const weir_batch* const> batches, bool& is_done) {
  std::size_t rows = 0;
  for (const weir_batch* batch : batches) rows += batch->rows;
  if (!connection_.may_load() || rows < kLoadRowsMin) return {};
  block_.clear();
  for (const weir_batch* batch : batches) {
    lines_.append(shape.plan, *batch, 0, batch->rows, block_.text, block_.ends);
  }
  if (Problem p = connection_.execute("SAVEPOINT load_data")) return p;
  std::uint64_t doubtful = 0;
  const Problem problem = connection_.load(shape.load, block_.text.view(), doubtful);
  block_.clear();
  if (problem.kind == Kind::connection) return problem;
  is_done = !problem && doubtful == 0;
  if (is_done) return {};
  if (problem && problem.kind != Kind::data)
    connection_.forbid_load();  // INSERT says what is wrong
  return connection_.execute("ROLLBACK TO SAVEPOINT load_data");
}

Problem Mysql::insert(const Shape& shape, std::span<const weir_batch* const> batches) {
  block_.clear();
  for (const weir_batch* batch : batches) {
    for (std::uint32_t row = 0; row < batch->rows; row += kRowsAtOnce) {
      const std::uint32_t count = std::min(kRowsAtOnce, batch->rows - row);
      tuples_.append(shape.plan, *batch, row, count, block_.text, block_.ends);
      for (std::uint32_t i = 0; i < count; ++i) block_.origins.push_back({batch, row + i});
      if (block_.text.size() < kStatementBytes) continue;
      if (Problem p = flush(shape)) return p;
    }
  }
  return flush(shape);
}

// The block in statements of a size that the server takes.
Problem Mysql::flush(const Shape& shape) {
  const std::size_t frame = shape.insert.head.size() + shape.insert.tail.size();
  const std::size_t max = connection_.statement_bytes_max();
  const std::size_t wanted = std::min(kStatementBytes, max - std::min(max, frame));
  const auto start = [&](std::size_t i) { return i == 0 ? 0 : block_.ends[i - 1]; };
  for (std::size_t first = 0, last = 0; first < block_.ends.size(); first = last) {
    last = first + 1;
    if (frame + block_.ends[first] - start(first) > max) {
      reject(first, "the row is larger than the server's max_allowed_packet; raise that");
      continue;
    }
    while (last < block_.ends.size() && block_.ends[last] - start(first) <= wanted) ++last;
    if (Problem p = send(shape, first, last)) return p;
  }
  block_.clear();
  return {};
}

Problem Mysql::send(const Shape& shape, std::size_t first, std::size_t last) {
  const std::size_t begin = first == 0 ? 0 : block_.ends[first - 1];
  const std::size_t end = block_.ends[last - 1] - 1;  // without the last comma
  statement_.assign(shape.insert.head);
  statement_.append(block_.text.view().substr(begin, end - begin));
  statement_.append(shape.insert.tail);
  Problem problem = connection_.execute(statement_);
  if (problem.kind != Kind::data && problem.kind != Kind::too_large) return problem;
  if (last - first == 1) {
    reject(first, std::move(problem.text));
    return {};
  }
  const std::size_t middle = first + (last - first) / 2;
  if (Problem p = send(shape, first, middle)) return p;
  return send(shape, middle, last);
}

void Mysql::reject(std::size_t at, std::string reason) {
  const Block::Origin& origin = block_.origins[at];
  rejected_.push_back({origin.batch, origin.row, 1, std::move(reason)});
}

}  // namespace weir::mysql_sink
