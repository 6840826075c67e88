#include "ui/settings/settings_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDesktopServices>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QScrollArea>
#include <QSpinBox>
#include <QUrl>
#include <QVBoxLayout>

#include "core/base/file.h"
#include "core/base/paths.h"
#include "ui/device_note.h"
#include "ui/format.h"
#include "ui/widgets/controls.h"
#include "ui/widgets/elided_label.h"

namespace flightdeck {

SettingsPage::SettingsPage(Context& context, QWidget* parent) : QWidget(parent), context_(context) {
  auto* outer = makeBox<QVBoxLayout>(this, 0, 0);
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  auto* body = new QWidget;
  setLook(body, "page");
  auto* row_box = makeBox<QHBoxLayout>(body, 0, 0);
  auto* inner = new QWidget;
  inner->setMaximumWidth(860);
  auto* column = makeBox<QVBoxLayout>(inner, 0, space::l);
  column->setContentsMargins(space::xxl, space::xl, space::xl, space::xl);
  row_box->addWidget(inner, 10);
  row_box->addStretch(1);
  column->addWidget(makeLabel(tr("Settings"), type::headline, Tone::text, FontKind::semibold));
  addAppearance(column);
  addEngine(column);
  addFolders(column);
  addShortcuts(column);
  column->addStretch();
  scroll->setWidget(body);
  outer->addWidget(scroll);
  connect(&context_.library, &Library::changed, this, &SettingsPage::refreshDevices);
  refreshDevices();
}

QVBoxLayout* SettingsPage::section(QVBoxLayout* column, const QString& title, const QString& text) {
  auto* card = makeFrame("card");
  auto* box = makeBox<QVBoxLayout>(card, space::l, space::m);
  auto* head = makeBox<QVBoxLayout>(nullptr, 0, 2);
  head->addWidget(makeLabel(title, type::reading, Tone::text, FontKind::semibold));
  if (!text.isEmpty()) {
    auto* words = makeLabel(text, type::small, Tone::muted);
    words->setWordWrap(true);
    head->addWidget(words);
  }
  box->addLayout(head);
  column->addWidget(card);
  return box;
}

void SettingsPage::row(QVBoxLayout* section, const QString& name, const QString& help, QWidget* control) {
  auto* line = makeBox<QHBoxLayout>(nullptr, 0, space::l);
  auto* words = makeBox<QVBoxLayout>(nullptr, 0, 0);
  auto* label = makeLabel(name);
  label->setBuddy(control);
  words->addWidget(label);
  if (!help.isEmpty()) {
    auto* detail = makeLabel(help, type::small, Tone::muted);
    detail->setWordWrap(true);
    words->addWidget(detail);
  }
  control->setAccessibleName(name);
  line->addLayout(words, 1);
  line->addWidget(control, 0, Qt::AlignRight | Qt::AlignVCenter);
  section->addLayout(line);
}

void SettingsPage::addAppearance(QVBoxLayout* column) {
  auto* box = section(column, tr("Appearance"), {});
  theme_ = new QComboBox;
  theme_->addItem(tr("Like the system"), QStringLiteral("system"));
  theme_->addItem(tr("Light"), QStringLiteral("light"));
  theme_->addItem(tr("Dark"), QStringLiteral("dark"));
  theme_->setCurrentIndex(std::max(0, theme_->findData(qs(context_.settings.value().theme))));
  theme_->setMinimumWidth(200);
  row(box, tr("Theme"), {}, theme_);
  language_ = new QComboBox;
  language_->addItem(tr("Like the system"), QStringLiteral("system"));
  language_->addItem(QStringLiteral("English"), QStringLiteral("en"));
  language_->addItem(QStringLiteral("中文"), QStringLiteral("zh"));
  language_->setCurrentIndex(std::max(0, language_->findData(qs(context_.settings.value().language))));
  language_->setMinimumWidth(200);
  // In both languages: whoever got the wrong one has to understand it.
  row(box, tr("Language"), QStringLiteral("Takes effect at the next start. · 下次启动时生效。"), language_);
  connect(language_, &QComboBox::currentIndexChanged, this, [this] {
    context_.settings.change([this](Settings& s) { s.language = language_->currentData().toString().toStdString(); });
  });
  connect(theme_, &QComboBox::currentIndexChanged, this, [this] {
    context_.settings.change([this](Settings& s) { s.theme = theme_->currentData().toString().toStdString(); });
  });
}

void SettingsPage::addEngine(QVBoxLayout* column) {
  auto* box = section(column, tr("Engine"), tr("Used when an engine is opened the next time."));
  device_ = new QComboBox;
  device_->setMinimumWidth(280);
  row(box, tr("Device"), {}, device_);
  device_note_ = makeLabel({}, type::small, Tone::error);
  device_note_->setWordWrap(true);
  box->addWidget(device_note_);
  threads_ = new QSpinBox;
  threads_->setRange(0, 1024);
  threads_->setSpecialValueText(tr("one per core"));
  threads_->setValue(context_.settings.value().cpu_threads);
  threads_->setMinimumWidth(120);
  row(box, tr("CPU threads"), tr("For engines on the CPU and for building."), threads_);
  batch_ = new QSpinBox;
  batch_->setRange(1, 1024);
  batch_->setValue(context_.settings.value().max_batch_size);
  batch_->setMinimumWidth(120);
  row(box, tr("Sequences at the same time"), tr("More chats answer at once; each needs room in the cache."), batch_);
  cache_ = new QSpinBox;
  cache_->setRange(5, 100);
  cache_->setSuffix(QStringLiteral(" %"));
  cache_->setValue(static_cast<int>(context_.settings.value().kv_cache_fraction * 100 + 0.5));
  cache_->setMinimumWidth(120);
  row(box, tr("Memory for the KV cache"), tr("At most this share of the memory that is free."), cache_);
  load_last_ = new QCheckBox;
  load_last_->setChecked(context_.settings.value().load_last_engine);
  row(box, tr("Open the last engine at start"), {}, load_last_);
  connect(device_, &QComboBox::activated, this, [this] {
    context_.settings.change([this](Settings& s) { s.device = device_->currentData().toString().toStdString(); });
    refreshDeviceNote();
  });
  connect(threads_, &QSpinBox::valueChanged, this,
          [this](int value) { context_.settings.change([value](Settings& s) { s.cpu_threads = value; }); });
  connect(batch_, &QSpinBox::valueChanged, this,
          [this](int value) { context_.settings.change([value](Settings& s) { s.max_batch_size = value; }); });
  connect(cache_, &QSpinBox::valueChanged, this, [this](int value) {
    context_.settings.change([value](Settings& s) { s.kv_cache_fraction = value / 100.0; });
  });
  connect(load_last_, &QCheckBox::toggled, this,
          [this](bool on) { context_.settings.change([on](Settings& s) { s.load_last_engine = on; }); });
}

void SettingsPage::addFolders(QVBoxLayout* column) {
  auto* box = section(column, tr("Folders"), {});
  const auto path_row = [this, box](const QString& name, const QString& path, QPushButton* button) {
    auto* line = makeBox<QHBoxLayout>(nullptr, 0, space::s);
    auto* words = makeBox<QVBoxLayout>(nullptr, 0, 0);
    words->addWidget(makeLabel(name));
    auto* shown = new ElidedLabel(path);
    shown->setFont(fontOf(FontKind::mono, type::small));
    shown->setProperty("tone", "muted");
    words->addWidget(shown);
    line->addLayout(words, 1);
    line->addWidget(button);
    box->addLayout(line);
    return shown;
  };
  auto* change = makeButton(tr("Change…"));
  auto* engines = path_row(tr("Engines"), qs(context_.settings.enginesFolder()), change);
  engines_folder_ = engines;
  connect(change, &QPushButton::clicked, this, &SettingsPage::chooseEnginesFolder);
  connect(&context_.settings, &SettingsModel::changed, this,
          [this, engines] { engines->setText(qs(context_.settings.enginesFolder())); });
  for (const auto& [name, path] :
       {std::pair{tr("Conversations"), data_dir()}, std::pair{tr("Settings file"), config_dir()}}) {
    auto* open = makeButton(tr("Open folder"));
    path_row(name, qs(path), open);
    connect(open, &QPushButton::clicked, this,
            [path = qs(path)] { QDesktopServices::openUrl(QUrl::fromLocalFile(path)); });
  }
}

void SettingsPage::addShortcuts(QVBoxLayout* column) {
  auto* box = section(column, tr("Keys"), {});
  const std::pair<const char*, QString> keys[] = {
      {"Ctrl+N", tr("new chat")},          {"Ctrl+K", tr("search conversations")},
      {"Ctrl+L", tr("to the composer")},   {"Esc", tr("stop the answer")},
      {"↑", tr("edit the last message")},  {"F2 · Del", tr("rename · delete a conversation")},
      {"Ctrl+1…5", tr("the pages")},       {"Ctrl+,", tr("settings")},
      {"Ctrl+F", tr("find in this chat")}, {"Ctrl+Q", tr("quit")}};
  auto* grid = new QGridLayout;
  grid->setHorizontalSpacing(space::l);
  grid->setVerticalSpacing(space::s);
  int i = 0;
  for (const auto& [key, text] : keys) {
    grid->addWidget(makeLabel(QString::fromUtf8(key), type::small, Tone::text, FontKind::mono), i / 2, i % 2 * 2);
    grid->addWidget(makeLabel(text, type::small, Tone::muted), i / 2, i % 2 * 2 + 1);
    ++i;
  }
  grid->setColumnStretch(1, 1);
  grid->setColumnStretch(3, 1);
  box->addLayout(grid);
}

void SettingsPage::refreshDevices() {
  device_->clear();
  device_->addItem(tr("The best there is"), QStringLiteral("auto"));
  for (const DeviceFacts& device : context_.library.devices()) {
    const QString name = device.problem.empty() ? qs(device.name) : tr("%1, cannot be used").arg(qs(device.name));
    device_->addItem(QStringLiteral("%1 · %2").arg(qs(device.id), name), qs(device.id));
  }
  // What is chosen is shown as it is, also when it is not there: nothing else is used in its place.
  const QString chosen = qs(context_.settings.value().device);
  if (device_->findData(chosen) < 0) device_->addItem(chosen, chosen);
  device_->setCurrentIndex(device_->findData(chosen));
  refreshDeviceNote();
}

void SettingsPage::refreshDeviceNote() {
  const bool measured = context_.library.measured();  // before, nothing is known of any device
  const QString note = measured ? deviceNote(context_.settings.value().device, context_.library.devices()) : QString();
  device_note_->setText(note);
  device_note_->setVisible(!note.isEmpty());
}

void SettingsPage::chooseEnginesFolder() {
  auto* dialog = new QFileDialog(window(), tr("Folder for engines"), qs(context_.settings.enginesFolder()));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::Directory);
  connect(dialog, &QFileDialog::fileSelected, this, &SettingsPage::useEnginesFolder);
  dialog->open();
}

void SettingsPage::useEnginesFolder(const QString& path) {
  const std::string folder = path.toStdString();
  context_.background.run(
      this,
      [folder] {  // said now rather than at the end of a build
        auto file = AtomicFile::create(folder + "/.flightdeck-test");
        return file ? Result<void>() : Result<void>(tl::unexpected(file.error()));
      },
      [this, folder, path](const Result<void>& result) {
        if (!result)
          return Q_EMIT context_.settings.saveFailed(
              tr("Engines cannot be written to %1: choose another folder.").arg(path));
        context_.settings.change([&](Settings& s) { s.engines_folder = folder; });
        context_.library.refresh();
      });
}

}  // namespace flightdeck
