/* A V4L2 camera without hardware: a regular file poses as /dev/videoN.
 *
 * LD_PRELOAD this and name the file in FAKE_V4L2; ioctl() on it then answers as a camera's driver.
 * The file is mapped as the four frame buffers.  Beside it, FILE.says holds words that change what
 * the driver does, read at each call:
 *   WIDTHxHEIGHT  PIXELS (such as MJPG)  fps=N   the only format and rate that it offers
 *   busy   another program has the buffers     gone    the cable is pulled: every call fails
 *   hang   no frame comes                      empty   frames come with 0 bytes
 *   codec  a node that does not capture
 *
 * cc -shared -fPIC -O1 -o libv4l2_device.so v4l2_device.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFERS = 4, BUFFER_BYTES = 1 << 20 };

static unsigned width = 640, height = 480, pixels = V4L2_PIX_FMT_YUYV, fps = 30;
static unsigned queued[BUFFERS], first, count, frames;
static char says[256];

static int is_ours(int fd) {
  const char *path = getenv("FAKE_V4L2");
  struct stat ours, its;
  return path && !stat(path, &ours) && !fstat(fd, &its) && S_ISREG(its.st_mode) &&
         ours.st_ino == its.st_ino && ours.st_dev == its.st_dev;
}

static int told(const char *word) { return strstr(says, word) != NULL; }

static void listen_to_test(void) {
  char path[4096], *word, *rest, copy[sizeof says];
  snprintf(path, sizeof path, "%s.says", getenv("FAKE_V4L2"));
  FILE *file = fopen(path, "r");
  memset(says, 0, sizeof says);
  if (!file) return;
  if (!fread(says, 1, sizeof says - 1, file)) says[0] = 0;
  fclose(file);
  strcpy(copy, says);
  for (word = strtok_r(copy, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
    if (sscanf(word, "%ux%u", &width, &height) == 2 || sscanf(word, "fps=%u", &fps) == 1) continue;
    if (strlen(word) == 4 && word[0] < 'a') pixels = v4l2_fourcc(word[0], word[1], word[2], word[3]);
  }
}

static int fail(int number) {
  errno = number;
  return -1;
}

static void describe(struct v4l2_format *format) {
  struct v4l2_pix_format *pix = &format->fmt.pix;
  memset(pix, 0, sizeof *pix);
  pix->width = width;
  pix->height = height;
  pix->pixelformat = pixels;
  pix->field = V4L2_FIELD_NONE;
  pix->bytesperline = pixels == V4L2_PIX_FMT_YUYV ? 2 * width : 0;
  pix->sizeimage = BUFFER_BYTES;
}

/* YUYV of one brightness, or the JPEG in FILE.jpg. */
static unsigned fill(int fd, unsigned index) {
  static unsigned char picture[BUFFER_BYTES];
  unsigned bytes = 0;
  if (told("empty")) return 0;
  if (pixels == V4L2_PIX_FMT_YUYV) {
    for (bytes = 0; bytes < 2 * width * height; bytes += 2) {
      picture[bytes] = 16 + 2 * (frames % 100);
      picture[bytes + 1] = 128;
    }
  } else {
    char path[4096];
    snprintf(path, sizeof path, "%s.jpg", getenv("FAKE_V4L2"));
    FILE *file = fopen(path, "r");
    if (file) bytes = fread(picture, 1, sizeof picture, file), fclose(file);
  }
  return pwrite(fd, picture, bytes, (off_t)index * BUFFER_BYTES) == bytes ? bytes : 0;
}

static int answer(int fd, unsigned call, void *data) {
  struct v4l2_capability *capability = data;
  struct v4l2_streamparm *parameters = data;
  struct v4l2_requestbuffers *request = data;
  struct v4l2_buffer *buffer = data;
  struct v4l2_input *input = data;
  if (told("gone")) return fail(ENODEV);
  switch (call) {
  case (unsigned)VIDIOC_QUERYCAP:
    memset(capability, 0, sizeof *capability);
    strcpy((char *)capability->driver, told("codec") ? "bcm2835-codec" : "uvcvideo");
    strcpy((char *)capability->card, "Stand-in");
    capability->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    capability->capabilities = capability->device_caps | V4L2_CAP_DEVICE_CAPS;
    return 0;
  case (unsigned)VIDIOC_ENUMINPUT:
    return input->index ? fail(EINVAL) : 0;
  case (unsigned)VIDIOC_G_INPUT:
    *(int *)data = 0;
    return 0;
  case (unsigned)VIDIOC_S_INPUT:
    return 0;
  case (unsigned)VIDIOC_S_FMT:
    if (told("busy")) return fail(EBUSY); /* fall through */
  case (unsigned)VIDIOC_G_FMT:
  case (unsigned)VIDIOC_TRY_FMT:
    describe(data);
    return 0;
  case (unsigned)VIDIOC_G_PARM:
  case (unsigned)VIDIOC_S_PARM:
    parameters->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    parameters->parm.capture.timeperframe = (struct v4l2_fract){1, fps};
    return 0;
  case (unsigned)VIDIOC_REQBUFS:
    if (told("busy")) return fail(EBUSY);
    if (request->count > BUFFERS) request->count = BUFFERS;
    first = count = 0;
    return ftruncate(fd, (off_t)BUFFERS * BUFFER_BYTES);
  case (unsigned)VIDIOC_QUERYBUF:
    buffer->length = BUFFER_BYTES;
    buffer->m.offset = buffer->index * BUFFER_BYTES;
    return 0;
  case (unsigned)VIDIOC_QBUF:
    queued[(first + count++) % BUFFERS] = buffer->index;
    return 0;
  case (unsigned)VIDIOC_DQBUF:
    while (told("hang")) {
      usleep(20000);
      listen_to_test();
    }
    if (!count) return fail(EAGAIN);
    usleep(1000000 / fps);
    buffer->index = queued[first++ % BUFFERS];
    count--;
    frames++;
    buffer->bytesused = fill(fd, buffer->index);
    buffer->length = BUFFER_BYTES;
    return 0;
  case (unsigned)VIDIOC_STREAMON:
  case (unsigned)VIDIOC_STREAMOFF:
    return 0;
  }
  return fail(EINVAL); /* controls and what else a simple camera has not */
}

int ioctl(int fd, unsigned long call, ...) {
  static int (*real)(int, unsigned long, ...);
  va_list list;
  va_start(list, call);
  void *data = va_arg(list, void *);
  va_end(list);
  if (!real) real = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
  if (((call >> 8) & 0xff) != 'V' || !is_ours(fd)) return real(fd, call, data);
  listen_to_test();
  return answer(fd, (unsigned)call, data);
}
