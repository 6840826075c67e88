#include "ui/build/quant_card.h"

#include <QPainter>
#include <QPainterPath>
#include <algorithm>

#include "ui/format.h"
#include "ui/widgets/meter_bar.h"

namespace flightdeck {

QuantCard::QuantCard(QFormat format, QWidget* parent) : QAbstractButton(parent), format_(format) {
  setCheckable(true);
  setAutoExclusive(true);
  setCursor(Qt::PointingHandCursor);
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setEstimate({}, {});
}

void QuantCard::setGroupSize(int group_size) {
  group_size_ = group_size;
  update();
}

void QuantCard::setEstimate(const std::optional<Preflight>& preflight, const QString& error) {
  preflight_ = preflight;
  error_ = error;
  QString spoken = formatName(format_);
  if (preflight_)
    spoken +=
        tr(", engine %1, memory %2, %3")
            .arg(formatBytes(preflight_->engine_bytes), formatBytes(preflight_->run_bytes), fitOf(*preflight_).text);
  setAccessibleName(spoken);
  setToolTip(preflight_ ? tr("Memory: weights %1, KV cache %2, workspace %3")
                              .arg(formatBytes(preflight_->weight_bytes), formatBytes(preflight_->kv_cache_bytes),
                                   formatBytes(preflight_->workspace_bytes))
                        : error);
  update();
}

void QuantCard::setRecommended(bool recommended) {
  recommended_ = recommended;
  update();
}

bool QuantCard::possible() const { return preflight_ && preflight_->problem.empty(); }

QString QuantCard::problem() const { return preflight_ ? qs(preflight_->problem) : error_; }

void QuantCard::enterEvent(QEnterEvent*) { update(); }
void QuantCard::leaveEvent(QEvent*) { update(); }

void QuantCard::paintBadge(QPainter& painter, const Colors& colors) const {
  const QString text = tr("recommended");
  painter.setFont(fontOf(FontKind::semibold, type::tiny));
  const int width = painter.fontMetrics().horizontalAdvance(text) + 18;
  const QRectF badge(this->width() - width - space::m, space::l, width, 22);
  painter.setPen(Qt::NoPen);
  painter.setBrush(colors.selection);
  painter.drawRoundedRect(badge, 11, 11);
  painter.setPen(colors.accent);
  painter.drawText(badge, Qt::AlignCenter, text);
}

void QuantCard::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF box = QRectF(rect()).adjusted(0.75, 0.75, -0.75, -0.75);
  const bool chosen = isChecked();
  painter.setPen(QPen(chosen || hasFocus() ? colors.accent
                      : underMouse()       ? colors.faint
                                           : colors.line,
                      chosen ? 1.5 : 1));
  painter.setBrush(colors.panel);
  painter.drawRoundedRect(box, radius::large, radius::large);
  if (chosen) {  // a bar at the left too: not by colour alone
    QPainterPath clip;
    clip.addRoundedRect(box, radius::large, radius::large);
    painter.save();
    painter.setClipPath(clip);
    painter.fillRect(QRectF(0, 0, 4.5, height()), colors.accent);
    painter.restore();
  }
  const int x = space::l + space::xs;
  painter.setPen(colors.text);
  painter.setFont(fontOf(FontKind::semibold, type::title));
  painter.drawText(QRect(x, 14, width() - 2 * x, 26), Qt::AlignLeft | Qt::AlignVCenter, formatName(format_));
  painter.setPen(colors.muted);
  painter.setFont(fontOf(FontKind::ui, type::small));
  painter.drawText(
      QRect(x, 40, width() - 2 * x, 20), Qt::AlignLeft | Qt::AlignVCenter,
      painter.fontMetrics().elidedText(formatDetail(format_, group_size_), Qt::ElideRight, width() - 2 * x));
  if (recommended_) paintBadge(painter, colors);

  const FitText fit = preflight_ ? fitOf(*preflight_)
                                 : FitText{Fit::fits, error_.isEmpty() ? tr("estimating…") : error_,
                                           error_.isEmpty() ? Tone::muted : Tone::error};
  const QString none = QStringLiteral("–");
  const QString names[] = {tr("engine"), tr("memory"), tr("decode")};
  const QString values[] = {preflight_ ? formatBytes(preflight_->engine_bytes) : none,
                            preflight_ ? formatBytes(preflight_->run_bytes) : none,
                            preflight_ && preflight_->decode_tokens_per_s > 0
                                ? tr("%1 tok/s").arg(formatRate(preflight_->decode_tokens_per_s))
                                : none};
  const int inner = width() - 2 * x;
  const int lefts[] = {0, inner * 31 / 100, inner * 62 / 100, inner};
  int size = type::reading;  // smaller in a narrow card, so that no figure runs into the next
  for (const int smaller : {type::body, type::small})
    for (int i = 0; i < 3; ++i)
      if (QFontMetrics(fontOf(FontKind::semibold, size)).horizontalAdvance(values[i]) > lefts[i + 1] - lefts[i] - 6)
        size = std::min(size, static_cast<int>(smaller));
  for (int i = 0; i < 3; ++i) {
    painter.setPen(colors.muted);
    painter.setFont(fontOf(FontKind::ui, type::tiny));
    painter.drawText(QRect(x + lefts[i], 74, lefts[i + 1] - lefts[i], 16), Qt::AlignLeft | Qt::AlignVCenter, names[i]);
    painter.setPen(i == 1 && fit.fit != Fit::fits && preflight_ ? colorOf(fit.tone, colors) : colors.text);
    painter.setFont(fontOf(FontKind::semibold, size));
    painter.drawText(QRect(x + lefts[i], 91, lefts[i + 1] - lefts[i], 22), Qt::AlignLeft | Qt::AlignVCenter, values[i]);
  }
  painter.setPen(colorOf(fit.tone, colors));
  painter.setFont(fontOf(FontKind::ui, type::small));
  painter.drawText(QRect(x, 119, width() - 2 * x, 20), Qt::AlignLeft | Qt::AlignVCenter,
                   painter.fontMetrics().elidedText(fit.text, Qt::ElideRight, width() - 2 * x));
}

}  // namespace flightdeck
