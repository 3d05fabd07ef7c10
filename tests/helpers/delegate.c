/* A TFLite external delegate without hardware, to test what loads one.
 *
 * Options: claim=NAME (a custom operator) or claim=CODE (a builtin one) takes those operators over
 * and copies the first bytes of their input to their output; claim=all takes every operator.
 * fail=STAGE refuses in that stage, crash=STAGE reads address 0 there, abort=STAGE gives up,
 * hang=STAGE sleeps; STAGE is create, prepare, invoke or destroy.  log=FILE is appended with the
 * stages and the number of the process, say=TEXT is printed on stdout and stderr.
 *
 * Built with -DCLAIM='"NAME"' it takes that operator over without the option.
 *
 * cc -shared -fPIC -O1 -o libdelegate.so delegate.c
 *
 * The structures are those of tflite/core/c/common.h in LiteRT at commit 01d971c5 (2.x), and the
 * same in TensorFlow 2.14; those passed by value have room behind them for what may be added.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  int size;
  int data[];
} IntArray;

typedef struct {
  int type;
  char *data;
  IntArray *dims;
  struct { float scale; int32_t zero_point; } params;
  int allocation_type;
  size_t bytes;
  const void *allocation;
  const char *name;
  void *delegate;
  int buffer_handle;
  bool data_is_stale, is_variable;
  struct { int type; void *params; } quantization;
  void *sparsity;
  const IntArray *dims_signature;
} Tensor;

typedef struct {
  IntArray *inputs, *outputs;
} Node; /* its first members */

typedef struct Context Context;
typedef struct Delegate Delegate;

typedef struct {
  void *(*init)(Context *, const char *, size_t);
  void (*free)(Context *, void *);
  int (*prepare)(Context *, Node *);
  int (*invoke)(Context *, Node *);
  const char *(*profiling_string)(const Context *, const Node *);
  int32_t builtin_code;
  const char *custom_name;
  int version;
  void *registration_external, *async_kernel;
  uint64_t inplace_operator;
  uint64_t room[8];
} Registration;

struct Context { /* its first members */
  size_t tensors_size;
  int (*GetExecutionPlan)(Context *, IntArray **);
  Tensor *tensors;
  void *impl_;
  void *ResizeTensor;
  void (*ReportError)(Context *, const char *, ...);
  void *AddTensors;
  int (*GetNodeAndRegistration)(Context *, int, Node **, Registration **);
  int (*ReplaceNodeSubsetsWithDelegateKernels)(Context *, Registration, const IntArray *,
                                               Delegate *);
};

struct Delegate {
  void *data_;
  int (*Prepare)(Context *, Delegate *);
  void *CopyFromBufferHandle, *CopyToBufferHandle, *FreeBufferHandle;
  int64_t flags;
  void *opaque_delegate_builder;
  uint64_t room[8];
};

#ifndef CLAIM
#define CLAIM "" /* without the option */
#endif

enum { OK, ERROR };
enum { ALLOW_DYNAMIC_TENSORS = 1 }; /* as libedgetpu has it */

/* Options of the delegate that was created last. */
static char claim[64], failing[16], crashing[16], aborting[16], hanging[16], log_file[512];

static void note(const char *what) {
  FILE *file = *log_file ? fopen(log_file, "a") : NULL;
  if (file) {
    fprintf(file, "%s %d\n", what, (int)getpid());
    fclose(file);
  }
}

/* Whether the stage is to be refused; it may not come back at all. */
static bool refused(const char *stage) {
  note(stage);
  if (!strcmp(crashing, stage)) *(volatile int *)0 = 0;
  if (!strcmp(aborting, stage)) {
    fprintf(stderr, "F driver/fake.c:1] no answer from the device\n");
    abort();
  }
  if (!strcmp(hanging, stage)) sleep(600);
  return !strcmp(failing, stage);
}

static void *kernel_init(Context *context, const char *buffer, size_t length) {
  (void)context, (void)length;
  return (void *)buffer; /* what is not NULL is freed in the end */
}

static int kernel_prepare(Context *context, Node *node) {
  (void)context, (void)node;
  return OK;
}

static int kernel_invoke(Context *context, Node *node) {
  if (refused("invoke")) {
    context->ReportError(context, "the device does not answer");
    return ERROR;
  }
  const Tensor *input = &context->tensors[node->inputs->data[0]];
  const Tensor *output = &context->tensors[node->outputs->data[0]];
  memmove(output->data, input->data, output->bytes < input->bytes ? output->bytes : input->bytes);
  return OK;
}

static void kernel_free(Context *context, void *data) {
  (void)context, (void)data;
  note("free");
}

static bool claims(const Registration *operator) {
  if (!strcmp(claim, "all")) return true;
  if (operator->custom_name) return !strcmp(claim, operator->custom_name);
  return *claim && operator->builtin_code == atoi(claim);
}

static int prepare(Context *context, Delegate *delegate) {
  if (refused("prepare")) {
    context->ReportError(context, "the model needs a newer driver");
    return ERROR;
  }
  IntArray *plan;
  if (context->GetExecutionPlan(context, &plan)) return ERROR;
  IntArray *nodes = calloc(1, sizeof *nodes + sizeof(int) * (size_t)plan->size);
  for (int i = 0; i < plan->size; i++) {
    Node *node;
    Registration *operator;
    if (context->GetNodeAndRegistration(context, plan->data[i], &node, &operator)) return ERROR;
    if (claims(operator)) nodes->data[nodes->size++] = plan->data[i];
  }
  Registration kernel = {
      .init = kernel_init,
      .free = kernel_free,
      .prepare = kernel_prepare,
      .invoke = kernel_invoke,
      .custom_name = "FakeDelegate",
      .version = 1,
  };
  int status = context->ReplaceNodeSubsetsWithDelegateKernels(context, kernel, nodes, delegate);
  free(nodes);
  return status;
}

static void take(char *option, size_t size, const char *value) {
  snprintf(option, size, "%s", value);
}

Delegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values,
                                        size_t count, void (*report_error)(const char *)) {
  take(claim, sizeof claim, CLAIM);
  *failing = *crashing = *aborting = *hanging = *log_file = 0;
  for (size_t i = 0; i < count; i++) {
    if (!strcmp(keys[i], "claim")) take(claim, sizeof claim, values[i]);
    if (!strcmp(keys[i], "fail")) take(failing, sizeof failing, values[i]);
    if (!strcmp(keys[i], "crash")) take(crashing, sizeof crashing, values[i]);
    if (!strcmp(keys[i], "abort")) take(aborting, sizeof aborting, values[i]);
    if (!strcmp(keys[i], "hang")) take(hanging, sizeof hanging, values[i]);
    if (!strcmp(keys[i], "log")) take(log_file, sizeof log_file, values[i]);
    if (!strcmp(keys[i], "say")) {
      printf("%s\n", values[i]);
      fflush(stdout);
      fprintf(stderr, "%s\n", values[i]);
    }
  }
  if (refused("create")) {
    report_error("no device");
    return NULL;
  }
  Delegate *delegate = calloc(1, sizeof *delegate);
  delegate->Prepare = prepare;
  delegate->flags = ALLOW_DYNAMIC_TENSORS;
  return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) {
  refused("destroy");
  free(delegate);
}
