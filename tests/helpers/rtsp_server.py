"""An RTSP camera: GStreamer's server.  This file is a program for the system's Python.

/usr/bin/python3 rtsp_server.py PORT [PICTURES FPS]

It shows a ball that flies about, or pictures (folder/%04d.jpg) round and round.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

BALL = (
    "videotestsrc is-live=true pattern=ball ! "
    "video/x-raw,format=I420,width=320,height=240,framerate=15/1"
)
PICTURES = (
    "multifilesrc location={} loop=true caps=image/jpeg,framerate={}/1 ! jpegdec ! videoconvert ! "
    "video/x-raw,format=I420"
)
ENCODED = (
    "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! "
    "rtph264pay name=pay0 pt=96 config-interval=1"
)


def serve(port: str, *pictures: str) -> None:
    """Serve rtsp://127.0.0.1:PORT/cam."""
    shown = PICTURES.format(*pictures) if pictures else BALL
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {shown} ! {ENCODED} )")
    factory.set_shared(True)
    server.get_mount_points().add_factory("/cam", factory)
    if not server.attach(None):
        raise SystemExit(f"port {port} is taken")
    print("serving", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(*sys.argv[1:])
