#include "json/text_writer.hpp"

namespace skein::json::detail {

void text_writer::next() {
  if (!first_ && !after_key_) out_.push_back(',');
  first_ = false;
  after_key_ = false;
}

void text_writer::open(char bracket) {
  next();
  out_.push_back(bracket);
  first_ = true;
}

void text_writer::close(char bracket) {
  out_.push_back(bracket);
  first_ = false;
}

void text_writer::key(std::string_view name) {
  string(name);
  out_.push_back(':');
  after_key_ = true;
}

void text_writer::string(std::string_view text) {
  next();
  append_string(out_, text);
}

void text_writer::value(const json::value& value) {
  next();
  append_value(out_, value, whole_double::as_integer);
}

void text_writer::base64(std::string_view bytes) {
  next();
  out_.push_back('"');
  append_base64(out_, bytes);
  out_.push_back('"');
}

void text_writer::text(std::string_view json) {
  next();
  out_.append(json);
}

}  // namespace skein::json::detail
