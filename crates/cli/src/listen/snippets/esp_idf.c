/* A POST to `picopost listen` with ESP-IDF, to be called when the network and the clock are there. The
 * anchors: picopost listen --anchors c=main/anchors.h */

#include <string.h>

#include "anchors.h"
#include "esp_err.h"
#include "esp_http_client.h"
#include "esp_log.h"

esp_err_t post_reading(void) {
    static const char body[] = "{\"reading\":21}";
    const esp_http_client_config_t config = {
        .url = "https://192.0.2.7:8443/readings",
        .method = HTTP_METHOD_POST,
        .cert_pem = picopost_anchors_pem,
        .timeout_ms = 10000,
    };
    esp_http_client_handle_t client = esp_http_client_init(&config);
    if (client == NULL) return ESP_FAIL;
    esp_http_client_set_header(client, "Content-Type", "application/json");
    esp_http_client_set_post_field(client, body, (int)strlen(body));
    esp_err_t error = esp_http_client_perform(client);
    ESP_LOGI("post", "%s, status %d", esp_err_to_name(error), esp_http_client_get_status_code(client));
    esp_http_client_cleanup(client);
    return error;
}
