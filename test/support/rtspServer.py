# An RTSP server of a test (GStreamer's): sends an FLV stream, which it takes over HTTP, to whoever plays /live/PATH.
# It tells its port on stdout.
import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtspServer

options = json.loads(sys.argv[1])
Gst.init(None)

server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(str(options["port"]))

# Every n-th packet of the video is lost on the way: a payloader's packets are dropped behind it.
loss = f'! identity drop-probability={options["loss"]} name=pay0' if options.get("loss") else ""
name = "" if loss else "name=pay0"
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    f'( souphttpsrc location={options["feed"]} is-live=true do-timestamp=true ! flvdemux name=d '
    f"d.video ! queue ! h264parse ! video/x-h264,alignment=au ! rtph264pay {name} pt=96 config-interval=1 {loss} "
    "d.audio ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97 )"
)
factory.set_shared(True)

if "user" in options or "certificate" in options:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)
    if "user" in options:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options["user"], options["password"]), token)
    else:
        auth.set_default_token(token)
    if "certificate" in options:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(options["certificate"]))
    server.set_auth(auth)

server.get_mount_points().add_factory(f'/live/{options["path"]}', factory)
if server.attach(None) == 0:
    sys.exit("the port is taken")
print("ready", flush=True)
GLib.MainLoop().run()
