"""`edge-emotion benchmark`: how long model files take on this machine, and in what conditions.

`subjects` are the models; `contest` measures them, each opened and first run in a process of its
own (`fresh`, `child`), then timed in rounds that take turns (`rounds`), and as parts of the whole
frame path (`frame_path`); `energy` is measured where a sensor is; `machine` and `conditions` say
where and when it was.  The file is described in docs/benchmark.md.
"""
