#pragma once

#include "WiFiClientSecure.h"

struct HTTPClient {
    bool begin(WiFiClientSecure &client, const char *url);
    void addHeader(const char *name, const char *value);
    int POST(const char *body);
    const char *getString();
    void end();
};
