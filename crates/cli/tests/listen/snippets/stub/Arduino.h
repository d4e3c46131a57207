// As much of the ESP32 core's headers of these names as the sketch of `--snippet arduino` uses.

#pragma once

#define PROGMEM

struct SerialPort {
    void begin(unsigned long rate);
    int printf(const char *format, ...) __attribute__((format(printf, 2, 3)));
    void println(const char *text);
};
extern SerialPort Serial;

void delay(unsigned long milliseconds);
void configTime(long offset, int daylight, const char *server);
void setup();
void loop();
