/*
 * netlabd - a small Ethernet switch in user space with emulated links.
 *
 * One TAP device per host, each created inside that host's network namespace.
 * Every port has two independent links: "up" (out of the host) and "down"
 * (into the host). A link is, in this order:
 *
 *     finite FIFO queue -> serialisation at `rate` -> loss -> delay (+ jitter)
 *
 * Frames for a known unicast address go to one port. Broadcast, multicast and
 * unknown unicast go to every other port, and each receiving port makes its
 * own loss decision.
 *
 * The clock of a link is virtual: departure times are computed from the time a
 * frame was read, so late wake-ups of this process add latency to single
 * frames but do not change the rate. How late frames were is reported.
 *
 * Build: cc -O2 -std=c11 -o netlabd netlabd.c
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <math.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_PORTS  250
#define READ_BATCH 64        /* frames read from one port per turn */
#define RUN_BATCH  512       /* events run per turn */
#define EARLY_NS   20000     /* an event this close is run now, not slept for */
#define TICK_NS    100000    /* sleep at least this long, to run events in batches */
#define SLAB       1024      /* frame slots per allocation */
#define MAX_SLABS  1024      /* at most SLAB * MAX_SLABS frames in flight */
#define NONE       UINT32_MAX

enum { UP, DOWN };

struct conf {                /* what can be asked of one direction */
	double rate;             /* bit/s, 0: unlimited */
	double delay, jitter;    /* ns */
	double loss;             /* i.i.d. */
	bool ge;                 /* Gilbert-Elliott on */
	double ge_p, ge_r, ge_good, ge_bad;
	double reorder, gap;     /* probability, extra delay in ns */
	double dup;
	double queue;            /* bytes, < 0: automatic */
	double pmtu;             /* bytes of a packet; longer ones vanish; <= 0: none do */
};

struct count {
	uint64_t frames, bytes, flooded;
	uint64_t lost, lost_bytes;
	uint64_t qdrop, qdrop_bytes;
	uint64_t cut, dup, reordered;
	uint64_t peak;           /* deepest queue seen, bytes */
	double waited;           /* byte x ns in the queue, for its mean (Little's law) */
};

struct link {
	struct conf c;
	double ns_per_byte, queue_max;
	uint64_t busy, last;     /* transmitter free at; last delivery time */
	double frac;
	bool bad;                /* Gilbert-Elliott state */
	/* The kernel sends ARP and IGMP when it likes; they draw their losses from
	   a stream of their own, so that a test's frames meet the same losses. */
	uint64_t rng_loss, rng_chat, rng_misc;
	struct count n;
};

struct port {
	int fd, devfd;
	bool cut, nic;
	uint32_t spare;          /* slot kept for the next read */
	uint32_t max_frame;
	uint64_t write_err, tap0;
	char ns[64];
	struct link l[2];
};

struct slot {
	uint32_t ref, len, next;
	uint8_t data[];
};

struct event {
	uint64_t t, seq;
	uint32_t slot;
	uint16_t port;
	uint16_t dir;            /* UP: reached the switch; DOWN: reached the host */
};

static struct port ports[MAX_PORTS];
static int nports;
static uint32_t mtu = 1500;
static uint64_t seed = 1, tick = TICK_NS;
static const char *ifname = "lan0", *stats_path, *ctl_path;

/* ---- small helpers ------------------------------------------------------ */

static uint64_t start_ns, reset_ns;

static uint64_t clock_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void die(const char *fmt, ...)
{
	va_list ap;
	int e = errno;
	fputs("netlabd: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (e)
		fprintf(stderr, ": %s", strerror(e));
	fputc('\n', stderr);
	exit(1);
}

static uint64_t splitmix(uint64_t *s)
{
	uint64_t z = (*s += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static double unit(uint64_t *s) { return (double)(splitmix(s) >> 11) * 0x1p-53; }

static bool hit(uint64_t *s, double p)
{
	return p > 0 && (p >= 1 || unit(s) < p);
}

static void seed_port(int i)
{
	for (int d = 0; d < 2; d++) {
		struct link *l = &ports[i].l[d];
		uint64_t s = seed ^ ((uint64_t)(i * 2 + d + 1) << 40);
		splitmix(&s);
		l->rng_loss = splitmix(&s);
		l->rng_chat = splitmix(&s);
		l->rng_misc = splitmix(&s);
	}
}

static bool chatter(const uint8_t *f, uint32_t len)
{
	if (f[12] == 0x08 && f[13] == 0x00)
		return len > 23 && f[23] == 2;      /* IPv4: IGMP */
	return true;                            /* ARP and the like */
}

/* ---- frame slots -------------------------------------------------------- */

static uint8_t *slabs[MAX_SLABS];
static uint32_t nslabs, slot_size, free_head = NONE, slots_used, slots_peak;
static uint64_t no_slot;

static inline struct slot *slot_at(uint32_t id)
{
	return (struct slot *)(slabs[id / SLAB] + (size_t)(id % SLAB) * slot_size);
}

static uint32_t slot_get(void)
{
	if (free_head == NONE) {
		if (nslabs == MAX_SLABS)
			return NONE;
		uint8_t *m = aligned_alloc(64, (size_t)SLAB * slot_size);
		if (!m)
			return NONE;
		slabs[nslabs] = m;
		for (uint32_t i = SLAB; i-- > 0;) {
			uint32_t id = nslabs * SLAB + i;
			((struct slot *)(m + (size_t)i * slot_size))->next = free_head;
			free_head = id;
		}
		nslabs++;
	}
	uint32_t id = free_head;
	struct slot *s = slot_at(id);
	free_head = s->next;
	s->ref = 1;
	if (++slots_used > slots_peak)
		slots_peak = slots_used;
	return id;
}

static inline void slot_put(uint32_t id)
{
	struct slot *s = slot_at(id);
	if (--s->ref == 0) {
		s->next = free_head;
		free_head = id;
		slots_used--;
	}
}

/* ---- event heap (4-ary, ordered by time then by age) --------------------- */

static struct event *heap;
static size_t heap_n, heap_cap, heap_peak;
static uint64_t seq;

static inline bool earlier(const struct event *a, const struct event *b)
{
	return a->t < b->t || (a->t == b->t && a->seq < b->seq);
}

static void heap_push(uint64_t t, int dir, int port, uint32_t slot)
{
	if (heap_n == heap_cap) {
		heap_cap = heap_cap ? heap_cap * 2 : 65536;
		heap = realloc(heap, heap_cap * sizeof *heap);
		if (!heap)
			die("out of memory");
	}
	struct event e = { t, seq++, slot, (uint16_t)port, (uint16_t)dir };
	size_t i = heap_n++;
	while (i) {
		size_t up = (i - 1) / 4;
		if (!earlier(&e, &heap[up]))
			break;
		heap[i] = heap[up];
		i = up;
	}
	heap[i] = e;
	if (heap_n > heap_peak)
		heap_peak = heap_n;
}

static struct event heap_pop(void)
{
	struct event top = heap[0], e = heap[--heap_n];
	size_t i = 0;
	for (;;) {
		size_t c = i * 4 + 1, best = c, end = c + 4 < heap_n ? c + 4 : heap_n;
		if (c >= heap_n)
			break;
		for (size_t k = c + 1; k < end; k++)
			if (earlier(&heap[k], &heap[best]))
				best = k;
		if (!earlier(&heap[best], &e))
			break;
		heap[i] = heap[best];
		i = best;
	}
	heap[i] = e;
	return top;
}

/* ---- links --------------------------------------------------------------- */

static void link_apply(struct link *l, const struct conf *c)
{
	uint64_t t = clock_ns();
	if (l->busy > t && l->ns_per_byte > 0) {   /* keep the backlog in bytes */
		double left = (double)(l->busy - t) / l->ns_per_byte;
		l->busy = t + (uint64_t)(c->rate > 0 ? left * 8e9 / c->rate : 0);
	}
	if (!c->ge)
		l->bad = false;
	l->c = *c;
	l->ns_per_byte = c->rate > 0 ? 8e9 / c->rate : 0;
	if (c->queue >= 0)
		l->queue_max = c->queue;
	else
		l->queue_max = c->rate * 0.1 / 8 > 262144 ? c->rate * 0.1 / 8 : 262144;
}

/* A frame enters the link at time t. True: it comes out at *out. */
static bool link_pass(struct link *l, uint64_t t, const struct slot *s, bool flood,
                      uint64_t *out, bool *twice)
{
	const uint32_t len = s->len;
	if (l->ns_per_byte > 0) {
		double backlog = 0;
		if (l->busy <= t) {
			l->busy = t;
			l->frac = 0;
		} else {
			backlog = (double)(l->busy - t) / l->ns_per_byte;
			if (backlog + len > l->queue_max) {
				l->n.qdrop++;
				l->n.qdrop_bytes += len;
				return false;
			}
		}
		if ((uint64_t)backlog + len > l->n.peak)
			l->n.peak = (uint64_t)backlog + len;
		l->n.waited += (double)len * (double)(l->busy - t);
		double tx = len * l->ns_per_byte + l->frac;
		uint64_t whole = (uint64_t)tx;
		l->frac = tx - (double)whole;
		l->busy += whole;
		t = l->busy;
	}

	bool chat = chatter(s->data, len), drop;
	drop = hit(chat ? &l->rng_chat : &l->rng_loss, l->c.loss);
	if (l->c.ge && !chat) {
		if (hit(&l->rng_loss, l->bad ? l->c.ge_r : l->c.ge_p))
			l->bad = !l->bad;
		drop |= hit(&l->rng_loss, l->bad ? l->c.ge_bad : l->c.ge_good);
	}
	drop |= l->c.pmtu > 0 && len > l->c.pmtu + 14;
	if (drop) {
		l->n.lost++;
		l->n.lost_bytes += len;
		return false;
	}

	double d = l->c.delay;
	if (l->c.jitter > 0) {
		d += (unit(&l->rng_misc) * 2 - 1) * l->c.jitter;
		if (d < 0)
			d = 0;
	}
	t += (uint64_t)d;
	if (hit(&l->rng_misc, l->c.reorder)) {
		t += (uint64_t)l->c.gap;
		l->n.reordered++;
	} else {
		if (t < l->last)
			t = l->last;
		l->last = t;
	}
	*twice = hit(&l->rng_misc, l->c.dup);
	if (*twice)
		l->n.dup++;
	l->n.frames++;
	l->n.bytes += len;
	l->n.flooded += flood;
	*out = t;
	return true;
}

static void link_send(int dir, int p, uint32_t id, uint64_t t, bool flood)
{
	struct port *q = &ports[p];
	struct slot *s = slot_at(id);
	uint64_t at = t;
	bool twice = false;
	if (q->cut) {
		q->l[dir].n.cut++;
		return;
	}
	if (!link_pass(&q->l[dir], t, s, flood, &at, &twice))
		return;
	s->ref++;
	heap_push(at, dir, p, id);
	if (twice) {
		s->ref++;
		heap_push(at, dir, p, id);
	}
}

/* ---- switch --------------------------------------------------------------- */

#define MACS 4096
static struct { uint64_t mac; int port; } macs[MACS];
static int nmacs;

static inline uint64_t mac_of(const uint8_t *p)
{
	return (uint64_t)p[0] << 40 | (uint64_t)p[1] << 32 | (uint64_t)p[2] << 24 |
	       (uint64_t)p[3] << 16 | (uint64_t)p[4] << 8 | p[5];
}

static inline unsigned mac_slot(uint64_t mac)
{
	unsigned i = (unsigned)((mac * 0x9e3779b97f4a7c15u) >> 52);
	while (macs[i].mac && macs[i].mac != mac)
		i = (i + 1) % MACS;
	return i;
}

static void switch_frame(uint32_t id, int src, uint64_t t)
{
	struct slot *s = slot_at(id);
	uint64_t to = mac_of(s->data), from = mac_of(s->data + 6);

	if (!(s->data[6] & 1) && from) {
		unsigned i = mac_slot(from);
		if (macs[i].mac)
			macs[i].port = src;
		else if (nmacs < MACS / 2) {
			macs[i].mac = from;
			macs[i].port = src;
			nmacs++;
		}
	}
	if (!(s->data[0] & 1)) {
		unsigned i = mac_slot(to);
		if (macs[i].mac) {
			if (macs[i].port != src)
				link_send(DOWN, macs[i].port, id, t, false);
			return;
		}
	}
	for (int p = 0; p < nports; p++)
		if (p != src)
			link_send(DOWN, p, id, t, true);
}

/* ---- running events -------------------------------------------------------- */

static uint64_t lag_max, lag_1ms, lag_5ms, events_run;

static void run_events(void)
{
	uint64_t now = clock_ns();
	for (int n = 0; n < RUN_BATCH && heap_n; n++) {
		if ((n & 15) == 15)
			now = clock_ns();
		if (heap[0].t > now + EARLY_NS)
			break;
		struct event e = heap_pop();
		if (now > e.t) {
			uint64_t lag = now - e.t;
			if (lag > lag_max)
				lag_max = lag;
			lag_1ms += lag > 1000000;
			lag_5ms += lag > 5000000;
		}
		events_run++;
		struct port *p = &ports[e.port];
		struct slot *s = slot_at(e.slot);
		if (p->cut) {                       /* cut while in flight */
			struct count *c = &p->l[e.dir].n;
			c->cut++;
			c->frames--;
			c->bytes -= s->len;
		} else if (e.dir == UP) {
			switch_frame(e.slot, e.port, e.t);
		} else if (write(p->fd, s->data, s->len) < 0) {
			p->write_err++;
		}
		slot_put(e.slot);
	}
}

static void read_port(int i)
{
	struct port *p = &ports[i];
	uint64_t now = clock_ns();
	for (int n = 0; n < READ_BATCH; n++) {
		if (p->spare == NONE && (p->spare = slot_get()) == NONE) {
			uint8_t sink[64];
			if (read(p->fd, sink, sizeof sink) < 0)
				return;
			no_slot++;
			continue;
		}
		struct slot *s = slot_at(p->spare);
		ssize_t r = read(p->fd, s->data, slot_size - sizeof *s);
		if (r < 0)
			return;                         /* EAGAIN, or the device is down */
		if (r < 14)
			continue;
		s->len = (uint32_t)r;
		if (s->len > p->max_frame)
			p->max_frame = s->len;
		link_send(UP, i, p->spare, now, s->data[0] & 1);
		slot_put(p->spare);                 /* the link holds its own reference */
		p->spare = NONE;
	}
}

/* ---- settings --------------------------------------------------------------- */

static bool p_rate(const char *s, double *v)
{
	char *e;
	if (!strcasecmp(s, "unlimited") || !strcasecmp(s, "max")) {
		*v = 0;
		return true;
	}
	double x = strtod(s, &e);
	if (e == s || !(x >= 0) || isinf(x))
		return false;
	switch (*e | 32) {
	case 'k': x *= 1e3; e++; break;
	case 'm': x *= 1e6; e++; break;
	case 'g': x *= 1e9; e++; break;
	}
	if (*e && strcasecmp(e, "bit") && strcasecmp(e, "bps") && strcasecmp(e, "bit/s"))
		return false;
	*v = x;
	return true;
}

static bool p_time(const char *s, double *v)
{
	char *e;
	double x = strtod(s, &e);
	if (e == s || !(x >= 0) || isinf(x))
		return false;
	if (!*e || !strcasecmp(e, "ms"))
		x *= 1e6;
	else if (!strcasecmp(e, "us"))
		x *= 1e3;
	else if (!strcasecmp(e, "s"))
		x *= 1e9;
	else
		return false;
	if (x > 60e9)
		return false;
	*v = x;
	return true;
}

static bool p_prob(const char *s, double *v)
{
	char *e;
	double x = strtod(s, &e);
	if (e == s)
		return false;
	if (*e == '%') {
		x /= 100;
		e++;
	}
	if (*e || !(x >= 0 && x <= 1))
		return false;
	*v = x;
	return true;
}

static bool p_size(const char *s, double *v)
{
	char *e;
	if (!strcasecmp(s, "auto")) {
		*v = -1;
		return true;
	}
	double x = strtod(s, &e);
	if (e == s || !(x >= 0) || isinf(x))
		return false;
	switch (*e | 32) {
	case 'k': x *= 1024; e++; break;
	case 'm': x *= 1048576; e++; break;
	}
	if (*e && strcasecmp(e, "b") && strcasecmp(e, "ib"))
		return false;
	*v = x;
	return true;
}

static bool p_switch(const char *s, bool *v)
{
	if (!strcmp(s, "on") || !strcmp(s, "1") || !strcmp(s, "yes"))
		*v = true;
	else if (!strcmp(s, "off") || !strcmp(s, "0") || !strcmp(s, "no"))
		*v = false;
	else
		return false;
	return true;
}

/* ge=P/R[/GOOD[/BAD]] */
static bool p_ge(char *s, struct conf *c)
{
	double v[4] = { 0, 0, 0, 1 };
	int n = 0;
	char *save = NULL;
	if (!strcmp(s, "off")) {
		c->ge = false;
		return true;
	}
	for (char *f = strtok_r(s, "/", &save); f; f = strtok_r(NULL, "/", &save))
		if (n == 4 || !p_prob(f, &v[n++]))
			return false;
	if (n < 2)
		return false;
	c->ge = true;
	c->ge_p = v[0];
	c->ge_r = v[1];
	c->ge_good = v[2];
	c->ge_bad = v[3];
	return true;
}

struct setup {
	struct conf c[2];
	bool cut, nic;
};

/* "rate=10mbit,loss=1%,cut": changes *s, or says why not in err. */
static bool parse_spec(const char *text, struct setup *s, char *err, size_t errn)
{
	char buf[1024];
	char *save = NULL;
	if (strlen(text) >= sizeof buf) {
		snprintf(err, errn, "settings too long");
		return false;
	}
	strcpy(buf, text);
	for (char *w = strtok_r(buf, ", \t\n", &save); w; w = strtok_r(NULL, ", \t\n", &save)) {
		char *v = strchr(w, '=');
		bool ok = true;
		if (!v) {
			if (!strcmp(w, "cut"))
				s->cut = true;
			else if (!strcmp(w, "heal"))
				s->cut = false;
			else {
				snprintf(err, errn, "unknown word '%s'", w);
				return false;
			}
			continue;
		}
		char key[32];
		snprintf(key, sizeof key, "%.*s", (int)(v - w), w);
		v++;
		/* which direction: 1 up, 2 down, 3 no prefix */
		int dirs = 3;
		const char *k = key;
		if (!strncmp(k, "up", 2)) {
			dirs = 1;
			k += 2;
		} else if (!strncmp(k, "down", 4)) {
			dirs = 2;
			k += 4;
		}
		double x = 0;
		if (!*k || !strcmp(k, "rate")) {
			ok = p_rate(v, &x);
			for (int d = 0; ok && d < 2; d++)
				if (dirs >> d & 1)
					s->c[d].rate = x;
		} else if (!strcmp(k, "delay") || !strcmp(k, "jitter")) {
			ok = p_time(v, &x);
			if (dirs == 3)
				x /= 2;
			for (int d = 0; ok && d < 2; d++)
				if (dirs >> d & 1)
					*(*k == 'd' ? &s->c[d].delay : &s->c[d].jitter) = x;
		} else if (!strcmp(k, "queue")) {
			ok = p_size(v, &x);
			for (int d = 0; ok && d < 2; d++)
				if (dirs >> d & 1)
					s->c[d].queue = x;
		} else if (!strcmp(k, "pmtu")) {
			ok = p_size(v, &x);
			for (int d = 0; ok && d < 2; d++)
				if (dirs >> d & 1)
					s->c[d].pmtu = x;
		} else if (!strcmp(k, "gap")) {
			ok = p_time(v, &x);
			for (int d = 0; ok && d < 2; d++)
				if (dirs >> d & 1)
					s->c[d].gap = x;
		} else if (!strcmp(k, "loss") || !strcmp(k, "reorder") || !strcmp(k, "dup")) {
			/* without a prefix these belong to the link into the host */
			struct conf *c = &s->c[dirs == 1 ? UP : DOWN];
			ok = p_prob(v, &x);
			if (ok && *k == 'l') {
				if (dirs == 3)
					s->cut = x >= 1;
				if (dirs != 3 || x < 1)
					c->loss = x;
			} else if (ok)
				*(*k == 'r' ? &c->reorder : &c->dup) = x;
		} else if (!strcmp(k, "ge")) {
			ok = p_ge(v, &s->c[dirs == 1 ? UP : DOWN]);
		} else if (!strcmp(key, "cut")) {
			ok = p_switch(v, &s->cut);
		} else if (!strcmp(key, "nic")) {
			ok = p_switch(v, &s->nic);
		} else {
			snprintf(err, errn, "unknown setting '%s'", key);
			return false;
		}
		if (!ok) {
			snprintf(err, errn, "bad value for '%s'", key);
			return false;
		}
	}
	return true;
}

static void setup_of(const struct port *p, struct setup *s)
{
	s->c[UP] = p->l[UP].c;
	s->c[DOWN] = p->l[DOWN].c;
	s->cut = p->cut;
	s->nic = p->nic;
}

static void setup_apply(struct port *p, const struct setup *s)
{
	link_apply(&p->l[UP], &s->c[UP]);
	link_apply(&p->l[DOWN], &s->c[DOWN]);
	p->cut = s->cut;
	p->nic = s->nic;
}

/* ---- statistics ---------------------------------------------------------------- */

/* Frames the kernel could not hand over because the TAP ring was full. */
static uint64_t tap_drops(const struct port *p)
{
	char buf[4096];
	ssize_t n = pread(p->devfd, buf, sizeof buf - 1, 0);
	if (n <= 0)
		return 0;
	buf[n] = 0;
	size_t l = strlen(ifname);
	for (char *s = strtok(buf, "\n"); s; s = strtok(NULL, "\n")) {
		while (*s == ' ')
			s++;
		if (strncmp(s, ifname, l) || s[l] != ':')
			continue;
		unsigned long long v[12] = { 0 };
		sscanf(s + l + 1, "%llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu",
		       &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8],
		       &v[9], &v[10], &v[11]);
		return v[11];
	}
	return 0;
}

static char out[1 << 18];
static size_t outn;

__attribute__((format(printf, 1, 2)))
static void emit(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(out + outn, sizeof out - outn, fmt, ap);
	va_end(ap);
	if (n > 0)
		outn = outn + (size_t)n < sizeof out ? outn + (size_t)n : sizeof out - 1;
}

static void emit_link(const char *name, const struct link *l)
{
	const struct count *n = &l->n;
	double since = (double)(clock_ns() - reset_ns);
	emit("\"%s\":{\"rate\":%.0f,\"delay_ms\":%.6g,\"jitter_ms\":%.6g,\"loss\":%.9g,"
	     "\"queue\":%.0f,\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64
	     ",\"flooded\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"lost_bytes\":%" PRIu64
	     ",\"queue_drop\":%" PRIu64 ",\"queue_drop_bytes\":%" PRIu64
	     ",\"cut_drop\":%" PRIu64 ",\"duplicated\":%" PRIu64 ",\"reordered\":%" PRIu64
	     ",\"peak_queue\":%" PRIu64 ",\"mean_queue\":%.0f}",
	     name, l->c.rate, l->c.delay / 1e6, l->c.jitter / 1e6, l->c.loss,
	     l->c.rate > 0 ? l->queue_max : 0.0, n->frames, n->bytes, n->flooded, n->lost,
	     n->lost_bytes, n->qdrop, n->qdrop_bytes, n->cut, n->dup, n->reordered, n->peak,
	     since > 0 ? n->waited / since : 0.0);
}

static double cpu_s(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double cpu0;

static void emit_stats(void)
{
	uint64_t t = clock_ns();
	outn = 0;
	emit("{\"uptime_s\":%.3f,\"since_reset_s\":%.3f,\"seed\":%" PRIu64
	     ",\"cpu_s\":%.3f,\"events\":%" PRIu64
	     ",\"late_us_max\":%.1f,\"late_over_1ms\":%" PRIu64 ",\"late_over_5ms\":%" PRIu64
	     ",\"in_flight\":%zu,\"in_flight_peak\":%zu,\"no_slot\":%" PRIu64 ",\n\"ports\":[\n",
	     (double)(t - start_ns) / 1e9, (double)(t - reset_ns) / 1e9, seed, cpu_s() - cpu0,
	     events_run, (double)lag_max / 1e3, lag_1ms, lag_5ms, heap_n, heap_peak, no_slot);
	for (int i = 0; i < nports; i++) {
		struct port *p = &ports[i];
		emit("{\"host\":%d,\"ns\":\"%s\",\"cut\":%s,\"max_frame\":%u,\"tap_drop\":%" PRIu64
		     ",\"write_err\":%" PRIu64 ",",
		     i + 1, p->ns, p->cut ? "true" : "false", p->max_frame,
		     tap_drops(p) - p->tap0, p->write_err);
		emit_link("up", &p->l[UP]);
		emit(",");
		emit_link("down", &p->l[DOWN]);
		emit("}%s\n", i + 1 < nports ? "," : "");
	}
	emit("]}\n");
}

static void write_stats(void)
{
	char tmp[512];
	if (!stats_path)
		return;
	emit_stats();
	snprintf(tmp, sizeof tmp, "%s.tmp", stats_path);
	FILE *f = fopen(tmp, "w");
	if (!f)
		return;
	bool ok = fwrite(out, 1, outn, f) == outn;
	ok &= fclose(f) == 0;
	if (!ok || rename(tmp, stats_path))
		unlink(tmp);
}

static void reset_stats(void)
{
	for (int i = 0; i < nports; i++) {
		memset(&ports[i].l[UP].n, 0, sizeof(struct count));
		memset(&ports[i].l[DOWN].n, 0, sizeof(struct count));
		ports[i].max_frame = 0;
		ports[i].write_err = 0;
		ports[i].tap0 = tap_drops(&ports[i]);
	}
	lag_max = lag_1ms = lag_5ms = events_run = no_slot = 0;
	heap_peak = heap_n;
	reset_ns = clock_ns();
	cpu0 = cpu_s();
}

/* ---- control socket ---------------------------------------------------------------- */

static void emit_show(int i)
{
	const struct port *p = &ports[i];
	emit("host=%d cut=%s nic=%s", i + 1, p->cut ? "on" : "off", p->nic ? "on" : "off");
	for (int d = 0; d < 2; d++) {
		const char *n = d == UP ? "up" : "down";
		const struct link *l = &p->l[d];
		emit(" %s=%.0f %sdelay=%.6gms %sjitter=%.6gms %sloss=%.9g %squeue=%.0f", n,
		     l->c.rate, n, l->c.delay / 1e6, n, l->c.jitter / 1e6, n, l->c.loss, n,
		     l->queue_max);
		if (l->c.ge)
			emit(" %sge=%.9g/%.9g/%.9g/%.9g", n, l->c.ge_p, l->c.ge_r, l->c.ge_good,
			     l->c.ge_bad);
		if (l->c.reorder > 0)
			emit(" %sreorder=%.9g %sgap=%.6gms", n, l->c.reorder, n, l->c.gap / 1e6);
		if (l->c.dup > 0)
			emit(" %sdup=%.9g", n, l->c.dup);
		if (l->c.pmtu > 0)
			emit(" %spmtu=%.0f", n, l->c.pmtu);
	}
	emit("\n");
}

/* "3", "2-5", "1,4-6" or "all"; calls for each; false if the list is bad */
static bool each_host(const char *list, bool pick[MAX_PORTS])
{
	memset(pick, 0, MAX_PORTS * sizeof *pick);
	if (!strcmp(list, "all")) {
		for (int i = 0; i < nports; i++)
			pick[i] = true;
		return true;
	}
	for (const char *s = list;;) {
		char *e;
		long a = strtol(s, &e, 10), b = a;
		if (e == s)
			return false;
		if (*e == '-') {
			s = e + 1;
			b = strtol(s, &e, 10);
			if (e == s)
				return false;
		}
		if (a < 1 || b < a || b > nports)
			return false;
		for (long i = a; i <= b; i++)
			pick[i - 1] = true;
		if (!*e)
			return true;
		if (*e != ',')
			return false;
		s = e + 1;
	}
}

static void control(int fd)
{
	static char buf[4096];
	struct sockaddr_un from;
	for (;;) {
		socklen_t fl = sizeof from;
		ssize_t n = recvfrom(fd, buf, sizeof buf - 1, MSG_DONTWAIT, (struct sockaddr *)&from, &fl);
		if (n < 0)
			return;
		buf[n] = 0;
		outn = 0;
		char *save = NULL, *verb = strtok_r(buf, " \n", &save);
		if (!verb)
			emit("error: empty command\n");
		else if (!strcmp(verb, "ping"))
			emit("ok\n");
		else if (!strcmp(verb, "stats")) {
			emit_stats();
		} else if (!strcmp(verb, "reset")) {
			reset_stats();
			emit("ok\n");
		} else if (!strcmp(verb, "show") || !strcmp(verb, "set")) {
			char *list = strtok_r(NULL, " \n", &save);
			bool pick[MAX_PORTS];
			char err[128] = "";
			static struct setup want[MAX_PORTS];
			bool ok = true;
			if (!each_host(list ? list : "all", pick)) {
				emit("error: no such host: %s\n", list ? list : "");
			} else if (verb[1] == 'h') {
				for (int i = 0; i < nports; i++)
					if (pick[i])
						emit_show(i);
			} else {
				for (int i = 0; ok && i < nports; i++)
					if (pick[i]) {
						setup_of(&ports[i], &want[i]);
						ok = parse_spec(save ? save : "", &want[i], err, sizeof err);
					}
				for (int i = 0; ok && i < nports; i++)
					if (pick[i]) {
						setup_apply(&ports[i], &want[i]);
						emit_show(i);
					}
				if (!ok)
					emit("error: %s\n", err);
			}
		} else
			emit("error: unknown command %s\n", verb);
		if (fl > sizeof(sa_family_t))
			sendto(fd, out, outn, MSG_DONTWAIT, (struct sockaddr *)&from, fl);
	}
}

static int unix_addr(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof a->sun_path)
		die("socket path too long");
	strcpy(a->sun_path, path);
	return (int)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
}

static int client(const char *path, int argc, char **argv)
{
	struct sockaddr_un a, me = { .sun_family = AF_UNIX };
	char msg[4096] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct timeval tv = { .tv_sec = 5 };
	int big = sizeof out;
	for (int i = 0; i < argc; i++) {
		if (strlen(msg) + strlen(argv[i]) + 2 > sizeof msg)
			die("command too long");
		if (i)
			strcat(msg, " ");
		strcat(msg, argv[i]);
	}
	socklen_t al = (socklen_t)unix_addr(&a, path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&me, sizeof(sa_family_t)))
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
	if (sendto(fd, msg, strlen(msg), 0, (struct sockaddr *)&a, al) < 0)
		die("the emulator does not answer");
	ssize_t n = recv(fd, out, sizeof out, 0);
	if (n < 0)
		die("the emulator does not answer");
	bool bad = n >= 6 && !memcmp(out, "error:", 6);
	fwrite(out, 1, (size_t)n, bad ? stderr : stdout);
	return bad ? 1 : 0;
}

/* ---- start -------------------------------------------------------------------------- */

static void open_port(struct port *p, const char *nspath, int home)
{
	int ns = open(nspath, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		die("%s", nspath);
	if (setns(ns, CLONE_NEWNET))
		die("setns %s", nspath);
	p->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (p->fd < 0)
		die("/dev/net/tun");
	struct ifreq r;
	memset(&r, 0, sizeof r);
	/* no IFF_VNET_HDR: the kernel segments and checksums before it hands over */
	r.ifr_flags = IFF_TAP | IFF_NO_PI;
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", ifname);
	if (ioctl(p->fd, TUNSETIFF, &r))
		die("TUNSETIFF in %s", nspath);
	p->devfd = open("/proc/thread-self/net/dev", O_RDONLY | O_CLOEXEC);
	if (setns(home, CLONE_NEWNET))
		die("setns back");
	close(ns);
	const char *b = strrchr(nspath, '/');
	snprintf(p->ns, sizeof p->ns, "%.63s", b ? b + 1 : nspath);
	p->spare = NONE;
}

static void usage(void)
{
	fputs("usage: netlabd --ctl SOCKET [--stats FILE] [--seed N] [--mtu N] [--tick US]\n"
	      "               [--ifname NAME] [--no-rt] [--defaults SETTINGS] --port NETNS[:SETTINGS] ...\n"
	      "       netlabd --ask SOCKET ping | show [HOSTS] | set HOSTS SETTINGS | stats | reset\n",
	      stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	bool rt = true;
	struct setup base;
	char err[128];
	memset(&base, 0, sizeof base);
	for (int d = 0; d < 2; d++) {
		base.c[d].queue = -1;
		base.c[d].gap = 5e6;
	}

	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;
		if (!strcmp(a, "--no-rt")) {
			rt = false;
			continue;
		}
		if (!v)
			usage();
		i++;
		if (!strcmp(a, "--ask"))
			return client(v, argc - i - 1, argv + i + 1);
		else if (!strcmp(a, "--ctl"))
			ctl_path = v;
		else if (!strcmp(a, "--stats"))
			stats_path = v;
		else if (!strcmp(a, "--seed"))
			seed = strtoull(v, NULL, 0);
		else if (!strcmp(a, "--mtu"))
			mtu = (uint32_t)strtoul(v, NULL, 0);
		else if (!strcmp(a, "--tick"))
			tick = strtoull(v, NULL, 0) * 1000;
		else if (!strcmp(a, "--ifname"))
			ifname = v;
		else if (!strcmp(a, "--defaults")) {
			errno = 0;
			if (!parse_spec(v, &base, err, sizeof err))
				die("%s", err);
		} else if (!strcmp(a, "--port")) {
			char ns[256];
			const char *colon = strchr(v, ':');
			struct setup s = base;
			if (nports == MAX_PORTS)
				die("at most %d hosts", MAX_PORTS);
			snprintf(ns, sizeof ns, "%.*s", colon ? (int)(colon - v) : (int)strlen(v), v);
			errno = 0;
			if (colon && !parse_spec(colon + 1, &s, err, sizeof err))
				die("host %d: %s", nports + 1, err);
			open_port(&ports[nports], ns, home);
			setup_apply(&ports[nports], &s);
			nports++;
		} else
			usage();
	}
	if (!ctl_path || !nports)
		usage();
	if (mtu < 68 || mtu > 9216) {
		errno = 0;
		die("mtu out of range");
	}
	slot_size = (uint32_t)((sizeof(struct slot) + mtu + 18 + 63) / 64 * 64);
	for (int i = 0; i < nports; i++)
		seed_port(i);

	struct sched_param sp = { .sched_priority = 1 };
	if (!rt || sched_setscheduler(0, SCHED_RR, &sp))
		(void)!setpriority(PRIO_PROCESS, 0, -15);

	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);

	int ep = epoll_create1(EPOLL_CLOEXEC);
	int sig = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	int tim = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	int ctl = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un ua;
	socklen_t ul = (socklen_t)unix_addr(&ua, ctl_path);
	int big = sizeof out;
	unlink(ctl_path);
	if (ep < 0 || sig < 0 || tim < 0 || ctl < 0 || bind(ctl, (struct sockaddr *)&ua, ul))
		die("setting up");
	setsockopt(ctl, SOL_SOCKET, SO_SNDBUF, &big, sizeof big);

	enum { E_SIG = MAX_PORTS, E_TIM, E_CTL };
	struct epoll_event ev = { .events = EPOLLIN };
	ev.data.u32 = E_SIG;
	epoll_ctl(ep, EPOLL_CTL_ADD, sig, &ev);
	ev.data.u32 = E_CTL;
	epoll_ctl(ep, EPOLL_CTL_ADD, ctl, &ev);
	for (int i = 0; i < nports; i++) {
		ev.data.u32 = (uint32_t)i;
		if (epoll_ctl(ep, EPOLL_CTL_ADD, ports[i].fd, &ev))
			die("epoll");
	}
	/* edge triggered: setting the timer again re-arms it, so it is never read */
	ev.events = EPOLLIN | EPOLLET;
	ev.data.u32 = E_TIM;
	epoll_ctl(ep, EPOLL_CTL_ADD, tim, &ev);

	start_ns = reset_ns = clock_ns();
	uint64_t armed = 0;
	for (;;) {
		struct epoll_event got[MAX_PORTS + 3];
		int wait = -1;
		if (heap_n) {
			uint64_t t = heap[0].t, now = clock_ns();
			if (t > now + EARLY_NS && t < now + tick)
				t = now + tick;
			if (t <= now + EARLY_NS)
				wait = 0;
			else if (t != armed) {
				struct itimerspec its = { { 0, 0 },
					{ (time_t)(t / 1000000000u), (long)(t % 1000000000u) } };
				timerfd_settime(tim, TFD_TIMER_ABSTIME, &its, NULL);
				armed = t;
			}
		}
		int n = epoll_wait(ep, got, MAX_PORTS + 3, wait);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n; i++) {
			uint32_t id = got[i].data.u32;
			if (id < MAX_PORTS && got[i].events & (EPOLLERR | EPOLLHUP))
				epoll_ctl(ep, EPOLL_CTL_DEL, ports[id].fd, NULL);  /* namespace removed */
			else if (id < MAX_PORTS)
				read_port((int)id);
			else if (id == E_TIM)
				armed = 0;
			else if (id == E_CTL)
				control(ctl);
			else {
				struct signalfd_siginfo si;
				while (read(sig, &si, sizeof si) == sizeof si) {
					write_stats();
					if (si.ssi_signo != SIGUSR1) {
						unlink(ctl_path);
						return 0;
					}
				}
			}
		}
		run_events();
	}
}
