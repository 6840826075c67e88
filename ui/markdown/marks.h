// Where words stand in a document, for marking them; capitals and small letters are the same. Pure.
#pragma once

#include <QTextCursor>
#include <QTextDocument>
#include <vector>

namespace flightdeck {

inline std::vector<QTextCursor> placesOf(const QTextDocument& document, const QString& words) {
  constexpr size_t kMost = 500;  // in one block: more is a colour, not a mark
  std::vector<QTextCursor> places;
  if (words.isEmpty()) return places;
  for (QTextCursor at = document.find(words); !at.isNull() && places.size() < kMost; at = document.find(words, at))
    places.push_back(at);
  return places;
}

}  // namespace flightdeck
