/* What the broker does with no application around it: persistent messages of 1 KiB through quorum queues, publisher confirms, late acks.

     broker publish COUNT WINDOW    into raw.1, at most WINDOW unconfirmed
     broker consume QUEUE COUNT WINDOW   from raw.1 or raw.2, prefetch WINDOW, acknowledged in runs
     broker relay COUNT WINDOW      from raw.1 into raw.2; acknowledges what raw.2 has confirmed
     broker declare | delete        the two queues

   AMQP_URL says where. Prints the seconds that it took. */
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static amqp_connection_state_t connection;
static char text[1024];
static const amqp_bytes_t body = {sizeof text, text};

static void die(const char *what) {
    fprintf(stderr, "broker: %s\n", what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void open_connection(void) {
    struct amqp_connection_info info;
    char *url = getenv("AMQP_URL");
    if (!url || amqp_parse_url(url, &info)) die("AMQP_URL is no URL");
    connection = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(connection);
    if (amqp_socket_open(socket, info.host, info.port)) die("cannot connect");
    if (amqp_login(connection, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, info.user, info.password).reply_type != AMQP_RESPONSE_NORMAL) die("login");
    amqp_channel_open(connection, 1);
    if (amqp_get_rpc_reply(connection).reply_type != AMQP_RESPONSE_NORMAL) die("channel");
}

static void declare(const char *queue) {
    amqp_table_entry_t entry = {amqp_cstring_bytes("x-queue-type"), {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes("quorum")}}};
    amqp_table_t arguments = {1, &entry};
    if (!amqp_queue_declare(connection, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0, arguments)) die("declare");
}

static void publish(const char *queue) {
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG,
        .delivery_mode = 2,
        .content_type = amqp_cstring_bytes("application/json"),
    };
    if (amqp_basic_publish(connection, 1, amqp_empty_bytes, amqp_cstring_bytes(queue), 1, 0, &properties, body)) die("publish");
}

/* Confirms come out of order and for several at once: `confirmed` is how many there are, `through` the last without a gap before it. */
static bool *is_confirmed;
static uint64_t confirmed, through, published;
static uint64_t delivered, acknowledged;

static void confirm(uint64_t tag) {
    if (is_confirmed[tag]) return;
    is_confirmed[tag] = true;
    confirmed++;
}

/* Waits for the next frame. */
static void receive(void) {
    static size_t missing;
    amqp_frame_t frame;
    if (amqp_simple_wait_frame(connection, &frame) != AMQP_STATUS_OK) die("reading");
    if (frame.frame_type == AMQP_FRAME_METHOD) {
        switch (frame.payload.method.id) {
        case AMQP_BASIC_ACK_METHOD: {
            const amqp_basic_ack_t *ack = frame.payload.method.decoded;
            for (uint64_t tag = ack->multiple ? through + 1 : ack->delivery_tag; tag <= ack->delivery_tag; tag++) confirm(tag);
            while (through < published && is_confirmed[through + 1]) through++;
            break;
        }
        case AMQP_BASIC_DELIVER_METHOD: break;
        default: die("the broker refused");
        }
    } else if (frame.frame_type == AMQP_FRAME_HEADER) {
        missing = frame.payload.properties.body_size;
    } else if (frame.frame_type == AMQP_FRAME_BODY) {
        missing -= frame.payload.body_fragment.len;
        if (missing == 0) delivered++;
    }
    amqp_maybe_release_buffers(connection);
}

static void start_publishing(uint64_t count) {
    is_confirmed = calloc(count + 2, sizeof *is_confirmed);
    if (!is_confirmed) die("no memory");
    amqp_confirm_select(connection, 1);
}

static void start_consuming(const char *queue, uint16_t prefetch) {
    amqp_basic_qos(connection, 1, 0, prefetch, 0);
    if (!amqp_basic_consume(connection, 1, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table)) die("consume");
}

/* Acknowledges up to a tag, in runs of a quarter of the window. */
static void acknowledge(uint64_t up_to, uint64_t window, uint64_t count) {
    if (up_to - acknowledged < (window + 3) / 4 && up_to != count) return;
    if (amqp_basic_ack(connection, 1, up_to, 1)) die("ack");
    acknowledged = up_to;
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    memset(text, 'x', sizeof text);
    open_connection();
    if (!strcmp(mode, "declare")) {
        declare("raw.1");
        declare("raw.2");
    } else if (!strcmp(mode, "delete")) {
        amqp_queue_delete(connection, 1, amqp_cstring_bytes("raw.1"), 0, 0);
        amqp_queue_delete(connection, 1, amqp_cstring_bytes("raw.2"), 0, 0);
    } else {
        bool publishes = !strcmp(mode, "publish"), relays = !strcmp(mode, "relay"), consumes = !strcmp(mode, "consume");
        if (!(publishes || relays || consumes) || argc != (consumes ? 5 : 4)) die("usage: see the head of broker.c");
        uint64_t count = strtoull(argv[argc - 2], NULL, 10), window = strtoull(argv[argc - 1], NULL, 10);
        if (!consumes) start_publishing(count);
        if (!publishes) start_consuming(consumes ? argv[2] : "raw.1", window);
        double begin = now();
        if (publishes) {
            while (confirmed < count) {
                for (; published < count && published - confirmed < window; published++) publish("raw.1");
                receive();
            }
        } else {
            while (acknowledged < count) {
                receive();
                if (relays) {
                    for (; published < delivered && published < count; published++) publish("raw.2");
                }
                acknowledge(relays ? through : delivered, window, count);
            }
        }
        printf("%.6f\n", now() - begin);
    }
    amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(connection);
    return 0;
}
