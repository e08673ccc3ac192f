/* lwIP's raw interface under a link that never waits; all waiting is net_wait. */
#include "net.h"

#include <string.h>

#include "board.h"
#include "lan9118.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/sys.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

enum { MTU = 1500 };

static struct {
    struct netif eth;
    void (*idle)(void *arg);
    void *arg;
    uint32_t frame[(LAN9118_FRAME_MAX + 3) / 4];
    struct tcp_pcb *pcb; /* NULL: no connection */
    struct pbuf *rx;     /* received, not read yet */
    bool connected, peer_closed, failed;
    bool resolved;
    ip_addr_t server;
} net;

/* --- lwIP's platform -------------------------------------------------------------------- */

static uint64_t now_ms(void *port)
{
    static uint32_t last, wraps;
    uint32_t now = board_ms();

    (void)port;
    if (now < last) {
        wraps++;
    }
    last = now;
    return (uint64_t)wraps << 32 | now;
}

struct ota_clock net_clock(void)
{
    return (struct ota_clock){.now_ms = now_ms};
}

uint32_t sys_now(void)
{
    return board_ms();
}

uint32_t net_random(void)
{
    return tls_random();
}

_Noreturn void net_assert(const char *what)
{
    board_puts("lwIP: ");
    board_puts(what);
    board_puts("\n");
    board_reset(BOOT_CAUSE_FAULT);
}

static err_t eth_output(struct netif *netif, struct pbuf *p)
{
    (void)netif;
    if (p->tot_len > LAN9118_FRAME_MAX) {
        return ERR_BUF;
    }
    pbuf_copy_partial(p, net.frame, p->tot_len, 0);
    return lan9118_send(net.frame, p->tot_len) ? ERR_OK : ERR_IF;
}

static err_t eth_setup(struct netif *netif)
{
    lan9118_mac(netif->hwaddr);
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->mtu = MTU;
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_LINK_UP;
    netif->output = etharp_output;
    netif->linkoutput = eth_output;
    return ERR_OK;
}

bool net_start(void (*idle)(void *arg), void *arg)
{
    net.idle = idle;
    net.arg = arg;
    if (!lan9118_start()) {
        return false;
    }
    lwip_init();
    if (netif_add(&net.eth, NULL, NULL, NULL, NULL, eth_setup, ethernet_input) == NULL) {
        return false;
    }
    netif_set_default(&net.eth);
    netif_set_up(&net.eth);
    return dhcp_start(&net.eth) == ERR_OK;
}

void net_address(char out[NET_ADDRESS_MAX])
{
    if (ip4addr_ntoa_r(netif_ip4_addr(&net.eth), out, NET_ADDRESS_MAX) == NULL) {
        out[0] = '\0';
    }
}

static bool handle_frames(void)
{
    size_t len = lan9118_receive(net.frame, sizeof net.frame);
    bool any = len != 0;

    while (len != 0) {
        struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);

        if (p == NULL) {
            break; /* dropped; TCP asks again */
        }
        pbuf_take(p, net.frame, (u16_t)len);
        if (net.eth.input(p, &net.eth) != ERR_OK) {
            pbuf_free(p);
        }
        len = lan9118_receive(net.frame, sizeof net.frame);
    }
    sys_check_timeouts();
    return any;
}

void net_wait(uint64_t deadline_ms)
{
    net.idle(net.arg);
    if (handle_frames() || now_ms(NULL) >= deadline_ms) {
        return;
    }
    __asm__ volatile("cpsid i" ::: "memory");
    if (!lan9118_take_event()) { /* masked, WFI still wakes: no frame is slept over */
        __asm__ volatile("wfi" ::: "memory");
    }
    __asm__ volatile("cpsie i" ::: "memory");
    (void)handle_frames();
}

/* --- one TCP connection ----------------------------------------------------------------- */

static err_t on_data(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)pcb;
    (void)err;
    if (p == NULL) {
        net.peer_closed = true;
    } else if (net.rx == NULL) {
        net.rx = p;
    } else {
        pbuf_cat(net.rx, p);
    }
    return ERR_OK;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    (void)pcb;
    (void)err;
    net.connected = true;
    return ERR_OK;
}

static void on_error(void *arg, err_t err)
{
    (void)arg;
    (void)err;
    net.pcb = NULL; /* freed by lwIP */
    net.failed = true;
}

static void on_resolved(const char *name, const ip_addr_t *address, void *arg)
{
    (void)name;
    (void)arg;
    net.failed = address == NULL;
    net.resolved = address != NULL;
    if (address != NULL) {
        net.server = *address;
    }
}

static ota_err wait_for(const bool *done, uint64_t deadline_ms)
{
    while (!*done) {
        if (net.failed) {
            return OTA_E_IO;
        }
        if (now_ms(NULL) >= deadline_ms) {
            return OTA_E_BUSY;
        }
        net_wait(deadline_ms);
    }
    return OTA_OK;
}

static ota_err resolve(const char *host, uint64_t deadline_ms)
{
    err_t e;

    while (dhcp_supplied_address(&net.eth) == 0) {
        if (now_ms(NULL) >= deadline_ms) {
            return OTA_E_BUSY;
        }
        net_wait(deadline_ms);
    }
    e = dns_gethostbyname(host, &net.server, on_resolved, NULL); /* literals at once */
    if (e == ERR_OK) {
        return OTA_OK;
    }
    return e == ERR_INPROGRESS ? wait_for(&net.resolved, deadline_ms) : OTA_E_IO;
}

static ota_err link_open(void *port, const char *host, uint16_t tcp_port, uint64_t deadline_ms)
{
    ota_err e;

    (void)port;
    net.connected = net.peer_closed = net.failed = net.resolved = false;
    e = resolve(host, deadline_ms);
    if (e) {
        return e;
    }
    net.pcb = tcp_new();
    if (net.pcb == NULL) {
        return OTA_E_NO_MEMORY;
    }
    tcp_nagle_disable(net.pcb);
    tcp_recv(net.pcb, on_data);
    tcp_err(net.pcb, on_error);
    if (tcp_connect(net.pcb, &net.server, tcp_port, on_connected) != ERR_OK) {
        return OTA_E_IO;
    }
    return wait_for(&net.connected, deadline_ms);
}

static ota_err link_write(void *port, const void *data, size_t len, size_t *out_len)
{
    size_t n;

    (void)port;
    if (net.failed || net.pcb == NULL) {
        return OTA_E_IO;
    }
    n = LWIP_MIN(len, tcp_sndbuf(net.pcb));
    if (n == 0 || tcp_write(net.pcb, data, (u16_t)n, TCP_WRITE_FLAG_COPY) != ERR_OK) {
        return OTA_E_BUSY;
    }
    (void)tcp_output(net.pcb);
    *out_len = n;
    return OTA_OK;
}

static ota_err link_read(void *port, void *buf, size_t cap, size_t *out_len)
{
    u16_t n;

    (void)port;
    if (net.rx == NULL) {
        if (net.failed) {
            return OTA_E_IO;
        }
        *out_len = 0;
        return net.peer_closed ? OTA_OK : OTA_E_BUSY;
    }
    n = (u16_t)LWIP_MIN(cap, net.rx->tot_len);
    (void)pbuf_copy_partial(net.rx, buf, n, 0);
    net.rx = pbuf_free_header(net.rx, n);
    if (net.pcb != NULL) {
        tcp_recved(net.pcb, n);
    }
    *out_len = n;
    return OTA_OK;
}

static void link_wait(void *port, bool for_write, uint64_t deadline_ms)
{
    (void)port;
    (void)for_write;
    net_wait(deadline_ms);
}

static void link_close(void *port)
{
    (void)port;
    if (net.rx != NULL) {
        pbuf_free(net.rx);
        net.rx = NULL;
    }
    if (net.pcb != NULL) {
        tcp_err(net.pcb, NULL);
        tcp_recv(net.pcb, NULL);
        if (tcp_close(net.pcb) != ERR_OK) {
            tcp_abort(net.pcb);
        }
        net.pcb = NULL;
    }
}

struct tls_link net_link(void)
{
    return (struct tls_link){.open = link_open,
                             .write = link_write,
                             .read = link_read,
                             .wait = link_wait,
                             .close = link_close};
}
