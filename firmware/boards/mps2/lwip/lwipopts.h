#ifndef LWIPOPTS_H
#define LWIPOPTS_H

/* lwIP without an operating system: raw calls from one loop, IPv4, DHCP, DNS, a TCP client. */
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0

#define LWIP_IPV4                1
#define LWIP_IPV6                0
#define LWIP_ARP                 1
#define LWIP_ICMP                1
#define LWIP_UDP                 1
#define LWIP_TCP                 1
#define LWIP_DHCP                1
#define LWIP_DNS                 1
#define LWIP_DHCP_DOES_ACD_CHECK 0 /* saves about a second at boot */
#define LWIP_ACD                 0
#define LWIP_STATS               0
#define IP_REASSEMBLY            0
#define IP_FRAG                  0

#define MEM_ALIGNMENT           4
#define MEM_SIZE                (8 * 1024)
#define MEMP_NUM_TCP_PCB        4
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_UDP_PCB        4
#define MEMP_NUM_TCP_SEG        16
#define PBUF_POOL_SIZE          12
#define PBUF_POOL_BUFSIZE       1536

/* The controller's receive FIFO holds 6 full frames; what does not fit is lost. */
#define TCP_MSS          1460
#define TCP_WND          (4 * TCP_MSS)
#define TCP_SND_BUF      (2 * TCP_MSS)
#define TCP_SND_QUEUELEN 8
#define TCP_QUEUE_OOSEQ  1

#define CHECKSUM_CHECK_IP  1
#define CHECKSUM_CHECK_TCP 1

#endif
