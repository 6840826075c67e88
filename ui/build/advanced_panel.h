// The build's options under the names TensorRT-LLM gives them. GUI thread only.
#pragma once

#include <QFrame>

#include "core/engine/builder.h"

class QCheckBox;
class QComboBox;
class QLineEdit;
class QSpinBox;

namespace flightdeck {

class AdvancedPanel : public QFrame {
  Q_OBJECT
 public:
  explicit AdvancedPanel(QWidget* parent = nullptr);
  /// Limits of the model that is chosen.
  void setModel(const ModelConfig& config);
  void setMaxBatchSize(int sequences);
  void setFormat(QFormat format);  // group_size belongs to INT4 alone
  void apply(BuildOptions& options) const;
  int groupSize() const;

 Q_SIGNALS:
  void changed();

 private:
  QSpinBox *max_batch_size_, *max_input_len_, *max_output_len_;
  QComboBox *dtype_, *kv_cache_dtype_, *group_size_;
  QCheckBox *quantize_lm_head_, *measure_error_;
};

}  // namespace flightdeck
