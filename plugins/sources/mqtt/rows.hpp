// Points to rows: finds or makes the measurement and the series of each, gathers the rows of many
// messages by measurement, and hands them over as batches.
//
// What a point looks like (its names and types) is its shape, and a shape is a measurement. Shapes
// and series come from outside, so both are bounded: shapes here, series by the agent. Shapes are
// never given up, since the agent keeps measurements for as long as it runs. Names are
// made to fit: other characters than letters, digits and '_' become '_'. Series that no message
// has named for a while are released.
//
// Databases know a row by series and time. So the rows of a series that came in one message without
// times of their own are a nanosecond apart, in their order. One thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "point.hpp"
#include "weir/host.hpp"

namespace weir::mqtt_source {

class Rows {
 public:
  static constexpr std::size_t kShapesMax = 1000;
  static constexpr std::size_t kBatchRowsMax = std::size_t{1} << 20;  // the agent's

  explicit Rows(Source source) : source_(source) {}

  // The points that follow are of another message.
  void begin_message();
  // "" or why the point cannot be a row. Throws where there is no memory: then `clear`.
  std::string add(Point& point);  // sorts its labels
  // The rows added since the last call. Where it throws they are still here.
  std::vector<Batch> take();
  void clear();
  // What was not named since the call before is released. Not while rows are gathered.
  void release_idle();

  std::size_t series_count() const;

 private:
  struct Cell {
    union {
      double f64;
      std::int64_t i64;
      std::uint64_t u64;
      struct {
        std::uint32_t begin, size;
      } text;
    };
  };
  struct Known {
    const weir_series* series;
    std::size_t identity;  // a hash of measurement and labels, whatever the fields are
    bool is_used;
  };
  struct Shape {
    const weir_measurement* measurement = nullptr;
    std::string problem;       // not empty: why the agent has no such measurement
    std::size_t identity = 0;  // a hash of its name and those of labels
    std::unordered_map<std::string, Known> series;  // by label values
    // Gathered rows: cells are row by row, texts in `text`.
    std::vector<const weir_series*> row_series;
    std::vector<Time> times;
    std::vector<Cell> cells;
    std::vector<std::size_t> nulls;  // of cells, ascending
    std::string text;
  };
  Shape& shape_of(const Point& point);
  static Shape& usable(Shape& shape);  // or throws its problem
  const weir_measurement* describe(const Point& point) const;
  weir_metric kind_of(const Point& point, const Point::Field& field) const;
  const Known& series_of(Shape& shape, const Point& point);
  Time place_of(std::size_t identity);
  Batch batch_of(const Shape& shape, std::size_t begin, std::uint32_t rows) const;

  const Source source_;
  std::unordered_map<std::string, Shape> shapes_;
  std::vector<Shape*> touched_;
  std::string key_;

  // Of the message's rows without a time of their own: how many there are of each series. The first
  // one is apart, since most messages have no second.
  std::unordered_map<std::size_t, Time> timeless_;
  std::size_t first_timeless_ = 0;
  std::size_t timeless_count_ = 0;
};

}  // namespace weir::mqtt_source
