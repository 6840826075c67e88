#include "ui/chat/message_texts.h"

#include <QCoreApplication>
#include <QStringList>

#include "ui/format.h"

namespace flightdeck {
namespace {
class Words {
  Q_DECLARE_TR_FUNCTIONS(message)
};
const QString kDot = QStringLiteral(" · ");
}  // namespace

QString finishName(FinishReason reason) {
  switch (reason) {
    case FinishReason::eos:
      return Words::tr("stop: eos");
    case FinishReason::stop:
      return Words::tr("stop: stop text");
    case FinishReason::length:
      return Words::tr("stop: length");
    case FinishReason::cancelled:
      return Words::tr("stopped");
    case FinishReason::failed:
      return Words::tr("failed");
  }
  return {};
}

QString statisticsLine(const Message& message) {
  const RequestStats& stats = message.stats;
  if (message.state == MessageState::failed) return finishName(FinishReason::failed);
  if (stats.generated_tokens == 0 && message.state == MessageState::partial)
    return message.finish == FinishReason::cancelled ? finishName(FinishReason::cancelled) : Words::tr("interrupted");
  QStringList parts;
  parts << Words::tr("%1 tokens").arg(formatCount(stats.generated_tokens));
  if (stats.decode_tokens_per_s > 0) parts << Words::tr("%1 tok/s").arg(formatRate(stats.decode_tokens_per_s));
  if (stats.first_token_ms > 0) parts << Words::tr("first token %1").arg(formatMilliseconds(stats.first_token_ms));
  QString prompt = Words::tr("prompt %1 tokens").arg(formatCount(stats.prompt_tokens));
  if (stats.reused_tokens > 0) prompt += Words::tr(" (%1 reused)").arg(formatCount(stats.reused_tokens));
  if (stats.prompt_tokens_per_s > 0) prompt += Words::tr(" %1 tok/s").arg(formatRate(stats.prompt_tokens_per_s));
  parts << prompt << finishName(message.finish);
  return parts.join(kDot);
}

QString liveStatistics(const LiveAnswer& live, int other_requests) {
  QStringList parts;
  if (live.generated_tokens == 0) {
    if (live.request == 0)
      parts << Words::tr("preparing");
    else if (live.prefill_total > 0)
      parts << Words::tr("reading prompt %1 / %2").arg(formatCount(live.prefill_done), formatCount(live.prefill_total));
    else
      parts << Words::tr("waiting for a place in the batch");
  } else {
    parts << Words::tr("%1 tokens").arg(formatCount(live.generated_tokens));
    parts << Words::tr("%1 tok/s").arg(formatRate(live.tokens_per_s));
  }
  if (other_requests == 1) parts << Words::tr("sharing the batch with 1 other request");
  if (other_requests > 1) parts << Words::tr("sharing the batch with %1 other requests").arg(other_requests);
  return parts.join(kDot);
}

QString thoughtLine(const Message& message, const LiveAnswer* live) {
  if (live && live->thinking) return Words::tr("Thinking… %1").arg(formatSeconds(live->thinking_ms / 1000));
  const double ms = live ? live->thinking_ms : message.stats.thinking_ms;
  return ms > 0 ? Words::tr("Thought for %1").arg(formatSeconds(ms / 1000)) : Words::tr("Thought");
}

QString messageNote(const Message& message, const LiveAnswer* live) {
  if (message.state == MessageState::failed) return qs(message.error);
  if (live && live->dropped_messages > 0)
    return Words::tr("The oldest %1 messages no longer fit the context and were left out of this answer.")
        .arg(live->dropped_messages);
  if (!live && message.state == MessageState::partial && message.finish != FinishReason::cancelled)
    return Words::tr("This answer was interrupted. Regenerate writes it anew; this version stays.");
  return {};
}

}  // namespace flightdeck
