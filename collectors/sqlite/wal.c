/* The write-ahead log as a file: its frames are counted as they are added. Reading it takes no lock, and
 * nobody has any on it. The format is section 4 of https://www.sqlite.org/fileformat2.html. */
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "collectors/sqlite/file.h"

enum { WAL_HEADER = 32, FRAME_HEADER = 24, MOST_PATH = 4200, MOST_FRAMES = 8000 };

static uint32_t number(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int open_wal(const char *path)
{
    struct text t;
    text_init(&t, MOST_PATH);
    text_addf(&t, "%s-wal", path);
    int fd = t.cut ? -1 : open(text_str(&t), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    text_done(&t);
    return fd;
}

/* A frame of an earlier round has other salts. At most so many are read in one look; the next one goes on. */
static void read_frames(int fd, struct lite_wal *w)
{
    unsigned char frame[FRAME_HEADER];
    w->complete = false;
    for (int i = 0; i < MOST_FRAMES; i++) {
        off_t at = (off_t)(WAL_HEADER + w->frames * (FRAME_HEADER + w->page_bytes));
        if (pread(fd, frame, sizeof(frame), at) != FRAME_HEADER || number(frame + 8) != w->salt[0] ||
            number(frame + 12) != w->salt[1]) {
            w->complete = true;
            return;
        }
        w->frames++;
        w->commits += number(frame + 4) != 0;
    }
}

bool lite_wal_read(const char *path, struct lite_wal *w, bool *restarted)
{
    unsigned char header[WAL_HEADER];
    int fd = open_wal(path);
    *restarted = false;
    ssize_t n = fd < 0 ? -1 : pread(fd, header, sizeof(header), 0);
    bool is_wal = n == WAL_HEADER && (number(header) & ~1U) == 0x377f0682;
    if (is_wal) {
        uint32_t salt[2] = {number(header + 16), number(header + 20)};
        if (!w->known || memcmp(salt, w->salt, sizeof(salt)) != 0) {
            *restarted = w->known;
            *w = (struct lite_wal){
                .known = true, .salt = {salt[0], salt[1]}, .page_bytes = number(header + 8)};
        }
        read_frames(fd, w);
    } else if (n >= 0)
        *w = (struct lite_wal){.complete = true, .page_bytes = NAN}; /* nothing was written into it yet */
    if (fd >= 0)
        close(fd);
    return n >= 0;
}
