// The library: folders dropped on the page, models of the hubs' caches, their deletion, and a disk that goes away.
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QMessageBox>
#include <QMimeData>

#include "tests/support/tiny_checkpoint.h"
#include "tests/ui/models_fixture.h"
#include "ui/models/library_row.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/toast.h"

using namespace flightdeck;
using namespace flightdeck::test;

class LibraryViewTest : public QObject {
  Q_OBJECT
  std::unique_ptr<ModelsFixture> models_;

  /// Folders are looked at by the real service.
  void start() {
    models_->world.starter = false;
    models_->start([](Services& services) { services.describe_checkpoint = makeServices().describe_checkpoint; });
  }
  QString checkpoint(const QString& name) {
    const QString folder = models_->hub.home.filePath(name);
    return write_tiny_checkpoint(folder.toStdString()) ? folder : QString();
  }
  static QString words(const QWidget& widget) {
    QStringList texts;
    for (const QLabel* label : widget.findChildren<QLabel*>()) {
      const auto* elided = qobject_cast<const ElidedLabel*>(label);
      texts << (elided ? elided->fullText() : label->text());
    }
    return texts.join('\n');
  }
  LibraryRow* row(const QString& text) {
    for (LibraryRow* found : models_->page().findChildren<LibraryRow*>())
      if (!found->isHidden() && words(*found).contains(text)) return found;
    return nullptr;
  }
  /// A model in the Hugging Face cache, as another tool leaves it.
  QString cached() {
    const QString repo = models_->hub.home.path() + "/hf/hub/models--acme--cached";
    const QString snapshot = repo + "/snapshots/" + HubServer::kCommit;
    QDir().mkpath(repo + "/snapshots");
    QDir().mkpath(repo + "/refs");
    QFile ref(repo + "/refs/main");
    if (!ref.open(QIODevice::WriteOnly) || ref.write(HubServer::kCommit) < 0) return {};
    return write_tiny_checkpoint(snapshot.toStdString()) ? snapshot : QString();
  }

 private Q_SLOTS:
  void init() { models_ = std::make_unique<ModelsFixture>(); }
  void cleanup() { models_.reset(); }

  void aDroppedFolderIsImported() {
    const QString folder = checkpoint("dropped");
    start();
    models_->page().showView(ModelsPage::discover);
    auto* hint = models_->page().findChild<QFrame*>("dropHint");
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(folder)});
    QDragEnterEvent enter(QPoint(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(&models_->page(), &enter);
    QVERIFY(enter.isAccepted());
    QVERIFY(hint && hint->isVisible());
    QDropEvent drop(QPointF(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(&models_->page(), &drop);
    QVERIFY(!hint->isVisible());
    QTRY_VERIFY(row("dropped") && row("dropped")->isVisible());
    QTRY_COMPARE(models_->world.saved.model_folders.size(), size_t{1});
  }

  void aDroppedTextIsNotTaken() {
    start();
    QMimeData data;
    data.setText("words");
    QDragEnterEvent enter(QPoint(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    enter.ignore();
    QCoreApplication::sendEvent(&models_->page(), &enter);
    QVERIFY(!enter.isAccepted());
  }

  void modelsOfTheCacheAreListedAndBuilt() {
    const QString snapshot = cached();
    start();
    QTRY_VERIFY(row("acme/cached"));
    QVERIFY2(words(*row("acme/cached")).contains("Hugging Face"), qPrintable(words(*row("acme/cached"))));
    for (QPushButton* button : row("acme/cached")->findChildren<QPushButton*>())
      if (button->text() == "Build") button->click();
    QCOMPARE(models_->app->window().currentPage(), PageId::build);
    models_->app->window().showPage(PageId::models);
  }

  void deletingAsksFirst() {
    const QString snapshot = cached();
    start();
    QTRY_VERIFY(row("acme/cached"));
    const auto trash = [&] {
      for (QPushButton* button : row("acme/cached")->findChildren<QPushButton*>())
        if (button->accessibleName() == "Delete acme/cached") button->click();
      return models_->app->window().findChild<QMessageBox*>();
    };
    QMessageBox* box = trash();
    QVERIFY(box && box->informativeText().contains("Other programs"));
    box->button(QMessageBox::Cancel)->click();
    QTRY_VERIFY(!models_->app->window().findChild<QMessageBox*>());
    QVERIFY(QFile::exists(snapshot + "/config.json"));
    box = trash();
    QVERIFY(box);
    for (QAbstractButton* button : box->buttons())
      if (box->buttonRole(button) == QMessageBox::DestructiveRole) button->click();
    QTRY_VERIFY(!row("acme/cached"));
    QVERIFY(!QFile::exists(snapshot));
    QVERIFY(models_->app->window().toast()->text().contains("acme/cached is deleted"));
  }

  void whatIsNotALanguageModelIsNamedSo() {
    const QString snapshot = cached();
    QVERIFY(QFile::remove(snapshot + "/tokenizer.model"));
    start();
    QTRY_VERIFY(row("acme/cached"));
    QVERIFY2(words(*row("acme/cached")).contains("No engine can be built from it: no tokenizer.model"),
             qPrintable(words(*row("acme/cached"))));
  }

  void aDiskThatGoesAwayIsNoticedAndComesBack() {
    const QString folder = checkpoint("disk/model7");
    start();
    models_->app->context().library.importFolder(folder);
    QTRY_VERIFY(row("model7"));
    QVERIFY(QDir().rename(models_->hub.home.filePath("disk"), models_->hub.home.filePath("unplugged")));
    QTRY_VERIFY_WITH_TIMEOUT(row("Not there any more: " + folder), 10'000);
    QVERIFY2(words(*row("model7")).contains("Connect its disk again"), qPrintable(words(*row("model7"))));
    QVERIFY(QDir().rename(models_->hub.home.filePath("unplugged"), models_->hub.home.filePath("disk")));
    QTRY_VERIFY_WITH_TIMEOUT(row("model7") && words(*row("model7")).contains("LlamaForCausalLM"), 10'000);
    QVERIFY(!row("Not there any more"));
  }
};

QTEST_MAIN(LibraryViewTest)
#include "library_view_test.moc"
