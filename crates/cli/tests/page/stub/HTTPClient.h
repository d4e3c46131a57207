// What the copied code uses of Arduino's library, for a compiler that has none of it.
#include <stddef.h>
#include <stdint.h>

class WiFiClientSecure {
public:
  void setCACert(const char *) {}
};

class HTTPClient {
public:
  bool begin(WiFiClientSecure &, const char *) { return true; }
  void addHeader(const char *, const char *) {}
  int sendRequest(const char *, uint8_t *, size_t) { return 0; }
  void end() {}
};
