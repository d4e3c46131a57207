/* As much of ESP-IDF's headers of these names as the program of `--snippet esp-idf` uses. */

#pragma once

typedef int esp_err_t;

#define ESP_FAIL -1

const char *esp_err_to_name(esp_err_t code);
