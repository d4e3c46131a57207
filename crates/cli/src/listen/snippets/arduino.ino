// A POST to `picopost listen` from an ESP32. The anchors:
// picopost listen --anchors arduino=anchors.h

#include <HTTPClient.h>
#include <WiFi.h>
#include <WiFiClientSecure.h>
#include <time.h>

#include "anchors.h"

void setup() {
  Serial.begin(115200);
  WiFi.begin("SSID", "PASSWORD");
  while (WiFi.status() != WL_CONNECTED) delay(100);
  // Without the time no certificate can be verified.
  configTime(0, 0, "pool.ntp.org");
  while (time(nullptr) < 1735689600) delay(100);

  WiFiClientSecure client;
  client.setCACert(PICOPOST_ANCHORS);
  HTTPClient http;
  http.begin(client, "https://192.0.2.7:8443/readings");
  http.addHeader("Content-Type", "application/json");
  int status = http.POST("{\"reading\":21}");
  Serial.printf("status %d\n", status);
  if (status > 0) Serial.println(http.getString());
  http.end();
}

void loop() {}
