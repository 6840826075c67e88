// What every page is given: the parts of the window that live as long as it does. Application owns them.
#pragma once

#include "ui/background.h"
#include "ui/chat_storage.h"
#include "ui/downloads.h"
#include "ui/engine_session.h"
#include "ui/library.h"
#include "ui/services.h"
#include "ui/settings_model.h"
#include "ui/theme.h"
#include "ui/token_feed.h"

namespace flightdeck {

struct Context {
  const Services& services;
  Background& background;
  SettingsModel& settings;
  EngineSession& session;
  ChatStorage& storage;
  TokenFeed& feed;
  Library& library;
  Downloads& downloads;
  Theme& theme;
};

}  // namespace flightdeck
