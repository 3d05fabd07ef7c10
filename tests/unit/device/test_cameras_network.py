"""How the address of a network camera is shown."""

import pytest

from edge_emotion_device.cameras.network import without_password


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://door/cam", "rtsp://door/cam"),
        ("rtsp://me:secret@door:554/cam", "rtsp://door:554/cam"),
        ("http://door/cam?user=me&pwd=secret", "http://door/cam?…"),
        (
            "rtsp://10.0.0.9:554/user=admin&password=secret&channel=1&stream=0.sdp?",
            "rtsp://10.0.0.9:554/user=admin&password=…&channel=1&stream=0.sdp",
        ),
        ("rtsp://door/user=admin_password=secret_channel=1", "rtsp://door/user=admin_password=…"),
        ("rtsp://door/PWD=secret/cam", "rtsp://door/PWD=…/cam"),
        ("rtsp://door/pass=secret;user=me", "rtsp://door/pass=…;user=me"),
        ("rtsp://door/Passwd=secret", "rtsp://door/Passwd=…"),
        ("rtsp://door/password%3Dsecret&x=1", "rtsp://door/password%3D…&x=1"),
        ("rtsp://door/password=secret?secret#secret", "rtsp://door/password=…?…#…"),
        ("rtsp://door/password=&x=1", "rtsp://door/password=…&x=1"),
        ("rtsp://door/password/pass", "rtsp://door/password/pass"),
    ],
)
def test_an_address_is_shown_without_its_password(address, shown):
    assert without_password(address) == shown
