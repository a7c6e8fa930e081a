/* The guest of the contract suite: it sleeps, hears what it is asked, and goes on. GRUB, which boots images without a
 * kernel, polls its prompt with all of a processor, and hears nothing, which libxl waits a minute for.
 *
 * A PV guest of Xen's: it begins with its first 4 MiB mapped from address 0 on, events masked, and the hypervisor's table
 * of what its pages are. All it talks to is Xenstore, by a ring of bytes in either direction (xen/io/xs_wire.h).
 */
typedef unsigned int u32;
typedef unsigned long u64;

struct start { /* xen/xen.h: start_info */
    char magic[32];
    u64 pages, shared;
    u32 flags;
    u64 store_page;
    u32 store_port;
};
struct ring {
    volatile char asked[1024], answered[1024];
    volatile u32 asked_taken, asked_put, answered_taken, answered_put;
};
struct head {
    u32 type, request, transaction, length;
};
enum { READ = 2, WATCH = 4, WRITE = 11, CHANGED = 15 };
enum { MAP_PAGE = 14, SCHEDULE = 29, EVENT = 32, POLL = 3, SEND = 4 };

static const char path[] = "control/shutdown";
static const u64 *const number_of_page = (u64 *)0xffff800000000000;
static char shared[4096] __attribute__((aligned(4096)));
static volatile u64 *const pending = (u64 *)(shared + 2048);
static struct ring *ring;
static u32 port;

static void call(u64 what, u64 one, const void *two, u64 three)
{
    asm volatile("syscall" : "+a"(what), "+D"(one), "+S"(two), "+d"(three) : : "rcx", "r11", "r10", "r8", "memory");
}

static void wait_for_it(void)
{
    struct { u32 *ports; u32 count; u64 until; } poll = {&port, 1, 0};
    call(SCHEDULE, POLL, &poll, 0);
    pending[port / 64] &= ~(1ul << port % 64);
}

static void say(u32 type, const char *words, u32 length)
{
    struct head head = {type, 0, 0, length};
    for (u32 each = 0; each < sizeof head + length; each++) {
        char byte = each < sizeof head ? ((char *)&head)[each] : words[each - sizeof head];
        ring->asked[(ring->asked_put + each) % 1024] = byte;
    }
    ring->asked_put += sizeof head + length;
    call(EVENT, SEND, &port, 0);
}

static void hear(void *to, u32 length)
{
    for (u32 each = 0; each < length; each++) {
        while (ring->answered_taken == ring->answered_put)
            wait_for_it();
        char byte = ring->answered[ring->answered_taken++ % 1024];
        if (to)
            ((char *)to)[each] = byte;
    }
    call(EVENT, SEND, &port, 0);
}

void begin(const struct start *start)
{
    call(MAP_PAGE, (u64)shared, (void *)(start->shared | 7), 2);
    ring = (struct ring *)(number_of_page[start->store_page] << 12);
    port = start->store_port;
    say(WATCH, "control/shutdown\0it", 20);
    for (;;) {
        struct head head;
        hear(&head, sizeof head);
        hear(0, head.length);
        if (head.type == CHANGED)
            say(READ, path, sizeof path);
        else if (head.type == READ && head.length)
            say(WRITE, path, sizeof path); /* emptied: it was heard */
    }
}

asm(".globl _start\n_start: mov %rsi, %rdi\n cld\n call begin\n"
    ".pushsection .note.Xen, \"a\", @note\n"
    ".macro note type, text:vararg\n .balign 4\n .long 4, 2f - 1f, \\type\n .asciz \"Xen\"\n1: \\text\n2: .balign 4\n .endm\n"
    "note 5, .asciz \"xen-3.0\"\n note 6, .asciz \"idle\"\n note 8, .asciz \"generic\"\n note 9, .asciz \"yes\"\n"
    "note 1, .quad _start\n note 3, .quad 0\n note 4, .quad 0\n"
    ".popsection");
