// The words around a message: statistics and notes. Pure.
#pragma once

#include <QString>

#include "ui/chat/chat_model.h"

namespace flightdeck {

/// "48 tokens · 516 tok/s · first token 21 ms · prompt 19 tokens 4 120 tok/s · stop: eos"
QString statisticsLine(const Message& message);
/// The same while the answer is being written.
QString liveStatistics(const LiveAnswer& live, int other_requests);
/// What the reader must know about this answer: failure, interruption, history that was left out. Mostly empty.
QString messageNote(const Message& message, const LiveAnswer* live);
/// "Thinking… 3.1 s", then "Thought for 12 s".
QString thoughtLine(const Message& message, const LiveAnswer* live);
QString finishName(FinishReason reason);

}  // namespace flightdeck
